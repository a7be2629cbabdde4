import { bareWord, closestName } from '../closest-name.ts';
import type { MigrationType } from '../endpoint.ts';
import { optionDefinitions, optionNames, type OptionDefinition, type OptionName } from '../options.ts';
import type { RowRules } from './batch-file-row.ts';

/** Columns with a meaning of their own; Microsoft's, and two of ours for targets with passwords of their own. */
export type ColumnName =
  'EmailAddress' | 'UserName' | 'Password' | 'UserRoot' | 'ForceChangePassword' | 'TargetUserName' | 'TargetPassword';

/** What the cells of one column are. */
export type Column =
  | { readonly kind: 'value'; readonly name: ColumnName }
  | { readonly kind: 'option'; readonly name: OptionName }
  /** Begins with `_`: the admin's own, or ours in a failed-rows file. */
  | { readonly kind: 'marked'; readonly name: string }
  /** Without effect; its cells are not even looked at. */
  | { readonly kind: 'unused'; readonly name: string };

const columnsOf: Record<MigrationType, readonly ColumnName[]> = {
  imap: ['EmailAddress', 'UserName', 'Password', 'UserRoot', 'TargetUserName', 'TargetPassword'],
  staged: ['EmailAddress', 'Password', 'ForceChangePassword'],
  cutover: [],
};

const targetColumns: readonly string[] = ['TargetUserName', 'TargetPassword'] satisfies readonly ColumnName[];

const foreignColumns: Record<MigrationType, readonly string[]> = {
  imap: ['ForceChangePassword'],
  staged: ['UserName', 'UserRoot'],
  cutover: [],
};

/** Names that people give to columns, without case, spaces and punctuation. */
const otherNames: Readonly<Record<string, ColumnName>> = {
  email: 'EmailAddress',
  mail: 'EmailAddress',
  mailaddress: 'EmailAddress',
  address: 'EmailAddress',
  smtpaddress: 'EmailAddress',
  primarysmtpaddress: 'EmailAddress',
  user: 'UserName',
  login: 'UserName',
  loginname: 'UserName',
  account: 'UserName',
  samaccountname: 'UserName',
  pass: 'Password',
  pwd: 'Password',
  passwd: 'Password',
  passwort: 'Password',
  kennwort: 'Password',
  root: 'UserRoot',
  changepassword: 'ForceChangePassword',
  forcepasswordchange: 'ForceChangePassword',
  targetuser: 'TargetUserName',
  targetlogin: 'TargetUserName',
  targetpass: 'TargetPassword',
};

export function requiredColumns(rules: RowRules): readonly ColumnName[] {
  if (rules.type === 'imap' && rules.sourceLogin === 'user') return ['EmailAddress', 'UserName', 'Password'];
  return ['EmailAddress'];
}

/** The column that bears exactly this name, as Microsoft demands; undefined where there is none. */
export function columnNamed(name: string, type: MigrationType): Column | undefined {
  const value = columnsOf[type].find((known) => known === name);
  if (value !== undefined) return { kind: 'value', name: value };
  if (name.startsWith('_')) return { kind: 'marked', name };
  const option = optionNames.find((known) => known === name);
  if (option === undefined) return targetColumns.includes(name) ? { kind: 'unused', name } : undefined;
  const definition: OptionDefinition = optionDefinitions[option];
  return definition.levels.includes('row') ? { kind: 'option', name: option } : { kind: 'unused', name };
}

/** The column that a name was probably meant to be. */
export function columnMeant(name: string, type: MigrationType): Column | undefined {
  const other = Object.hasOwn(otherNames, bareWord(name)) ? otherNames[bareWord(name)] : undefined;
  const meant = other ?? closestName(name, [...columnsOf[type], ...optionNames]);
  return meant === undefined ? undefined : columnNamed(meant, type);
}

/** True for a column of Microsoft's that the other type of migration has. */
export function isForeignColumn(name: string, type: MigrationType): boolean {
  return foreignColumns[type].includes(name);
}

/** A column that holds passwords, whatever else it is: its cells are never kept. */
export function isSecretColumn(column: Column): boolean {
  return /pass|pwd|secret|kennwort|geheim|contrase|wachtwoord|credential/i.test(column.name);
}
