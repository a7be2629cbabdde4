import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Coefficients } from '../../shared/domain/cost-model.ts';

const project = join(import.meta.dirname, '../..');
const page = join(project, 'docs/costs.md');
const constants = join(project, 'shared/domain/cost-coefficients.ts');

/** Puts fitted coefficients into the program. */
export function writeCoefficients(fits: { readonly initial: Coefficients; readonly quiet: Coefficients }): void {
  const day = new Date().toISOString().slice(0, 10);
  writeFileSync(
    constants,
    `import type { Coefficients } from './cost-model.ts';\n\n` +
      `/**\n * Fitted to what nine batches made of requests, on ${day}, and written by \`npm run cost -- --fit\`: to be fitted anew when\n` +
      ` * test/integration/embedded/counted-costs.test.ts says that they no longer hold.\n */\n` +
      `export const initialCoefficients: Coefficients = ${JSON.stringify(fits.initial)};\n\n` +
      `/** A pass over mailboxes in which nothing changed: one slice each. */\n` +
      `export const quietCoefficients: Coefficients = ${JSON.stringify(fits.quiet)};\n`,
  );
  format(constants);
}

/** Puts tables into their places in docs/costs.md: between `<!-- name -->` and `<!-- end -->`. */
export function writeTables(tables: Readonly<Record<string, string>>): void {
  let text = readFileSync(page, 'utf8');
  for (const [name, table] of Object.entries(tables)) {
    const place = new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!place.test(text)) throw new Error(`docs/costs.md has no place for the table "${name}".`);
    text = text.replace(place, (_, head: string, end: string) => `${head}\n${table}\n${end}`);
  }
  writeFileSync(page, text);
  format(page);
}

function format(file: string): void {
  execFileSync(process.execPath, [join(project, 'node_modules/prettier/bin/prettier.cjs'), '--write', file]);
}
