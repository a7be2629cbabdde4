import type { AuditEntry } from '../audit.ts';
import type { Column } from './csv.ts';

export const auditColumns: readonly Column<AuditEntry>[] = [
  { name: 'Batch', doc: 'Name of the batch.', value: (entry) => entry.batch },
  { name: 'At', doc: 'When.', value: (entry) => entry.at },
  {
    name: 'Who',
    doc: 'User of the operating system, IAM principal, or `stagecoach` for what the service does by itself.',
    value: (entry) => entry.who,
  },
  { name: 'Verb', doc: 'What was asked for, as the command line names it.', value: (entry) => entry.verb },
  { name: 'Outcome', doc: '`done` or `refused`.', value: (entry) => entry.outcome },
  {
    name: 'MailboxCount',
    doc: 'How many mailboxes it was about; 0: the whole batch.',
    value: (entry) => entry.mailboxCount,
  },
  {
    name: 'Mailboxes',
    doc: 'The first hundred of them, by address in lower case, separated by spaces.',
    value: (entry) => entry.mailboxes.join(' '),
  },
  { name: 'Detail', doc: 'Options, overrides, codes; no password.', value: (entry) => entry.detail },
  { name: 'Why', doc: 'The words of whoever approved, waived or overrode.', value: (entry) => entry.why },
  { name: 'Id', doc: 'Unique within the batch.', value: (entry) => entry.id },
];
