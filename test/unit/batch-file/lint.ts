import { lintBatchFile, type BatchFileLint } from '../../../shared/application/read-batch-file/lint-batch-file.ts';
import { readBatchFile, type BatchFileEvent } from '../../../shared/application/read-batch-file/read-batch-file.ts';
import type { BatchFileRow, RowRules } from '../../../shared/domain/batch-file/batch-file-row.ts';

export const imapRules: RowRules = { type: 'imap', sourceLogin: 'user', allowUnknownColumns: false };
export const stagedRules: RowRules = { type: 'staged', sourceLogin: 'admin', allowUnknownColumns: false };

export type FileContent = string | Uint8Array | readonly Uint8Array[];

export async function* chunks(content: FileContent): AsyncGenerator<Uint8Array> {
  if (typeof content === 'string') yield Buffer.from(content);
  else if (content instanceof Uint8Array) yield content;
  else yield* content;
  await Promise.resolve();
}

export function lint(content: FileContent, rules: Partial<RowRules> = {}): Promise<BatchFileLint> {
  const base = rules.type === 'staged' ? stagedRules : imapRules;
  return lintBatchFile(chunks(content), { ...base, ...rules });
}

export async function read(content: FileContent, rules: Partial<RowRules> = {}): Promise<readonly BatchFileEvent[]> {
  const base = rules.type === 'staged' ? stagedRules : imapRules;
  const events: BatchFileEvent[] = [];
  for await (const event of readBatchFile(chunks(content), { ...base, ...rules })) events.push(event);
  return events;
}

export async function acceptedRows(
  content: FileContent,
  rules: Partial<RowRules> = {},
): Promise<readonly BatchFileRow[]> {
  const events = await read(content, rules);
  return events.flatMap((event) => (event.kind === 'accepted' ? [event.row] : []));
}

/** `severity CODE line field`, the shape in which tests name findings. */
export function shortForm(result: Pick<BatchFileLint, 'findings'>): readonly string[] {
  return result.findings.map(({ severity, code, line, field }) => `${severity} ${code} ${line} ${field ?? '-'}`);
}
