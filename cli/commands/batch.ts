import { z } from 'zod';
import { MailboxView } from '../../shared/contract/mailbox-view.ts';
import { CommandError } from '../../shared/contract/problem.ts';
import { JobStatus } from '../../shared/domain/mailbox-job.ts';
import { exitCodeOf, printBatch } from '../batch-summary.ts';
import { watchUntilRest } from '../watch-until-rest.ts';
import { formatBytes, printJson, printLines, table } from '../print.ts';
import type { CommonOptions } from '../flags.ts';
import { withAccess } from '../service-access.ts';

export async function listBatches(options: CommonOptions): Promise<void> {
  const batches = await withAccess({ options, command: 'batch list' }, ({ operations }) => operations.listBatches({}));
  if (options.json === true) printJson(batches);
  else {
    const rows = batches.map(({ name, endpoint, status, counts, createdAt, startedBy }) => [
      name,
      endpoint,
      status,
      `${String(counts.synced + counts.completed)}/${String(counts.total)}`,
      String(counts.failed),
      createdAt,
      startedBy,
    ]);
    printLines(table([['NAME', 'ENDPOINT', 'STATUS', 'SYNCED', 'FAILED', 'CREATED', 'BY'], ...rows]));
  }
}

export async function showBatch(name: string, options: CommonOptions): Promise<void> {
  const detail = await withAccess({ options, command: 'batch show' }, ({ operations }) =>
    operations.showBatch({ name }),
  );
  printBatch(detail, options);
}

export async function listUsers(name: string, options: CommonOptions & { readonly status?: string }): Promise<void> {
  const status = options.status === undefined ? undefined : JobStatus.safeParse(options.status);
  if (status?.success === false) throw CommandError.usage(`The statuses are ${JobStatus.options.join(', ')}.`);
  const mailboxes = await withAccess({ options, command: 'batch users' }, ({ operations }) =>
    operations.listMailboxes({ name, ...(status === undefined ? {} : { status: status.data }) }),
  );
  // The contract's document; the score stands in MigrationStatistics.csv, too.
  if (options.json === true) printJson(mailboxes.map((mailbox) => z.object(MailboxView.shape).parse(mailbox)));
  else {
    const rows = mailboxes.map((one) => [
      String(one.row),
      one.mailbox,
      one.status,
      `${String(one.percentComplete)} %`,
      String(one.items.copied),
      formatBytes(one.items.bytes),
      one.score ?? '',
      one.error === null ? (one.reason ?? '') : `${one.error.code}: ${one.error.message}`,
    ]);
    printLines(table([['ROW', 'MAILBOX', 'STATUS', 'DONE', 'ITEMS', 'SIZE', 'SCORE', 'WHY'], ...rows]));
  }
}

/** Looks on until the batch rests; ends with the exit code that the batch ended with. */
export async function watchBatch(name: string, options: CommonOptions): Promise<void> {
  const detail = await withAccess({ options, command: 'batch watch' }, (access) =>
    // Nobody works on a batch whose data folder this process could open: there is nothing to wait for.
    access.by === 'this-process' ? access.operations.showBatch({ name }) : watchUntilRest(access, name),
  );
  printBatch(detail, options);
  process.exitCode = exitCodeOf(detail);
}
