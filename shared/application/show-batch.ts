import type { Batch } from '../domain/batch.ts';
import type { MailDelivery, MailRecord } from '../domain/mail-record.ts';
import type { BatchConsistency } from '../domain/report/batch-numbers.ts';
import { summariseBatch, type BatchSummary } from './batch-view.ts';
import type { Services } from './services.ts';

/** A batch's numbers, and what its file, its prerequisites and its mails have to say. */
export interface BatchDetails {
  readonly batch: BatchSummary;
  readonly percentComplete: number;
  readonly consistency: BatchConsistency;
  readonly findings: {
    readonly errorCode: string | null;
    readonly file: Batch['fileFindings'];
    readonly checks: Batch['checks'];
    readonly mails: readonly (Pick<MailRecord, 'kind' | 'outcome' | 'detail'> & {
      /** What became of it after the mail service took it; null where nothing was heard. */
      readonly delivery: MailDelivery | null;
    })[];
  };
}

/** undefined: there is no batch of this name. */
export async function showBatch(
  services: Pick<Services, 'store' | 'objects'>,
  request: { readonly batch: string },
): Promise<BatchDetails | undefined> {
  const batch = await services.store.getBatch(request.batch);
  if (batch === undefined) return undefined;
  const { summary, percentComplete, consistency } = await summariseBatch(services, batch);
  const mails = await services.store.mailsOf(batch.name);
  return {
    batch: summary,
    ...{ percentComplete, consistency },
    findings: {
      errorCode: batch.errorCode,
      file: batch.fileFindings,
      checks: batch.checks,
      mails: mails.map(({ kind, outcome, detail, delivery = null }) => ({ kind, outcome, detail, delivery })),
    },
  };
}
