import type { MailContent } from './mail-content.ts';
import { counted } from './numbers-in-words.ts';
import { passBlocks, paragraphs, titled, type StatusMail } from './status-mail.ts';

export interface CompletedMail extends StatusMail {
  /** Where the final pass leaves the batch; SyncedWithErrors: errors are left, and nobody said to ignore them. */
  readonly outcome: 'Completed' | 'CompletedWithErrors' | 'SyncedWithErrors';
  /** The same in a sentence, as the batch has it. */
  readonly reason: string;
}

const endings = {
  Completed: { mood: 'good', words: 'has been completed' },
  CompletedWithErrors: { mood: 'warning', words: 'has been completed - with errors' },
  SyncedWithErrors: { mood: 'bad', words: 'has not been completed - errors are left' },
} as const;

/** The mail *completed*: what came of the final pass, with the errors report. */
export function completedMail(about: CompletedMail): MailContent {
  const { batch, outcome } = about;
  return {
    ...titled(batch.name, endings[outcome].words, endings[outcome].mood),
    lead: lead(about),
    blocks: [
      ...passBlocks(about, outcome === 'SyncedWithErrors' ? 'Final pass ended' : 'Completed'),
      paragraphs('What to do next', ...nextSteps(about)),
    ],
  };
}

function lead({ numbers, outcome, reason }: CompletedMail): string {
  if (outcome !== 'Completed') return reason;
  const { moved, green } = numbers;
  const mailboxes = counted(moved, 'mailbox has', 'mailboxes have');
  if (green === moved) return `${mailboxes} had the final pass, and every message is accounted for.`;
  return `${mailboxes} had the final pass; what ${counted(moved - green, 'mailbox lacks', 'mailboxes lack')} was approved.`;
}

function nextSteps({ batch, outcome }: CompletedMail): readonly string[] {
  const { name } = batch;
  if (outcome === 'SyncedWithErrors')
    return [
      `The batch goes on as it was, with an incremental pass every 24 hours. Mend what MigrationErrors.csv names and try it again with \`stagecoach batch retry ${name}\`, approve what may be missing with \`stagecoach batch approve ${name}\`, or complete it all the same with \`stagecoach batch complete ${name} --ignore-errors\`.`,
    ];
  return [
    'The batch is not synchronised any more: what still arrives at an old mailbox stays there. See that the MX record points to the new service.',
    `Keep the reports. \`stagecoach batch remove ${name}\` deletes the work data and the sealed passwords, and keeps the reports for the time set.`,
  ];
}
