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
          ...(preparation.forwarded === 0 ? [] : [['New mail goes there', String(preparation.forwarded)] as const]),
        ],
      },
      ...forwardingBlocks(preparation, batch.name),
      ...pendingBlocks(preparation),
      ...noteBlocks(preparation),
      ...problemBlocks(numbers),
      ...reportBlocks(about.files),
      paragraphs(
        'What to do next',
        'Tell the users (docs/user-mails has texts): they may start in the new mailbox now, and their older mail follows, the newest first.',
        'Outlook needs a new profile once the old mailbox has been converted (`stagecoach batch convert`, after the batch is completed); until then Outlook on the web and phones reach the new mailbox.',
        'Another mail comes when everything is copied.',
      ),
    ],
  };
}

/** Where new mail goes now, and what it replaced: nobody should have to find that out later. */
function forwardingBlocks({ forwarded, replaced }: Preparation, batch: string): readonly MailBlock[] {
  if (forwarded === 0) return [];
  const people = counted(forwarded, 'person', 'people');
  const old =
    replaced.length === 0
      ? 'None of them forwarded anywhere before.'
      : `Before, these forwarded elsewhere, which a roll-back (\`stagecoach batch stop ${batch} --rollback\`) puts back: ${replaced.join(', ')}.`;
  return [paragraphs('New mail', `New mail of ${people} goes to the new mailboxes from now on.`, old)];
}

function noteBlocks({ notes }: Preparation): readonly MailBlock[] {
  return notes.length === 0 ? [] : [paragraphs('To be looked at', ...notes)];
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
