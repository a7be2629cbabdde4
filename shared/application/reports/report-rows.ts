import type { Batch } from '../../domain/batch.ts';
import type { MailboxJob } from '../../domain/mailbox-job.ts';
import { activeColumns, activeRow } from '../../domain/report/active-mailboxes.ts';
import { csvHeader, csvLine } from '../../domain/report/csv.ts';
import { hasMoved } from '../../domain/report/job-problem.ts';
import type { ItemLine } from '../../domain/report/mailbox-report.ts';
import { errorColumns, errorRow } from '../../domain/report/migration-errors.ts';
import { statisticsColumns, statisticsRow } from '../../domain/report/migration-statistics.ts';
import type { ReportFileName } from '../../domain/report/report-files.ts';
import { skippedColumns } from '../../domain/report/skipped-items.ts';
import {
  hadLaterPass,
  syncErrorColumns,
  syncErrorItemRow,
  syncErrorRow,
} from '../../domain/report/synchronisation-errors.ts';
import {
  differenceColumns,
  folderColumns,
  verificationEntry,
  verificationHead,
  verificationTail,
} from '../../domain/report/verification-report.ts';
import type { MailboxEvidence } from './mailbox-evidence.ts';
import type { ReportFrame } from './part-writer.ts';

/** What a report must know of its batch. */
export interface ReportAbout {
  readonly batch: Pick<Batch, 'type' | 'passStartedAt'>;
  /** Nobody works for the batch any more. */
  readonly ended: boolean;
}

/** Reports that are made from the jobs, one after the other; the other two have files of their own beside this. */
export type JobReport = Exclude<ReportFileName, 'failed-rows' | 'audit'>;

/** How a report is made from the jobs of a batch, one mailbox after the other. */
export interface ReportRecipe {
  /** Objects of the copy engine that it needs beside the jobs. */
  readonly needs: { readonly verification: boolean; readonly items: boolean };
  readonly frame: (about: { readonly batch: string; readonly writtenAt: string }) => ReportFrame;
  /** The rows of one mailbox, as they stand in the file. */
  readonly rows: (evidence: MailboxEvidence, about: ReportAbout) => Iterable<string>;
  /** The row of an item that was not plainly copied, after those of its mailbox; null where the report has none. */
  readonly itemRow?: (job: MailboxJob, item: ItemLine, about: ReportAbout) => string | null;
}

const jobsAlone = { verification: false, items: false };
const csvFrame = (head: string) => (): ReportFrame => ({ head, separator: '', tail: '' });

export const reportRecipes: Record<JobReport, ReportRecipe> = {
  statistics: {
    needs: jobsAlone,
    frame: csvFrame(csvHeader(statisticsColumns)),
    rows: ({ job }) => {
      const row = statisticsRow(job);
      return row === null ? [] : [csvLine(statisticsColumns, row)];
    },
  },
  errors: {
    needs: jobsAlone,
    frame: csvFrame(csvHeader(errorColumns)),
    rows: ({ job }, { batch, ended }) => {
      const row = errorRow(job, { type: batch.type, ended });
      return row === null ? [] : [csvLine(errorColumns, row)];
    },
  },
  active: {
    needs: jobsAlone,
    frame: csvFrame(csvHeader(activeColumns)),
    rows: ({ job }) => {
      const row = activeRow(job);
      return row === null ? [] : [csvLine(activeColumns, row)];
    },
  },
  'sync-errors': {
    needs: { verification: false, items: true },
    frame: csvFrame(csvHeader(syncErrorColumns)),
    rows: ({ job }) => {
      const row = syncErrorRow(job);
      return row === null ? [] : [csvLine(syncErrorColumns, row)];
    },
    itemRow: (job, item, { batch }) => {
      const row = hadLaterPass(job, batch) ? syncErrorItemRow(job, item) : null;
      return row === null ? null : csvLine(syncErrorColumns, row);
    },
  },
  skipped: {
    needs: { verification: false, items: true },
    frame: csvFrame(csvHeader(skippedColumns)),
    rows: () => [],
    itemRow: (job, item) => csvLine(skippedColumns, { job, item }),
  },
  verification: {
    needs: { verification: true, items: false },
    frame: (about) => ({ head: verificationHead(about), separator: ',\n', tail: verificationTail }),
    rows: ({ job, verification }) =>
      verification === null && !hasMoved(job) ? [] : [verificationEntry({ job, verification })],
  },
  verificationFolders: {
    needs: { verification: true, items: false },
    frame: csvFrame(csvHeader(folderColumns)),
    rows: function* ({ job, verification }) {
      for (const folder of verification?.folders ?? []) yield csvLine(folderColumns, { job, folder });
    },
  },
  verificationDifferences: {
    needs: { verification: true, items: false },
    frame: csvFrame(csvHeader(differenceColumns)),
    rows: function* ({ job, verification }) {
      for (const difference of verification?.differences ?? []) yield csvLine(differenceColumns, { job, difference });
    },
  },
};
