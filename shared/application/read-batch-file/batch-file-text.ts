import { finding, type Finding } from '../../domain/batch-file/finding.ts';
import { maxFileBytes } from '../../domain/batch-file/limits.ts';
import { BatchFileDecoder } from '../../domain/batch-file/text-decoder.ts';

/** Octets decoded and cut into rows at a time: what is in memory does not depend on how large the chunks come. */
const pieceBytes = 16 * 1024;

/** The file's text piece by piece; ends early where the file is too large or no text, which is reported. */
export async function* batchFileText(
  input: AsyncIterable<Uint8Array>,
  report: (finding: Finding) => void,
): AsyncGenerator<string> {
  const decoder = new BatchFileDecoder();
  let bytes = 0;
  const reportDamage = () => decoder.findings.splice(0).forEach(report);
  for await (const chunk of input) {
    bytes += chunk.length;
    if (bytes > maxFileBytes) {
      report(finding('fatal', 'CSV_TOO_LARGE', { line: 1 }));
      return;
    }
    for (let from = 0; from < chunk.length && !decoder.isBinary; from += pieceBytes) {
      const text = decoder.push(chunk.subarray(from, from + pieceBytes));
      reportDamage();
      if (text !== '') yield text;
    }
    if (decoder.isBinary) return;
  }
  const text = decoder.end();
  reportDamage();
  if (text !== '') yield text;
}
