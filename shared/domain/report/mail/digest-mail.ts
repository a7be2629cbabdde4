import type { WaitingMailboxes } from '../waiting-mailboxes.ts';
import type { MailBlock, MailContent } from './mail-content.ts';
import { bytesInWords, counted } from './numbers-in-words.ts';
import {
  batchBlock,
  consistencyBlocks,
  mailboxBlock,
  messageBlock,
  paragraphs,
  problemBlocks,
  titled,
  type StatusMail,
} from './status-mail.ts';

export interface DigestMail extends StatusMail {
  readonly waiting: WaitingMailboxes;
}

/** The mail *digest*: how far a batch is that takes longer than reportInterval, and what does not move, and why. */
export function digestMail(about: DigestMail): MailContent {
  const { batch, numbers, waiting } = about;
  const { stalled } = waiting;
  return {
    ...titled(batch.name, words(about), stalled.mailboxes > 0 || numbers.withProblems > 0 ? 'warning' : 'good'),
    lead: lead(about),
    blocks: [
      batchBlock(about, 'As of'),
      {
        kind: 'facts',
        heading: 'Progress',
        facts: [
          ['Done', `${String(numbers.percentComplete)} %`],
          ['Migrated', `${String(numbers.moved)} of ${counted(numbers.counts.total, 'mailbox', 'mailboxes')}`],
          ['Sent so far', bytesInWords(numbers.bytesTransferred)],
        ],
      },
      mailboxBlock(numbers),
      messageBlock(numbers),
      ...consistencyBlocks(numbers),
      ...waitingBlocks(waiting),
      ...problemBlocks(numbers),
      paragraphs(
        'Look closer',
        `\`stagecoach batch show ${batch.name}\` and \`stagecoach batch users ${batch.name}\` have the present state. This mail comes while the batch is at work; the option reportInterval sets how often, and 0 switches it off.`,
      ),
    ],
  };
}

function words({ batch, numbers }: DigestMail): string {
  if (batch.status === 'Waiting') return 'is waiting to start';
  return batch.status === 'Paused' ? 'is still paused' : `is at ${String(numbers.percentComplete)} %`;
}

function lead({ batch, numbers, waiting }: DigestMail): string {
  if (batch.status === 'Waiting' || batch.status === 'Paused') return batch.reason ?? `The batch is ${batch.status}.`;
  const { moved, counts, withProblems } = numbers;
  const sentences = [
    `${String(moved)} of ${counted(counts.total, 'mailbox', 'mailboxes')} migrated, ${String(counts.active)} in progress, ${String(counts.queued)} waiting.`,
    withProblems === 0 ? '' : `${counted(withProblems, 'mailbox needs', 'mailboxes need')} a look.`,
    waiting.stalled.mailboxes === 0
      ? ''
      : `${counted(waiting.stalled.mailboxes, 'mailbox has', 'mailboxes have')} not moved for hours.`,
  ];
  return sentences.filter((sentence) => sentence !== '').join(' ');
}

function waitingBlocks({ groups, stalled }: WaitingMailboxes): readonly MailBlock[] {
  const shown = (mailboxes: number, examples: readonly string[]): string => {
    const more = mailboxes - examples.length;
    return more > 0 ? `${examples.join(', ')} and ${String(more)} more` : examples.join(', ');
  };
  const problems = groups.map(({ reason, mailboxes, examples }) => ({
    title: `${counted(mailboxes, 'mailbox', 'mailboxes')}: ${reason}`,
    details: [['Mailboxes', shown(mailboxes, examples)]] as const,
  }));
  return [
    ...(problems.length === 0 ? [] : [{ kind: 'problems', heading: 'What waits, and why', problems } as const]),
    ...(stalled.mailboxes === 0
      ? []
      : [paragraphs('No progress for hours', shown(stalled.mailboxes, stalled.examples))]),
  ];
}
