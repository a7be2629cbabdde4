import type { BatchNumbers } from '../batch-numbers.ts';
import type { MailContent } from './mail-content.ts';
import { counted } from './numbers-in-words.ts';
import { passBlocks, paragraphs, shareOf, titled, type StatusMail } from './status-mail.ts';

export interface FinishedMail extends StatusMail {
  /** Where the pass leaves the batch. */
  readonly outcome: 'Synced' | 'SyncedWithErrors' | 'Failed';
  /** The same in a sentence, as the batch has it. */
  readonly reason: string;
}

const endings = {
  Synced: { mood: 'good', words: 'has finished' },
  SyncedWithErrors: { mood: 'warning', words: 'has finished - with errors' },
  Failed: { mood: 'bad', words: 'has finished - no mailbox was migrated' },
} as const;

/** The mail *finished*: the batch is Synced or SyncedWithErrors, or none of its mailboxes could be migrated. */
export function finishedMail(about: FinishedMail): MailContent {
  const { batch, outcome } = about;
  return {
    ...titled(batch.name, endings[outcome].words, endings[outcome].mood),
    lead: lead(about),
    blocks: [...passBlocks(about, 'Finished'), paragraphs('What to do next', ...nextSteps(about))],
  };
}

function lead({ numbers, reason }: FinishedMail): string {
  const { total, skipped } = numbers.counts;
  if (total === 0) return 'The batch has no mailboxes.';
  // Nothing was tried: the sentence names the batches that hold the mailboxes.
  if (skipped === total) return reason;
  if (total === 1) return leadOfOne(numbers);
  const { moved, green, withProblems } = numbers;
  if (green === total) return `All ${String(total)} mailboxes are synchronised, and every message is accounted for.`;
  return `${shareOf(moved, total)} synchronised; ${counted(withProblems, 'mailbox needs', 'mailboxes need')} a look.`;
}

function leadOfOne({ moved, green }: BatchNumbers): string {
  if (green === 1) return 'The mailbox is synchronised, and every message is accounted for.';
  return moved === 1 ? 'The mailbox is synchronised, but needs a look.' : 'The mailbox is not synchronised.';
}

function nextSteps({ batch, outcome, numbers }: FinishedMail): readonly string[] {
  const { name, type } = batch;
  const { total, skipped } = numbers.counts;
  if (total > 0 && skipped === total)
    return [
      `Complete or remove the batches that hold the mailboxes, then upload FailedRows.csv under the name ${name}; or remove this batch. Nothing is copied twice either way.`,
    ];
  const again = `Correct the rows in question and upload the CSV again under the name ${name} (FailedRows.csv has them with their reasons), or try them again as they are with \`stagecoach batch retry ${name}\`: they go on where they stood, the others are left alone.`;
  const newMail =
    type === 'staged'
      ? `New mail is forwarded to the new mailboxes. \`stagecoach batch complete ${name}\` fetches what came before the forwarding was set.`
      : `New mail still arrives at the old mailboxes until the MX record points to the new ones. The service fetches what has come since every 24 hours, and at once with \`stagecoach batch sync ${name}\`; nothing is copied twice. When everybody has moved, \`stagecoach batch complete ${name}\` makes the final pass.`;
  return outcome === 'Synced' ? [newMail] : [again, newMail];
}
