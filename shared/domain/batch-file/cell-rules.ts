import { closestName } from '../closest-name.ts';
import type { ColumnName } from './columns.ts';
import { maxLength } from './limits.ts';
import { hasControlCharacter, oddCharacter } from './odd-characters.ts';
import type { RowReport } from './row-report.ts';
import { addressProblem, domainOf } from './smtp-address.ts';

/**
 * One function a kind of cell: adds what it finds to the report and returns the value, or undefined for a blank cell.
 * No finding repeats a value: in a row that slipped by one comma, any cell may hold the password.
 */

const minStagedPassword = 8;

export function isBlank(cell: string): boolean {
  return cell.trim() === '';
}

function checkLength(report: RowReport, column: ColumnName, limit: number): void {
  if (report.cell(column).length > limit)
    report.add('error', 'CSV_VALUE_TOO_LONG', { column, message: `${column} is longer than ${limit} characters.` });
}

function checkControlCharacters(report: RowReport, column: ColumnName): void {
  if (!hasControlCharacter(report.cell(column))) return;
  const message = `${column} holds a line break, a tab or another control character.`;
  report.add('error', 'CSV_CONTROL_CHARACTER', { column, message });
}

function warnOfOddCharacter(report: RowReport, column: ColumnName): void {
  const odd = oddCharacter(report.cell(column));
  if (odd !== null) report.add('warning', 'CSV_ODD_CHARACTER', { column, message: `${column} holds ${odd}.` });
}

function withoutSpaces(report: RowReport, column: ColumnName): string {
  const cell = report.cell(column);
  if (cell !== cell.trim())
    report.add('warning', 'CSV_SPACES_REMOVED', { column, message: `Spaces around ${column} were removed.` });
  return cell.trim();
}

export function emailAddress(report: RowReport): string | undefined {
  const column = 'EmailAddress';
  if (isBlank(report.cell(column))) {
    if (report.has(column)) report.add('error', 'CSV_ADDRESS_EMPTY', { column });
    return undefined;
  }
  const address = withoutSpaces(report, column);
  const problem = hasControlCharacter(address) ? 'holds a line break or a control character' : addressProblem(address);
  if (problem !== null) {
    report.add('error', 'CSV_ADDRESS_INVALID', {
      column,
      message: `EmailAddress is not a valid SMTP address: it ${problem}.`,
    });
    return undefined;
  }
  // eslint-disable-next-line no-control-regex -- the point is what lies outside of ASCII
  const message = /^[\x00-\x7F]*$/.test(address)
    ? domainOf(address).includes('.')
      ? null
      : 'The domain of EmailAddress has no dot.'
    : 'EmailAddress holds letters outside of a-z: some look like Latin ones but are not.';
  if (message !== null) report.add('warning', 'CSV_ADDRESS_DOUBTFUL', { column, message });
  return address;
}

/** Microsoft: no leading or trailing spaces. The name is taken as it is, since servers do. */
export function userName(report: RowReport, column: 'UserName' | 'TargetUserName'): string | undefined {
  const cell = report.cell(column);
  if (isBlank(cell)) return undefined;
  if (cell !== cell.trim())
    report.add('error', 'CSV_USERNAME_SPACES', { column, message: `${column} begins or ends with a space.` });
  checkLength(report, column, maxLength.name);
  checkControlCharacters(report, column);
  warnOfOddCharacter(report, column);
  return cell;
}

/** Taken with every character; a cell of nothing but spaces counts as blank. */
export function password(report: RowReport, column: 'Password' | 'TargetPassword'): string | undefined {
  const cell = report.cell(column);
  if (isBlank(cell)) return undefined;
  if (cell !== cell.trim())
    report.add('warning', 'CSV_PASSWORD_SPACES', { column, message: `${column} begins or ends with a space.` });
  checkLength(report, column, maxLength.password);
  checkControlCharacters(report, column);
  warnOfOddCharacter(report, column);
  return cell;
}

/** Microsoft: at least 8 characters, since the mailbox is made with it. */
export function stagedPassword(report: RowReport): string | undefined {
  const value = password(report, 'Password');
  if (value !== undefined && Array.from(value).length < minStagedPassword)
    report.add('error', 'CSV_PASSWORD_SHORT', { column: 'Password' });
  return value;
}

export function userRoot(report: RowReport): string | undefined {
  const column = 'UserRoot';
  if (isBlank(report.cell(column))) return undefined;
  checkLength(report, column, maxLength.name);
  checkControlCharacters(report, column);
  warnOfOddCharacter(report, column);
  return withoutSpaces(report, column);
}

const otherWords: Readonly<Record<string, 'True' | 'False'>> = {
  yes: 'True',
  y: 'True',
  '1': 'True',
  wahr: 'True',
  no: 'False',
  n: 'False',
  '0': 'False',
  falsch: 'False',
};

export function forceChangePassword(report: RowReport): boolean | undefined {
  const column = 'ForceChangePassword';
  const word = report.cell(column).trim().toLowerCase();
  if (word === '') return undefined;
  if (word === 'true') return true;
  if (word === 'false') return false;
  const other = Object.hasOwn(otherWords, word) ? otherWords[word] : undefined;
  const meant = other ?? closestName(word, ['True', 'False']);
  const suggestion = meant === undefined ? 'Write True or False.' : `Did you mean ${meant}?`;
  report.add('error', 'CSV_FORCE_CHANGE_INVALID', { column, suggestion });
  return undefined;
}
