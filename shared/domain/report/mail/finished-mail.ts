import type { Batch } from '../../batch.ts';
import type { BatchNumbers, ProblemGroup } from '../batch-numbers.ts';
import { catalogueEntry } from '../job-problem.ts';
import { actorNames } from '../migration-errors.ts';
import { secondsBetween } from '../migration-statistics.ts';
import type { MailBlock, MailContent, MailFile, MailProblem } from './mail-content.ts';
import { bytesInWords, counted, durationInWords, timeInWords } from './numbers-in-words.ts';

export interface FinishedMail {
  readonly batch: Batch;
  readonly numbers: BatchNumbers;
  /** Where the pass leaves the batch. */
  readonly outcome: 'Synced' | 'SyncedWithErrors' | 'Failed';
  readonly finishedAt: string;
  /** Zone of the times. */
  readonly timeZone: string;
  readonly files: readonly MailFile[];
}

/** As many as fit on a phone's screen; the rest is in MigrationErrors.csv. */
const mostProblems = 5;

const endings = {
  Synced: { mood: 'good', words: 'has finished' },
  SyncedWithErrors: { mood: 'warning', words: 'has finished - with errors' },
  Failed: { mood: 'bad', words: 'has finished - no mailbox was migrated' },
} as const;

/** The mail *finished*: the batch is Synced or SyncedWithErrors, or none of its mailboxes could be migrated. */
export function finishedMail(about: FinishedMail): MailContent {
  const { batch, numbers, outcome } = about;
  const heading = `Migration batch "${batch.name}" ${endings[outcome].words}`;
  return {
    subject: heading,
    mood: endings[outcome].mood,
    notice: null,
    heading,
    lead: lead(numbers),
    blocks: [
      { kind: 'facts', heading: 'Batch', facts: batchFacts(about) },
      { kind: 'facts', heading: 'Mailboxes', facts: mailboxFacts(numbers) },
      { kind: 'facts', heading: 'Messages', facts: messageFacts(numbers) },
      ...problemBlocks(numbers),
      ...verificationBlocks(numbers),
      { kind: 'files', heading: 'Reports', files: about.files },
      { kind: 'paragraphs', heading: 'What to do next', paragraphs: nextSteps(about) },
    ],
  };
}

function lead({ counts, moved, green, withProblems }: BatchNumbers): string {
  const { total } = counts;
  if (total === 0) return 'The batch has no mailboxes.';
  if (total === 1) return leadOfOne(moved === 1, green === 1);
  if (green === total) return `All ${String(total)} mailboxes are synchronised, and every message is accounted for.`;
  const synchronised = `${String(moved)} of ${String(total)} mailboxes ${moved === 1 ? 'is' : 'are'} synchronised`;
  return `${synchronised}; ${counted(withProblems, 'mailbox needs', 'mailboxes need')} a look.`;
}

function leadOfOne(moved: boolean, green: boolean): string {
  if (green) return 'The mailbox is synchronised, and every message is accounted for.';
  return moved ? 'The mailbox is synchronised, but needs a look.' : 'The mailbox is not synchronised.';
}

const passes: Record<Batch['pass'], string> = {
  initial: 'initial: everything is copied',
  incremental: 'incremental: what is new since the last pass is copied',
  final: 'final: what is new is copied for the last time',
};

function batchFacts({ batch, finishedAt, timeZone }: FinishedMail): readonly (readonly [string, string])[] {
  const seconds = secondsBetween(batch.startedAt, finishedAt);
  return [
    ['Name', batch.name],
    ['Endpoint', batch.endpoint],
    ['Pass', passes[batch.pass]],
    ['Started by', batch.startedBy],
    ...(batch.startedAt === null ? [] : [['Started', timeInWords(batch.startedAt, timeZone)] as const]),
    ['Finished', timeInWords(finishedAt, timeZone)],
    ...(seconds === null ? [] : [['Since the first start', durationInWords(seconds)] as const]),
  ];
}

function mailboxFacts({ counts, green, withProblems }: BatchNumbers): readonly (readonly [string, string])[] {
  const optional = [
    ['Completed', counts.completed],
    ['Stopped', counts.stopped],
    ['Skipped', counts.skipped],
    ['Still in progress', counts.active],
    ['Still waiting', counts.queued],
  ] as const;
  return [
    ['Total', String(counts.total)],
    ['Synchronised', String(counts.synced)],
    ['Failed', String(counts.failed)],
    ...optional.filter(([, count]) => count > 0).map(([name, count]) => [name, String(count)] as const),
    ['Proved complete', String(green)],
    ['Need a look', String(withProblems)],
  ];
}

function messageFacts({ items }: BatchNumbers): readonly (readonly [string, string])[] {
  return [
    ['At the source', String(items.total)],
    ['Copied', `${String(items.copied)}, ${bytesInWords(items.bytes)}`],
    ['Skipped', String(items.skipped)],
    ['Failed', String(items.failed)],
    ['Doubtful', String(items.doubtful)],
    ['Vanished', String(items.vanished)],
  ];
}

function problemBlocks({ problems }: BatchNumbers): readonly MailBlock[] {
  if (problems.length === 0) return [];
  const more = problems.length - mostProblems;
  return [
    { kind: 'problems', heading: 'Problems', problems: problems.slice(0, mostProblems).map(mailProblem) },
    ...(more <= 0
      ? []
      : [
          {
            kind: 'paragraphs' as const,
            heading: 'More problems',
            paragraphs: [`${counted(more, 'other kind')} of problem, with causes and fixes: see MigrationErrors.csv.`],
          },
        ]),
  ];
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
      ['Cause', entry.cause],
      ['Fix', entry.fix],
      ...(entry.actor === 'nobody' ? [] : [['Who', actorNames[entry.actor]] as const]),
      ['Code', group.code],
    ],
  };
}

function verificationBlocks({ verification, moved }: BatchNumbers): readonly MailBlock[] {
  const { mailboxes, checked, differences, digest, digests } = verification;
  if (digest === null) return [];
  return [
    {
      kind: 'facts',
      heading: 'Verification',
      facts: [
        ['Mailboxes verified', `${String(mailboxes)} of ${String(moved)}`],
        ['Messages read again', String(checked)],
        ['Differences', String(differences)],
        ['Digest of the batch', digest],
        ...(digests.length === mailboxes ? digests : []),
      ],
    },
  ];
}

function nextSteps({ batch, outcome }: FinishedMail): readonly string[] {
  const again = `Correct the rows in question and upload the CSV again under the name ${batch.name}: failed mailboxes are tried again and go on where they stood, the others are left alone.`;
  const delta =
    'New mail still arrives at the old mailboxes until the MX record points to the new ones. Start the batch again to fetch what has come since; nothing is copied twice.';
  return outcome === 'Synced' ? [delta] : [again, delta];
}
