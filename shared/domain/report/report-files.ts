import { z } from 'zod';

/** What `batch report NAME <report>` prints. */
export const ReportName = z.enum([
  'statistics',
  'errors',
  'active',
  'sync-errors',
  'skipped',
  'verification',
  'failed-rows',
  'audit',
]);
export type ReportName = z.infer<typeof ReportName>;

/** Every file below reports/<batch>/: the verification report is there as JSON and as two tables. */
export const ReportFileName = z.enum([...ReportName.options, 'verificationFolders', 'verificationDifferences']);
export type ReportFileName = z.infer<typeof ReportFileName>;

export interface ReportFile {
  /** File name without extension; the second part of a long report is `<stem>-2.<extension>`. */
  readonly stem: string;
  readonly extension: 'csv' | 'json';
  readonly contentType: string;
}

const csv = (stem: string): ReportFile => ({ stem, extension: 'csv', contentType: 'text/csv; charset=utf-8' });

export const reportFiles = {
  statistics: csv('MigrationStatistics'),
  errors: csv('MigrationErrors'),
  active: csv('ActiveMailboxes'),
  'sync-errors': csv('SynchronisationErrors'),
  skipped: csv('SkippedItems'),
  verification: { stem: 'VerificationReport', extension: 'json', contentType: 'application/json' },
  'failed-rows': csv('FailedRows'),
  audit: csv('AuditTrail'),
  verificationFolders: csv('VerificationFolders'),
  verificationDifferences: csv('VerificationDifferences'),
} as const satisfies Record<ReportFileName, ReportFile>;

export function reportFolder(batch: string): string {
  return `reports/${batch}/`;
}

/** Object key of a report's part, from 1. */
export function reportKey(batch: string, name: ReportFileName, part = 1): string {
  return reportFolder(batch) + fileName(name, part);
}

export function fileName(name: ReportFileName, part = 1): string {
  const { stem, extension } = reportFiles[name];
  return `${stem}${part === 1 ? '' : `-${String(part)}`}.${extension}`;
}
