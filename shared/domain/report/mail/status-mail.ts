import type { Batch } from '../../batch.ts';
import { ConsistencyScore } from '../../consistency-score.ts';
import type { BatchNumbers, ProblemGroup } from '../batch-numbers.ts';
import { catalogueEntry } from '../job-problem.ts';
import { actorNames } from '../migration-errors.ts';
import { secondsBetween } from '../migration-statistics.ts';
import type { MailBlock, MailContent, MailFile, MailProblem } from './mail-content.ts';
import { bytesInWords, counted, durationInWords, timeInWords } from './numbers-in-words.ts';

/** What every mail about the state of a batch is made from. */
export interface StatusMail {
  readonly batch: Batch;
  readonly numbers: BatchNumbers;
  /** When the mail is written. */
  readonly at: string;
  /** Zone of the times. */
  readonly timeZone: string;
  readonly files: readonly MailFile[];
}

type Facts = readonly (readonly [string, string])[];

/** As many as fit on a phone's screen; the rest is in MigrationErrors.csv. */
const mostProblems = 5;

/**
 * Subject and heading: `E-mail migration batch "contoso-1" has finished`. Microsoft's words, so that filters of mailboxes
 * find them.
 */
export function titled(
  batch: string,
  words: string,
  mood: MailContent['mood'],
): Pick<MailContent, 'subject' | 'heading' | 'mood' | 'notice'> {
  const subject = `E-mail migration batch "${batch}" ${words}`;
  return { subject, heading: subject, mood, notice: null };
}

const passes: Record<Batch['pass'], string> = {
  initial: 'initial: everything is copied',
  incremental: 'incremental: what is new since the last pass is copied',
  final: 'final: what is new is copied for the last time',
};

/** `event` says what happened at the time of the mail: `Finished`, `Stopped`. */
export function batchBlock({ batch, at, timeZone }: StatusMail, event: string): MailBlock {
  const seconds = secondsBetween(batch.startedAt, at);
  const facts: Facts = [
    ['Name', batch.name],
    ['Endpoint', batch.endpoint],
    ['Pass', passes[batch.pass]],
    ['Started by', batch.startedBy],
    ...(batch.startedAt === null ? [] : [['Started', timeInWords(batch.startedAt, timeZone)] as const]),
    [event, timeInWords(at, timeZone)],
    ...(seconds === null ? [] : [['Since the first start', durationInWords(seconds)] as const]),
  ];
  return { kind: 'facts', heading: 'Batch', facts };
}

export function mailboxBlock({ counts, green, withProblems }: BatchNumbers): MailBlock {
  const optional = [
    ['Completed', counts.completed],
    ['Stopped', counts.stopped],
    ['Skipped', counts.skipped],
    ['In progress', counts.active],
    ['Waiting', counts.queued],
  ] as const;
  const facts: Facts = [
    ['Total', String(counts.total)],
    ['Synchronised', String(counts.synced)],
    ['Failed', String(counts.failed)],
    ...optional.filter(([, count]) => count > 0).map(([name, count]) => [name, String(count)] as const),
    ['Proved complete', String(green)],
    ['Need a look', String(withProblems)],
  ];
  return { kind: 'facts', heading: 'Mailboxes', facts };
}

export function messageBlock({ items }: BatchNumbers): MailBlock {
  const facts: Facts = [
    ['At the source', String(items.total)],
    ['Copied', `${String(items.copied)}, ${bytesInWords(items.bytes)}`],
    ['Skipped', String(items.skipped)],
    ['Failed', String(items.failed)],
    ['Doubtful', String(items.doubtful)],
    ['Vanished', String(items.vanished)],
  ];
  return { kind: 'facts', heading: 'Messages', facts };
}

/** Nothing where no mailbox has a score yet. */
export function consistencyBlocks({ consistency }: BatchNumbers): readonly MailBlock[] {
  const { score, mailboxes, approved } = consistency;
  if (score === null) return [];
  const counts = ConsistencyScore.options
    .filter((name) => mailboxes[name] > 0)
    .map((name) => [name, counted(mailboxes[name], 'mailbox', 'mailboxes')] as const);
  const facts: Facts = [
    ['Score of the batch', `${score} (its worst mailbox)`],
    ...counts,
    ...(approved === 0 ? [] : [['Approved', counted(approved, 'mailbox', 'mailboxes')] as const]),
  ];
  return [{ kind: 'facts', heading: 'Data consistency', facts }];
}

export function problemBlocks({ problems }: Pick<BatchNumbers, 'problems'>): readonly MailBlock[] {
  if (problems.length === 0) return [];
  const more = problems.length - mostProblems;
  const shown: MailBlock = {
    kind: 'problems',
    heading: 'Problems',
    problems: problems.slice(0, mostProblems).map(mailProblem),
  };
  if (more <= 0) return [shown];
  const rest = `${counted(more, 'other kind')} of problem, with causes and fixes: see MigrationErrors.csv.`;
  return [shown, { kind: 'paragraphs', heading: 'More problems', paragraphs: [rest] }];
}

function mailProblem(group: ProblemGroup): MailProblem {
  const entry = catalogueEntry(group.code);
  const more = group.mailboxes - group.examples.length;
  const examples = group.examples.join(', ');
  return {
    title: `${counted(group.mailboxes, 'mailbox', 'mailboxes')}: ${entry.text}`,
    details: [
      ['Mailboxes', more > 0 ? `${examples} and ${String(more)} more` : examples],
      ...(group.message === entry.text ? [] : [['Message', group.message] as const]),
      ...remedyOf(group.code),
    ],
  };
}

/** Cause, fix, who must act, and the code, as the catalogue has them. */
export function remedyOf(code: string): Facts {
  const entry = catalogueEntry(code);
  return [
    ['Cause', entry.cause],
    ['Fix', entry.fix],
    ...(entry.actor === 'nobody' ? [] : [['Who', actorNames[entry.actor]] as const]),
    ['Code', code],
  ];
}

function verificationBlocks({ verification, moved }: BatchNumbers): readonly MailBlock[] {
  const { mailboxes, checked, differences, digest, digests } = verification;
  if (digest === null) return [];
  const facts: Facts = [
    ['Mailboxes verified', `${String(mailboxes)} of ${String(moved)}`],
    ['Messages read again', String(checked)],
    ['Differences', String(differences)],
    ['Digest of the batch', digest],
    ...(digests.length === mailboxes ? digests : []),
  ];
  return [{ kind: 'facts', heading: 'Verification', facts }];
}

export function reportBlocks(files: readonly MailFile[]): readonly MailBlock[] {
  return files.length === 0 ? [] : [{ kind: 'files', heading: 'Reports', files }];
}

export function paragraphs(heading: string, ...texts: readonly string[]): MailBlock {
  return { kind: 'paragraphs', heading, paragraphs: texts };
}

/** `5 of 12 mailboxes are`, `1 of 12 mailboxes is` */
export function shareOf(count: number, total: number): string {
  return `${String(count)} of ${counted(total, 'mailbox', 'mailboxes')} ${count === 1 ? 'is' : 'are'}`;
}

/** What every mail says that ends a pass; `label` names the time at which it ended. */
export function passBlocks(about: StatusMail, label: string): readonly MailBlock[] {
  const { numbers, files } = about;
  return [
    batchBlock(about, label),
    mailboxBlock(numbers),
    messageBlock(numbers),
    ...consistencyBlocks(numbers),
    ...problemBlocks(numbers),
    ...verificationBlocks(numbers),
    ...reportBlocks(files),
  ];
}
