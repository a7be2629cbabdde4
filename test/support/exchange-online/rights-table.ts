import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const page = readFileSync(join(import.meta.dirname, '../../../docs/endpoints/exchange-online.md'), 'utf8');

/** The rights of "The least that is needed", as the page names them; those over IMAP are none of Graph's. */
export const rightsOfGraph: readonly string[] = (/## The least that is needed\n([^]*?)\n## /.exec(page)?.[1] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.includes('IMAP.AccessAsApp'))
  .slice(1)
  .flatMap((line) => (line.split('|')[1] ?? '').split(','))
  .map((name) => name.trim())
  .filter((name) => /^[A-Z]/.test(name));
