import { reportFolder, reportKey, type ReportName } from '../../domain/report/report-files.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

type Located = 'statistics' | 'errors' | 'skipped' | 'verification';

/** Where people find a batch's reports: paths or s3:// URIs that stay valid; null while one is not written yet. */
export async function locateReports(
  objects: Pick<ObjectStore, 'list' | 'locate'>,
  batch: string,
): Promise<Readonly<Record<Located, string | null>>> {
  const written = new Set<string>();
  for await (const key of objects.list(reportFolder(batch))) written.add(key);
  const locate = (name: ReportName): string | null => {
    const key = reportKey(batch, name);
    return written.has(key) ? objects.locate(key) : null;
  };
  return {
    statistics: locate('statistics'),
    errors: locate('errors'),
    skipped: locate('skipped'),
    verification: locate('verification'),
  };
}
