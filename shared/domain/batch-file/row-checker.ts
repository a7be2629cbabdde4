import { closestName } from '../closest-name.ts';
import { parseOption, type BatchOptions, type ParsedOption } from '../options.ts';
import type { BadRow, BatchFileRow, RowRules } from './batch-file-row.ts';
import {
  emailAddress,
  forceChangePassword,
  isBlank,
  password,
  stagedPassword,
  userName,
  userRoot,
} from './cell-rules.ts';
import { isSecretColumn, type Column } from './columns.ts';
import { finding, type Finding } from './finding.ts';
import { maxLength } from './limits.ts';
import { RowReport, type FileRecord } from './row-report.ts';
import { domainOf, isPublicProvider, looksLikeAddress } from './smtp-address.ts';
import { userNameForm } from './user-name-form.ts';

export type CheckedRow =
  | { readonly kind: 'accepted'; readonly row: BatchFileRow; readonly findings: readonly Finding[] }
  | { readonly kind: 'bad'; readonly row: BadRow; readonly findings: readonly Finding[] };

const maxParsedOptions = 1000;

/** Checks the rows of one file, one after the other, since duplicates show only against the rows before. */
export class RowChecker {
  readonly #columns: readonly Column[];
  readonly #rules: RowRules;
  /** Line of each lower-cased address so far. */
  readonly #addresses = new Map<string, number>();
  /** The mailboxes of each side so far. */
  readonly #sources = new Set<string>();
  readonly #targets = new Set<string>();
  readonly #domains = new Map<string, { rows: number; readonly line: number; readonly row: number }>();
  readonly #parsedOptions = new Map<string, ParsedOption>();
  #warnedOfPasswords = false;

  constructor(columns: readonly Column[], rules: RowRules) {
    this.#columns = columns;
    this.#rules = rules;
  }

  check(record: FileRecord): CheckedRow {
    const report = new RowReport(record, this.#columns);
    if (record.cells.length !== this.#columns.length) return this.#wrongColumnCount(record, report);
    const row = this.#read(record, report);
    const { findings } = report;
    if (row !== undefined && !report.isBad) return { kind: 'accepted', row, findings };
    return { kind: 'bad', row: badRow(record, report), findings };
  }

  /** What shows only when all rows are known: a domain that is nearly that of nearly all the others. */
  finish(): readonly Finding[] {
    const domains = [...this.#domains].sort(([, a], [, b]) => b.rows - a.rows);
    const [main, ...others] = domains;
    if (main === undefined || main[1].rows < 10) return [];
    const field = this.#columns.findIndex(({ name }) => name === 'EmailAddress') + 1;
    return others
      .filter(([domain, { rows }]) => rows * 20 <= main[1].rows && closestName(domain, [main[0]]) !== undefined)
      .map(([domain, { line, row }]) =>
        finding('warning', 'CSV_ADDRESS_DOUBTFUL', {
          line,
          row,
          column: 'EmailAddress',
          field,
          message: `The domain of EmailAddress is nearly, but not quite, that of most other rows (${main[0]}).`,
          suggestion: `Check ${domain}: a typing error?`,
        }),
      );
  }

  #wrongColumnCount(record: FileRecord, report: RowReport): CheckedRow {
    const [expected, actual] = [this.#columns.length, record.cells.length];
    report.add('fatal', 'CSV_COLUMN_COUNT', {
      // Microsoft's words (KB 10062).
      message: `Row ${record.row} has the wrong number of columns. Expected number: ${expected}. Actual number: ${actual}. Please edit this row and re-submit the file.`,
      suggestion:
        actual > expected
          ? 'Put a value that holds a comma into double quotes, and remove commas too many at the end.'
          : 'Keep the comma of a value that is empty.',
    });
    return {
      kind: 'bad',
      row: { line: record.line, row: record.row, findings: report.findings },
      findings: report.findings,
    };
  }

  #read(record: FileRecord, report: RowReport): BatchFileRow | undefined {
    const address = this.#address(report);
    const values = this.#rules.type === 'staged' ? this.#stagedValues(report) : this.#imapValues(report, address);
    const options = this.#options(report);
    if (address === undefined) return undefined;
    return {
      line: record.line,
      row: record.row,
      emailAddress: address,
      ...values,
      options,
      ignored: this.#ignored(report),
    };
  }

  #address(report: RowReport): string | undefined {
    const address = emailAddress(report);
    if (address === undefined) return undefined;
    const key = address.toLowerCase();
    const earlier = this.#addresses.get(key);
    if (earlier === undefined) this.#addresses.set(key, report.record.line);
    else {
      const message = `The mailbox is already in line ${earlier} of the file.`;
      report.add('error', 'CSV_ADDRESS_DUPLICATE', { column: 'EmailAddress', message });
    }
    this.#noteDomain(report, domainOf(address));
    return address;
  }

  #noteDomain(report: RowReport, domain: string): void {
    const known = this.#domains.get(domain);
    if (known !== undefined) {
      known.rows += 1;
      return;
    }
    this.#domains.set(domain, { rows: 1, line: report.record.line, row: report.record.row });
    if (this.#rules.type === 'imap' && isPublicProvider(domain))
      report.add('warning', 'CSV_ADDRESS_DOUBTFUL', {
        column: 'EmailAddress',
        message: `EmailAddress is the target mailbox, but ${domain} is where people have private mailboxes.`,
        suggestion: 'Put the address of the new mailbox into EmailAddress, and that of the old one into UserName.',
      });
  }

  #stagedValues(report: RowReport): Partial<BatchFileRow> {
    return present({ password: stagedPassword(report), forceChangePassword: forceChangePassword(report) });
  }

  #imapValues(report: RowReport, address: string | undefined): Partial<BatchFileRow> {
    const { sourceLogin, targetLogin } = this.#rules;
    const source = { user: userName(report, 'UserName'), root: userRoot(report) };
    const target = userName(report, 'TargetUserName');
    if (source.user === undefined && sourceLogin === 'user' && report.has('UserName'))
      report.add('error', 'CSV_USERNAME_EMPTY', { column: 'UserName' });
    if (source.user !== undefined && sourceLogin === 'admin' && userNameForm(source.user).admin !== null)
      report.add('warning', 'CSV_USERNAME_ADMIN', { column: 'UserName' });
    this.#noteMailboxes(report, {
      source: `${source.user ?? address ?? ''}\n${source.root ?? ''}`,
      target: target ?? address ?? '',
    });
    // A password that neither side signs in with goes no further.
    const isUsed = sourceLogin === 'user' || targetLogin === 'user';
    const isTargetUsed = targetLogin === undefined || targetLogin === 'user';
    if (!isUsed) this.#warnOfUnused(report, 'Password');
    if (!isTargetUsed) this.#warnOfUnused(report, 'TargetPassword');
    const passwords = {
      password: isUsed ? password(report, 'Password') : undefined,
      targetPassword: isTargetUsed ? password(report, 'TargetPassword') : undefined,
    };
    this.#requirePasswords(report, address, passwords);
    return present({ userName: source.user, userRoot: source.root, targetUserName: target, ...passwords });
  }

  #requirePasswords(
    report: RowReport,
    address: string | undefined,
    given: { readonly password: string | undefined; readonly targetPassword: string | undefined },
  ): void {
    const { sourceLogin, targetLogin, hasSealedPassword } = this.#rules;
    if (given.password !== undefined) return;
    if (address !== undefined && hasSealedPassword?.(address) === true) return;
    if (sourceLogin === 'user') {
      if (report.has('Password')) report.add('error', 'CSV_PASSWORD_EMPTY', { column: 'Password' });
    } else if (targetLogin === 'user' && given.targetPassword === undefined)
      report.add('error', 'CSV_PASSWORD_EMPTY', {
        column: 'TargetPassword',
        message: 'Neither TargetPassword nor Password is filled in, and the target signs in with one of them.',
      });
  }

  /** Said once a file: the advice is about the column. */
  #warnOfUnused(report: RowReport, column: 'Password' | 'TargetPassword'): void {
    if (this.#warnedOfPasswords || isBlank(report.cell(column))) return;
    this.#warnedOfPasswords = true;
    report.add('warning', 'CSV_PASSWORD_UNUSED', { column });
  }

  #noteMailboxes(report: RowReport, side: { readonly source: string; readonly target: string }): void {
    // A bad row is not migrated: it shares no mailbox with another, whatever it says.
    if (report.isBad) return;
    const [source, target] = [side.source.toLowerCase(), side.target.toLowerCase()];
    if (this.#sources.has(source)) {
      const message = 'An earlier row reads the same source mailbox (UserName and UserRoot).';
      report.add('warning', 'CSV_MAILBOX_TWICE', { column: 'UserName', message });
    }
    if (this.#targets.has(target)) {
      const message =
        'An earlier row writes into the same target mailbox (TargetUserName, or EmailAddress without it).';
      report.add('warning', 'CSV_MAILBOX_TWICE', { column: 'TargetUserName', message });
    }
    this.#sources.add(source);
    this.#targets.add(target);
  }

  #options(report: RowReport): BatchOptions {
    let options: BatchOptions = {};
    for (const { kind, name } of this.#columns) {
      const cell = kind === 'option' ? report.cell(name) : '';
      // A blank cell takes the value of the batch (New-MigrationBatch).
      if (isBlank(cell)) continue;
      if (cell.length > maxLength.option) {
        report.add('error', 'CSV_VALUE_TOO_LONG', { column: name });
        continue;
      }
      const parsed = this.#parse(name, cell);
      if (parsed.outcome === 'parsed') options = { ...options, ...parsed.options };
      else
        report.add('error', 'CSV_OPTION_INVALID', {
          column: name,
          message: parsed.message,
          suggestion: parsed.suggestion,
        });
    }
    return options;
  }

  /** Columns of options mostly hold a few values over and over. */
  #parse(name: string, cell: string): ParsedOption {
    const key = `${name}=${cell}`;
    const known = this.#parsedOptions.get(key);
    if (known !== undefined) return known;
    const parsed = parseOption(name, cell, 'row');
    if (this.#parsedOptions.size < maxParsedOptions) this.#parsedOptions.set(key, parsed);
    return parsed;
  }

  #ignored(report: RowReport): Readonly<Record<string, string>> {
    const marked = this.#columns.filter((column) => column.kind === 'marked' && !isSecretColumn(column));
    return Object.fromEntries(marked.map(({ name }) => [name, report.cell(name)]));
  }
}

function badRow({ line, row }: FileRecord, report: RowReport): BadRow {
  const address = report.cell('EmailAddress').trim();
  return { line, row, ...(looksLikeAddress(address) ? { emailAddress: address } : {}), findings: report.findings };
}

type Present<Fields> = { readonly [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };

/** Leaves out what is undefined. */
function present<Fields extends object>(fields: Fields): Present<Fields>;
function present(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
