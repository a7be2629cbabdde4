// Writes the parts of docs/ that come from code: `node scripts/generate-docs.mjs`; with --check it writes nothing and
// exits 1 when something is not current.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import prettier from 'prettier';
import { errorCatalogue } from '../shared/domain/error-catalogue.ts';
import { activeColumns } from '../shared/domain/report/active-mailboxes.ts';
import { auditColumns } from '../shared/domain/report/audit-trail.ts';
import { failedRowColumns } from '../shared/domain/report/failed-rows.ts';
import { renderHtml } from '../shared/domain/report/mail/render-html.ts';
import { renderText } from '../shared/domain/report/mail/render-text.ts';
import { actorNames, errorColumns } from '../shared/domain/report/migration-errors.ts';
import { statisticsColumns } from '../shared/domain/report/migration-statistics.ts';
import { skippedColumns } from '../shared/domain/report/skipped-items.ts';
import { syncErrorColumns } from '../shared/domain/report/synchronisation-errors.ts';
import { differenceColumns, folderColumns } from '../shared/domain/report/verification-report.ts';
import { sampleMails } from '../test/support/reports/sample-mails.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const read = (path) => {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
};

/** In a table cell a bar would end the cell. */
const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function errorsPage() {
  const codes = Object.keys(errorCatalogue).sort();
  const entry = (code) => {
    const { text, cause, fix, actor, aliases = [], toBeFound } = errorCatalogue[code];
    return [
      `### ${code}`,
      '',
      text,
      '',
      `- **Cause:** ${cause}`,
      `- **Fix:** ${fix}`,
      `- **Who must act:** ${actorNames[actor]}`,
      ...(aliases.length === 0 ? [] : [`- **Elsewhere called:** ${aliases.map((alias) => `"${alias}"`).join('; ')}`]),
      ...(toBeFound === undefined ? [] : [`- **Not shown by Stagecoach itself:** ${toBeFound}`]),
      '',
    ];
  };
  return [
    '<!-- Generated from shared/domain/error-catalogue.ts by scripts/generate-docs.mjs. -->',
    '',
    '# Error catalogue',
    '',
    'Every code that a report, mail, screen or log may show: what it means, what usually causes it, what to do about it, and who must do that. "Elsewhere called" gives the words of Microsoft\'s migration service for the same thing.',
    '',
    '| Code | What is wrong | Who must act |',
    '| --- | --- | --- |',
    ...codes.map((code) => {
      const { text, actor } = errorCatalogue[code];
      return `| [${code}](#${code.toLowerCase()}) | ${cell(text)} | ${actorNames[actor]} |`;
    }),
    '',
    '## Entries',
    '',
    ...codes.flatMap(entry),
  ].join('\n');
}

const tables = {
  MigrationStatistics: statisticsColumns,
  MigrationErrors: errorColumns,
  SkippedItems: skippedColumns,
  ActiveMailboxes: activeColumns,
  SynchronisationErrors: syncErrorColumns,
  FailedRows: failedRowColumns,
  AuditTrail: auditColumns,
  VerificationFolders: folderColumns,
  VerificationDifferences: differenceColumns,
};

/** docs/reports.md is written by hand but for its tables of columns. */
function reportsPage() {
  return read('docs/reports.md').replaceAll(/<!-- columns: (\w+) -->[\s\S]*?<!-- end -->/g, (_whole, name) => {
    const rows = tables[name].map((column) => `| \`${column.name}\` | ${cell(column.doc)} |`);
    return [`<!-- columns: ${name} -->`, '', '| Column | Holds |', '| --- | --- |', ...rows, '', '<!-- end -->'].join(
      '\n',
    );
  });
}

async function mailPages() {
  const mails = Object.entries(await sampleMails());
  return Object.fromEntries(
    mails.flatMap(([name, content]) => [
      [`docs/mails/${name}.txt`, `Subject: ${content.subject}\n\n${renderText(content)}`],
      [`docs/mails/${name}.html`, renderHtml(content)],
    ]),
  );
}

async function formatted(path, text) {
  const options = await prettier.resolveConfig(join(root, path));
  return await prettier.format(text, { ...options, filepath: path });
}

const mails = await mailPages();
const pages = { 'docs/errors.md': errorsPage(), 'docs/reports.md': reportsPage(), ...mails };
for (const [path, text] of Object.entries(pages)) if (!path.endsWith('.txt')) pages[path] = await formatted(path, text);
mkdirSync(join(root, 'docs/mails'), { recursive: true });
const left = readdirSync(join(root, 'docs/mails'))
  .map((name) => `docs/mails/${name}`)
  .filter((path) => /\.(txt|html)$/.test(path) && !(path in mails));
const stale = [...Object.keys(pages).filter((path) => read(path) !== pages[path]), ...left];

if (process.argv.includes('--check')) {
  for (const path of stale) process.stderr.write(`${path} is not current: run node scripts/generate-docs.mjs\n`);
  process.exit(stale.length === 0 ? 0 : 1);
}
for (const path of left) rmSync(join(root, path));
for (const path of stale.filter((path) => path in pages)) writeFileSync(join(root, path), pages[path]);
process.stdout.write(stale.length === 0 ? 'docs/ is current.\n' : `Wrote ${stale.join(', ')}\n`);
