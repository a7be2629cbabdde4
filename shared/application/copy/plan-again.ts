import { MailboxBlockedError } from '../../domain/errors.ts';
import type { ItemCounts } from '../../domain/mailbox-job.ts';
import type { LedgerHead } from '../../domain/pair.ts';
import type { CopyContext } from './copy-context.ts';
import { beforePlanning, mostReplans } from './pass-start.ts';

/**
 * Has the pass planned anew. A server whose folders never hold still must not keep us busy for ever: MailboxBlockedError
 * FOLDER_CHANGED. `index`: what the pass has settled by now, where it has settled something.
 */
export async function planAgain(
  { lease, services }: CopyContext,
  { counters, index }: { readonly counters: ItemCounts; readonly index?: LedgerHead },
): Promise<void> {
  const replans = (lease.pass.replans ?? 0) + 1;
  const enough = replans > mostReplans;
  services.log.info('Folders changed while they were copied: the pass is planned anew', { replans });
  await lease.update({
    ...(index === undefined ? {} : { index, ledgerHead: null }),
    pass: { ...beforePlanning(counters), replans: enough ? 0 : replans },
  });
  if (!enough) return;
  const message = `Folders were renamed, deleted or made anew while they were copied, ${String(mostReplans + 1)} times in one pass.`;
  throw new MailboxBlockedError({ code: 'FOLDER_CHANGED', message });
}
