import type { ErrorCode } from '../../error-catalogue.ts';
import type { BatchNumbers } from '../batch-numbers.ts';
import { newMailOf } from '../new-mail.ts';
import type { MailContent } from './mail-content.ts';
import { counted } from './numbers-in-words.ts';
import {
  batchBlock,
  consistencyBlocks,
  mailboxBlock,
  messageBlock,
  paragraphs,
  problemBlocks,
  reportBlocks,
  titled,
  type StatusMail,
} from './status-mail.ts';

/** What a stop does to whoever is not through is no problem to be mended. */
const cutOff: readonly string[] = ['MAILBOX_STOPPED', 'MAILBOX_NOT_STARTED'] satisfies readonly ErrorCode[];

/** The mail *stopped*: how far the batch had come, and where everybody's new mail goes now. */
export function stoppedMail(about: StatusMail): MailContent {
  const { batch, numbers } = about;
  return {
    ...titled(batch.name, 'has been stopped', 'warning'),
    lead: lead(numbers),
    blocks: [
      batchBlock(about, 'Stopped'),
      ...(batch.reason === null ? [] : [paragraphs('Why', batch.reason)]),
      mailboxBlock(numbers),
      messageBlock(numbers),
      ...consistencyBlocks(numbers),
      ...problemBlocks({ problems: numbers.problems.filter(({ code }) => !cutOff.includes(code)) }),
      paragraphs(
        'Where new mail goes now',
        newMailOf(batch.type),
        'MigrationErrors.csv says it for each mailbox that is not migrated.',
      ),
      ...reportBlocks(about.files),
      paragraphs(
        'What to do next',
        `MigrationStatistics.csv lists the mailboxes that were migrated before, MigrationErrors.csv those in progress and those that were still waiting. \`stagecoach batch resume ${batch.name}\` goes on where each of them stood; nothing is copied twice.`,
      ),
    ],
  };
}

function lead({ counts, moved, unfinished }: BatchNumbers): string {
  const share = `${String(moved)} of ${counted(counts.total, 'mailbox', 'mailboxes')}`;
  const before = `${share} ${moved === 1 ? 'was' : 'were'} migrated before the batch was stopped`;
  const { inProgress, waiting } = unfinished;
  if (inProgress + waiting === 0) return `${before}.`;
  return `${before}; ${counted(inProgress, 'mailbox was', 'mailboxes were')} in progress, ${counted(waiting, 'mailbox was', 'mailboxes were')} still waiting.`;
}
