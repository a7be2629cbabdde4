import type { Batch } from '../../batch.ts';
import { catalogueEntry } from '../job-problem.ts';
import type { MailBlock, MailContent } from './mail-content.ts';
import { counted } from './numbers-in-words.ts';
import { remedyOf, titled } from './status-mail.ts';

/** A file that could not start: with a batch of its own, or with none. */
export interface RefusedMail {
  /** Name of the batch, as in the file's name. */
  readonly batch: string;
  readonly endpoint: string;
  /** Key of the file, where one was uploaded. */
  readonly upload: string | null;
  readonly startedBy: string | null;
  readonly code: string;
  readonly reason: string;
  /** True where mailboxes had been worked on before: the batch could not go on. */
  readonly touched: boolean;
  readonly findings: Batch['fileFindings'];
  readonly checks: Batch['checks'];
}

/** Enough to mend the file; `batch lint` shows them all. */
const mostFindings = 20;

/** The mail *refused*: for a file that could not start, and for a batch that could not go on. */
export function refusedMail(about: RefusedMail): MailContent {
  const entry = catalogueEntry(about.code);
  const failed = about.checks.filter((check) => check.result === 'fail');
  return {
    ...titled(about.batch, `could not ${about.touched ? 'go on' : 'start'}`, 'bad'),
    lead: `${about.reason === '' ? entry.text : about.reason} ${about.touched ? 'What was copied stays at the target.' : 'No mailbox was touched.'}`,
    blocks: [
      {
        kind: 'facts',
        heading: 'Batch',
        facts: [
          ['Name', about.batch],
          ['Endpoint', about.endpoint],
          ...(about.upload === null ? [] : [['File', about.upload] as const]),
          ...(about.startedBy === null ? [] : [['Started by', about.startedBy] as const]),
        ],
      },
      ...findingBlocks(about.findings),
      ...checkBlocks(failed),
      {
        kind: 'problems',
        heading: 'What to do',
        problems: [
          {
            title: entry.text,
            details: remedyOf(about.code),
          },
        ],
      },
    ],
  };
}

function findingBlocks(findings: RefusedMail['findings']): readonly MailBlock[] {
  if (findings.length === 0) return [];
  const more = findings.length - mostFindings;
  const problems = findings.slice(0, mostFindings).map((finding) => ({
    title: finding.line > 0 ? `Line ${String(finding.line)}: ${finding.message}` : finding.message,
    details: [
      ...(finding.suggestion === '' ? [] : [['Suggestion', finding.suggestion] as const]),
      ['Code', finding.code] as const,
    ],
  }));
  return [
    { kind: 'problems', heading: 'What is wrong with the file', problems },
    ...(more <= 0
      ? []
      : [
          {
            kind: 'paragraphs' as const,
            heading: 'And more',
            paragraphs: [`${counted(more, 'more finding')}: \`stagecoach batch lint\` shows them all.`],
          },
        ]),
  ];
}

function checkBlocks(failed: RefusedMail['checks']): readonly MailBlock[] {
  if (failed.length === 0) return [];
  const problems = failed.map((check) => ({
    title: `${check.check}: ${check.evidence}`,
    details: [['Fix', check.fix]] as const,
  }));
  return [{ kind: 'problems', heading: 'Prerequisites that are not met', problems }];
}
