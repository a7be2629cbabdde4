/**
 * Lints files of 50,000 rows, the most an imap batch may have, and prints time and peak memory of each process:
 * `node bench/lint-csv.ts`. Memory is to stay below 200 MB even where each row has several findings.
 */
import { spawnSync } from 'node:child_process';
import { lintBatchFile } from '../shared/application/read-batch-file/lint-batch-file.ts';

const rows = 50_000;
const maxMegabytes = 200;
const kinds = { good: 'every row good', bad: 'four findings in every row', long: '9 MB, all of it good' } as const;
type Kind = keyof typeof kinds;

function isKind(text: string | undefined): text is Kind {
  return text !== undefined && Object.hasOwn(kinds, text);
}

function line(kind: Kind, row: number): string {
  const user = `user${String(row).padStart(5, '0')}`;
  if (kind === 'bad') return `${user}, contoso\\${user},,ten\r\n`;
  const note = kind === 'long' ? 'x'.repeat(125) : '';
  return `${user}@students.contoso.test,contoso\\${user},"Geheim,${row}",${note}\r\n`;
}

async function* file(kind: Kind): AsyncGenerator<Uint8Array> {
  let text =
    kind === 'bad' ? 'EmailAddress,UserName,Password,badItemLimit\r\n' : 'EmailAddress,UserName,Password,_note\r\n';
  for (let row = 1; row <= rows; row += 1) {
    text += line(kind, row);
    if (text.length < 65_536 && row < rows) continue;
    yield Buffer.from(text);
    text = '';
  }
  await Promise.resolve();
}

async function measure(kind: Kind): Promise<void> {
  const start = performance.now();
  const result = await lintBatchFile(file(kind), { type: 'imap', sourceLogin: 'user', allowUnknownColumns: false });
  const ms = performance.now() - start;
  const megabytes = process.resourceUsage().maxRSS / 1024;
  const found = `${result.rows} rows, ${result.badRows} bad, ${result.findings.length} findings`;
  console.log(`${kinds[kind]}: ${found}: ${ms.toFixed(0)} ms, peak memory ${megabytes.toFixed(0)} MB`);
  if (megabytes >= maxMegabytes) process.exitCode = 1;
}

const kind = process.argv[2];
if (isKind(kind)) await measure(kind);
// A process each: peak memory never goes down again.
else
  for (const each of Object.keys(kinds))
    process.exitCode = spawnSync(process.execPath, [import.meta.filename, each], { stdio: 'inherit' }).status ?? 1;
