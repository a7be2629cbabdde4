import type { Preparation } from '../preparation.ts';
import type { MailBlock, MailContent } from './mail-content.ts';
import { counted } from './numbers-in-words.ts';
import { batchBlock, paragraphs, problemBlocks, reportBlocks, titled, type StatusMail } from './status-mail.ts';

export interface PreparedMail extends StatusMail {
  readonly preparation: Preparation;
}

/** The mail *prepared*: the mailboxes are there and new mail goes to them, before the old mail is. */
export function preparedMail(about: PreparedMail): MailContent {
  const { batch, numbers, preparation } = about;
  const { prepared, pending, failed } = preparation;
  const isClean = failed === 0 && pending.mailboxes === 0;
  return {
    ...titled(batch.name, isClean ? 'is prepared' : 'is prepared - with exceptions', isClean ? 'good' : 'warning'),
    lead: `${counted(prepared, 'mailbox is', 'mailboxes are')} ready: users may work in the new mailbox from now on, and their old mail arrives in it, the newest first.`,
    blocks: [
      batchBlock(about, 'Prepared'),
      {
        kind: 'facts',
        heading: 'Mailboxes',
        facts: [
          ['Total', String(numbers.counts.total)],
          ['Prepared', String(prepared)],
          ['Could not be prepared', String(failed)],
          ['Still pending', String(pending.mailboxes)],
        ],
      },
      ...pendingBlocks(preparation),
      ...problemBlocks(numbers),
      ...reportBlocks(about.files),
      paragraphs(
        'What to do next',
        'Tell the users (docs/user-mails has texts). Another mail comes when everything is copied.',
      ),
    ],
  };
}

function pendingBlocks({ pending }: Preparation): readonly MailBlock[] {
  if (pending.mailboxes === 0) return [];
  const more = pending.mailboxes - pending.examples.length;
  const names = pending.examples.join(', ');
  return [
    paragraphs(
      'Still pending',
      `${more > 0 ? `${names} and ${String(more)} more` : names}: the target has not made the mailbox yet. They go on by themselves as soon as it has.`,
    ),
  ];
}
