import { parse } from 'csv-parse/sync';
import { readFileSync } from 'node:fs';

/** A batch file with one row a user. */
export function batchFile(passwords: Readonly<Record<string, string>>): string {
  const rows = Object.entries(passwords).map(([user, password]) => `${user},${user},${password}\n`);
  return `EmailAddress,UserName,Password\n${rows.join('')}`;
}

/** The rows of a report by their column names. */
export function readReport(path: string): readonly Readonly<Record<string, string>>[] {
  return parse(readFileSync(path), { bom: true, columns: true });
}
