import { catalogueEntry } from '../job-problem.ts';
import type { MailBlock, MailContent } from './mail-content.ts';
import { counted } from './numbers-in-words.ts';
import { batchBlock, mailboxBlock, paragraphs, remedyOf, titled, type StatusMail } from './status-mail.ts';

/** The mail *paused*: the one cause that stopped everybody, and its fix, instead of a row for each mailbox. */
export function pausedMail(about: StatusMail): MailContent {
  const { batch, numbers } = about;
  const { moved } = numbers;
  return {
    ...titled(batch.name, 'has been paused', 'bad'),
    lead: `One cause stops every mailbox, so the others were not tried. ${moved === 0 ? 'No mailbox was migrated' : counted(moved, 'mailbox was', 'mailboxes were') + ' migrated before'}; the batch waits for you.`,
    blocks: [
      causeBlock(about),
      batchBlock(about, 'Paused'),
      mailboxBlock(numbers),
      paragraphs(
        'What to do next',
        `Mend the cause, see with \`stagecoach endpoint test ${batch.endpoint}\` that it is gone, then \`stagecoach batch resume ${batch.name}\`: the mailboxes that are not through go on, those that failed with it included.`,
      ),
    ],
  };
}

function causeBlock({ batch, numbers }: StatusMail): MailBlock {
  const code = batch.errorCode ?? 'UNEXPECTED';
  const entry = catalogueEntry(code);
  const struck = numbers.problems.find((problem) => problem.code === code);
  // The batch's own sentence ends with what the first mailbox was told.
  const message = struck?.message ?? batch.reason ?? entry.text;
  return {
    kind: 'problems',
    heading: 'The cause',
    problems: [
      {
        title: entry.text,
        details: [
          ...(message === entry.text ? [] : [['Message', message] as const]),
          ...(struck === undefined
            ? []
            : [['Failed with it', counted(struck.mailboxes, 'mailbox', 'mailboxes')] as const]),
          ...remedyOf(code),
        ],
      },
    ],
  };
}
