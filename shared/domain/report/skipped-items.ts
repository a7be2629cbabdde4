import type { MailboxJob } from '../mailbox-job.ts';
import type { Column } from './csv.ts';
import { catalogueEntry } from './job-problem.ts';
import type { ItemLine } from './mailbox-report.ts';

export interface SkippedItem {
  readonly job: Pick<MailboxJob, 'batch' | 'mailbox'>;
  readonly item: ItemLine;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** `17-Jul-1996 02:44:25 -0700` (RFC 9051 date-time) as ISO 8601 with its zone; anything else stays as it is. */
function isoDate(internalDate: string): string {
  const match = /^ ?(\d{1,2})-([a-z]{3})-(\d{4}) (\d{2}:\d{2}:\d{2}) ([+-]\d{2})(\d{2})$/i.exec(internalDate);
  if (match === null) return internalDate;
  const [, day = '', month = '', year = '', time = '', hours = '', minutes = ''] = match;
  const number = months.indexOf(month.toLowerCase()) + 1;
  if (number === 0) return internalDate;
  return `${year}-${String(number).padStart(2, '0')}-${day.padStart(2, '0')}T${time}${hours}:${minutes}`;
}

export const skippedColumns: readonly Column<SkippedItem>[] = [
  { name: 'Batch', doc: 'Name of the batch.', value: ({ job }) => job.batch },
  { name: 'EmailAddress', doc: 'EmailAddress as written in the CSV.', value: ({ job }) => job.mailbox },
  { name: 'Folder', doc: 'Folder at the source, its levels joined by `/`.', value: ({ item }) => item.folder },
  { name: 'Uid', doc: 'UID of the message in that folder.', value: ({ item }) => item.uid },
  { name: 'SizeBytes', doc: 'Octets, as the source claims.', value: ({ item }) => item.size },
  {
    name: 'Received',
    doc: 'Date received (INTERNALDATE), ISO 8601 with the zone the server gave.',
    value: ({ item }) => isoDate(item.internalDate),
  },
  {
    name: 'Outcome',
    doc: '`skipped`, `failed`, `doubtful`, `vanished`, `twin` (a second copy at the target, to be removed by hand), or `partial` (copied, but not all of it).',
    value: ({ item }) => item.outcome,
  },
  { name: 'ReasonCode', doc: 'Code of the [error catalogue](errors.md).', value: ({ item }) => item.code },
  {
    name: 'Reason',
    doc: 'Why, in words.',
    value: ({ item }) => (item.text === '' ? catalogueEntry(item.code).text : item.text),
  },
];
