import type { BatchDetail } from '../shared/contract/batch-view.ts';
import { exitCodes } from '../shared/contract/problem.ts';
import type { BatchStatus } from '../shared/domain/batch.ts';
import { formatBytes, formatCount, formatNumber, printJson, printLines } from './print.ts';
import type { CommonOptions } from './flags.ts';

/** Findings of the file that a screen shows; the reports hold all. */
const shownFindings = 10;

/** `batch show`: with --json exactly the contract's document. */
export function printBatch(detail: BatchDetail, options: Pick<CommonOptions, 'json'>): void {
  if (options.json === true) printJson(detail.batch);
  else printLines(summarize(detail));
}

export function summarize({ batch, findings, mailFolder, consistency }: BatchDetail): readonly string[] {
  const { counts, items } = batch;
  const classes = (['synced', 'completed', 'active', 'queued', 'failed', 'stopped', 'skipped'] as const)
    .filter((one) => counts[one] > 0)
    .map((one) => `${String(counts[one])} ${one}`);
  const notCopied = (['skipped', 'failed', 'doubtful', 'vanished'] as const)
    .filter((one) => items[one] > 0)
    .map((one) => `, ${formatNumber(items[one])} ${one}`);
  const reports = Object.entries(batch.reports).filter(([, path]) => path !== null);
  return [
    `Batch ${batch.name} (${batch.type}, endpoint ${batch.endpoint}): ${batch.status}`,
    ...(batch.reason === null ? [] : [`  ${batch.reason}`]),
    `  mailboxes  ${formatCount(counts.total, 'row')}${classes.length === 0 ? '' : `: ${classes.join(', ')}`}`,
    `  items      ${formatNumber(items.total)}: ${formatNumber(items.copied)} copied (${formatBytes(items.bytes)})${notCopied.join('')}`,
    ...(consistency.score === null ? [] : [`  score      ${scoreInWords(consistency)}`]),
    ...findings.file
      .slice(0, shownFindings)
      .map(
        ({ severity, line, message, code }) => `  file       line ${String(line)}: ${severity}: ${message} [${code}]`,
      ),
    ...findings.checks
      .filter(({ result }) => result !== 'pass')
      .map(({ check, result, evidence, fix }) => `  check      ${check}: ${result}: ${evidence} ${fix}`.trimEnd()),
    ...reports.map(([name, path]) => `  report     ${name}: ${path ?? ''}`),
    ...findings.mails.map(
      ({ kind, outcome, detail, delivery }) =>
        `  mail       ${kind}: ${outcome}${outcome === 'failed' ? `: ${detail}` : ''}${delivery === null ? '' : `, ${delivery.outcome}: ${delivery.detail}`}`,
    ),
    ...(mailFolder === null || findings.mails.length === 0 ? [] : [`  mails in   ${mailFolder}`]),
  ];
}

/** The worst mailbox's score, and how many mailboxes have which. */
function scoreInWords({ score, mailboxes, approved }: BatchDetail['consistency']): string {
  const each = Object.entries(mailboxes)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${String(count)} ${name}`);
  return `${score ?? ''} (${each.join(', ')}${approved === 0 ? '' : `; ${String(approved)} approved`})`;
}

/** How a batch that rests ended, as an exit code. */
export function exitCodeOf({ batch, findings }: BatchDetail): number {
  if (isDone(batch.status)) return exitCodes.done;
  // A file that was refused is the same whether a command or a batch read it.
  const fileRefused = findings.file.some(({ severity }) => severity === 'fatal');
  return batch.status === 'Failed' && fileRefused && batch.counts.synced === 0
    ? exitCodes.usage
    : exitCodes.finishedWithErrors;
}

function isDone(status: BatchStatus): boolean {
  return status === 'Synced' || status === 'Completed' || status === 'Created' || status === 'Waiting';
}
