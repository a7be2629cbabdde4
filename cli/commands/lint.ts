import { createReadStream } from 'node:fs';
import type { BatchFileLint } from '../../shared/application/read-batch-file/lint-batch-file.ts';
import { lintBatchFile } from '../../shared/application/read-batch-file/lint-batch-file.ts';
import { CommandError, exitCodes } from '../../shared/contract/problem.ts';
import type { Finding } from '../../shared/domain/batch-file/finding.ts';
import { formatCount, formatNumber, printJson, printLines } from '../print.ts';

/** Checks a batch file by the rules that a batch goes by. Exit code 2 unless every row would be migrated. */
export async function lint(
  file: string,
  options: { readonly type: 'staged' | 'imap'; readonly json?: true },
): Promise<void> {
  const result = await lintFile(file, options.type);
  const accepted = result.refused ? 0 : result.rows - result.badRows;
  if (options.json === true) {
    printJson({
      file,
      type: options.type,
      ok: result.ok,
      refused: result.refused,
      rows: result.rows,
      accepted,
      rejected: result.rows - accepted,
      findings: result.findings,
      findingsLeftOut: result.findingsLeftOut,
    });
  } else {
    printLines([
      ...result.findings.map((found) => describeFinding(file, found)),
      ...(result.findingsLeftOut === 0 ? [] : [`... and ${formatCount(result.findingsLeftOut, 'more finding')}.`]),
      result.refused
        ? `${file} is refused: no row of it would be migrated.`
        : `${file}: ${formatCount(result.rows, 'row')}, ${formatNumber(accepted)} good, ${formatNumber(result.badRows)} bad.`,
    ]);
  }
  if (!result.ok) process.exitCode = exitCodes.usage;
}

async function lintFile(file: string, type: 'staged' | 'imap'): Promise<BatchFileLint> {
  try {
    // Which endpoint it is for is not said: rows must then bring what the strictest login mode wants.
    return await lintBatchFile(createReadStream(file), { type, sourceLogin: 'user', allowUnknownColumns: false });
  } catch (error) {
    // createReadStream fails with the system's own code; anything else is a defect.
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw CommandError.usage(`The batch file cannot be read: ${error.message}`);
  }
}

function describeFinding(file: string, found: Finding): string {
  const column = found.field === null ? '' : `:${String(found.field)}`;
  const name = found.column === null ? '' : ` ${found.column}:`;
  return `${file}:${String(found.line)}${column}: ${found.severity}:${name} ${found.message} ${found.suggestion} [${found.code}]`;
}
