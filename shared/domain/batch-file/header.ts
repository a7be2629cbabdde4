import type { RowRules } from './batch-file-row.ts';
import { columnMeant, columnNamed, isForeignColumn, requiredColumns, type Column } from './columns.ts';
import { finding, type Finding } from './finding.ts';
import { oddCharacter } from './odd-characters.ts';

interface Header {
  /** One for each cell of the line. A misspelt column stands as the one that is meant, so that its cells are checked. */
  readonly columns: readonly Column[];
  readonly findings: readonly Finding[];
}

export type HeaderReading =
  | { readonly outcome: 'header'; readonly header: Header }
  /** No header, or another separator: nothing below it can be read, and any cell may be a password. */
  | { readonly outcome: 'unreadable'; readonly finding: Finding };

interface HeaderCell {
  readonly text: string;
  readonly field: number;
  /** The column that bears exactly this name. */
  readonly exact: Column | undefined;
  /** That, or the one that was probably meant. */
  readonly meant: Column | undefined;
}

const separators = [
  { sign: ';', name: 'semicolons' },
  { sign: '\t', name: 'tabs' },
  { sign: '|', name: 'vertical bars' },
] as const;

/** Reads the first line that is not blank. `line` is its number. */
export function readHeader(texts: readonly string[], line: number, rules: RowRules): HeaderReading {
  const cells = texts.map((text, index) => headerCell(text, index + 1, rules));
  if (!cells.some(({ exact }) => exact !== undefined && exact.kind !== 'marked')) {
    const separator = separators.find(({ sign }) => texts.some((text) => namesColumns(text.split(sign), rules)));
    if (separator !== undefined) {
      const message = `The columns of the file are separated by ${separator.name} instead of commas.`;
      return { outcome: 'unreadable', finding: finding('fatal', 'CSV_SEPARATOR', { line, message }) };
    }
    // A first row of data: "alice@contoso.test,alice,Passw0rd" looks a little like a header, but for its address.
    if (texts.some((text) => text.includes('@')) || !cells.some(({ meant }) => meant?.kind === 'value'))
      return { outcome: 'unreadable', finding: finding('fatal', 'CSV_HEADER_MISSING', { line }) };
  }
  return { outcome: 'header', header: judge(cells, line, rules) };
}

function headerCell(text: string, field: number, rules: RowRules): HeaderCell {
  const exact = columnNamed(text, rules.type);
  return { text, field, exact, meant: exact ?? columnMeant(text, rules.type) };
}

function namesColumns(parts: readonly string[], rules: RowRules): boolean {
  return parts.length > 1 && parts.some((part) => headerCell(part.trim(), 0, rules).meant?.kind === 'value');
}

function judge(cells: readonly HeaderCell[], line: number, rules: RowRules): Header {
  const present = new Set(cells.map(({ exact }) => exact?.name));
  const missing = requiredColumns(rules).filter((name) => !present.has(name));
  const misspelt = new Map(
    missing.flatMap((name) => {
      const cell = cells.find(({ exact, meant }) => exact === undefined && meant?.name === name);
      return cell === undefined ? [] : [[name, cell] as const];
    }),
  );
  const standIns = new Set(misspelt.values());
  const findings = [
    ...missing.map((name) => missingColumn(name, misspelt.get(name), line)),
    ...cells.filter((cell) => !standIns.has(cell)).flatMap((cell) => cellFindings({ cell, cells, line, rules })),
  ];
  const columns = cells.map((cell): Column => {
    const isMisspelt = standIns.has(cell) || (!rules.allowUnknownColumns && !present.has(cell.meant?.name));
    return cell.exact ?? (isMisspelt ? cell.meant : undefined) ?? { kind: 'unused', name: cell.text };
  });
  return { columns, findings };
}

function missingColumn(name: string, misspelt: HeaderCell | undefined, line: number): Finding {
  return finding('fatal', 'CSV_COLUMN_MISSING', {
    line,
    column: name,
    ...(misspelt === undefined ? {} : { field: misspelt.field }),
    // Microsoft's words (KB 10062), so that a search for them finds help.
    message: `Column "${name}" is missing from the CSV file. The import process can't continue because this column is required. Please edit the CSV file and re-submit it.`,
    suggestion: misspelt === undefined ? `Add the column ${name} to the header.` : renaming(misspelt, name),
  });
}

/** How to correct a name; says what differs where the eye hardly sees it. */
function renaming({ text, field }: HeaderCell, name: string): string {
  if (text.trim() === name) return `Remove the spaces around ${name} in the name of column ${field}.`;
  const odd = oddCharacter(text);
  if (odd !== null) return `The name of column ${field} holds ${odd}: write it anew as ${name}.`;
  if (text.trim().toLowerCase() === name.toLowerCase())
    return `Upper and lower case count in the names of columns: rename column ${field} to ${name}.`;
  return `Rename column ${field} to ${name}: one word, written exactly so.`;
}

interface CellInHeader {
  readonly cell: HeaderCell;
  readonly cells: readonly HeaderCell[];
  readonly line: number;
  readonly rules: RowRules;
}

function cellFindings({ cell, cells, line, rules }: CellInHeader): readonly Finding[] {
  const { exact, field, text } = cell;
  if (exact === undefined)
    return [
      text.trim() === ''
        ? finding('fatal', 'CSV_COLUMN_UNNAMED', { line, field })
        : unknown({ cell, cells, line, rules }),
    ];
  const at = { line, field, column: exact.name };
  const first = cells.find((other) => other.exact?.name === exact.name);
  if (first !== undefined && first !== cell) {
    const message = `Columns ${first.field} and ${field} have the same name, ${exact.name}.`;
    return [finding('fatal', 'CSV_COLUMN_TWICE', { ...at, message })];
  }
  if (exact.kind !== 'unused') return [];
  return [finding('warning', 'CSV_COLUMN_UNUSED', { ...at, message: `The column ${exact.name} has no effect here.` })];
}

function unknown({ cell, cells, line, rules }: CellInHeader): Finding {
  const { text, field, meant } = cell;
  // Where no other cell names a column exactly, this may be no header at all, and the cell might be anything.
  const mayShow = !text.includes('@') && cells.some(({ exact }) => exact !== undefined);
  const name = text.trim().slice(0, 64);
  const shown = mayShow ? `"${name}"` : `number ${field}`;
  const at = { line, field, ...(mayShow ? { column: name } : {}) };
  const suggestion = unknownFix(cell, rules);
  const fix = suggestion === undefined ? {} : { suggestion };
  if (!rules.allowUnknownColumns)
    return finding('fatal', 'CSV_COLUMN_UNKNOWN', { ...at, ...fix, message: `The column ${shown} is not known.` });
  const allowed = meant === undefined ? {} : fix;
  const message = `The column ${shown} is not known and is ignored.`;
  return finding('warning', 'CSV_COLUMN_IGNORED', { ...at, ...allowed, message });
}

function unknownFix(cell: HeaderCell, rules: RowRules): string | undefined {
  if (cell.meant !== undefined) return renaming(cell, cell.meant.name);
  const other = rules.type === 'staged' ? 'imap' : 'staged';
  if (isForeignColumn(cell.text.trim(), rules.type))
    return `The column belongs to a file of type ${other}: remove it, or use an endpoint of that type.`;
  return undefined;
}
