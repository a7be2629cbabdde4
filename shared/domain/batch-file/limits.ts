import type { MigrationType } from '../endpoint.ts';

/** Microsoft, "CSV files for IMAP migrations": at most 50,000 rows and 10 MB; "CSV files for migration": staged 2,000. */
export const maxFileBytes = 10 * 1024 * 1024;

const maxRows: Record<Exclude<MigrationType, 'cutover'>, number> = { imap: 50_000, staged: 2_000 };

/** Rows that a file may have; 0 where the type takes no file. */
export function rowLimit(type: MigrationType): number {
  return type === 'cutover' ? 0 : maxRows[type];
}

/**
 * Longest values, in characters. Addresses: RFC 5321 section 4.5.3.1 (64 + @ + 255), in octets: they are keys of a table. The others are far above what
 * servers take, and below what an open double quote gathers.
 */
export const maxLength = { address: 320, name: 1024, password: 1024, option: 8192 } as const;
