import type { MailFile } from '../../domain/report/mail/mail-content.ts';
import { fileName, reportFiles, reportKey, type ReportFileName } from '../../domain/report/report-files.ts';
import type { MailMessage } from '../../ports/mailer.ts';
import type { Services } from '../services.ts';

/** Larger files are linked: many servers refuse mails of more than a few megabytes. */
const mostAttachedOctets = 1024 * 1024;

/** In the order in which an admin wants them. */
const mailed: readonly ReportFileName[] = [
  'statistics',
  'errors',
  'failed-rows',
  'sync-errors',
  'skipped',
  'verification',
];

/** Worth showing only where they list something. */
const onlyWithRows: readonly ReportFileName[] = ['failed-rows', 'sync-errors'];

/** The reports as a mail shows them: small ones attached, each with a place that stays valid (never presigned). */
export async function mailReports(
  { objects, settings }: Pick<Services, 'objects' | 'settings'>,
  batch: string,
): Promise<{ readonly files: readonly MailFile[]; readonly attachments: MailMessage['attachments'] }> {
  const files: MailFile[] = [];
  const attachments: MailMessage['attachments'][number][] = [];
  for (const name of mailed) {
    const key = reportKey(batch, name);
    const found = await smallObject(objects, key);
    if (found === 'absent' || (onlyWithRows.includes(name) && found !== 'large' && !hasRows(found))) continue;
    files.push({ name: fileName(name), location: locationOf({ objects, settings }, key), attached: found !== 'large' });
    if (found !== 'large')
      attachments.push({ name: fileName(name), contentType: reportFiles[name].contentType, octets: found });
  }
  return { files, attachments };
}

/** A header alone ends with the file's only line end. */
function hasRows(octets: Uint8Array): boolean {
  return octets.indexOf(0x0a) < octets.length - 1;
}

function locationOf({ objects, settings }: Pick<Services, 'objects' | 'settings'>, key: string): string {
  return settings.consoleUrl === null ? objects.locate(key) : settings.consoleUrl + key;
}

/** The octets if they are few enough to attach; a large object is not read to its end. */
async function smallObject(objects: Services['objects'], key: string): Promise<Uint8Array | 'absent' | 'large'> {
  const chunks = await objects.stream(key);
  if (chunks === undefined) return 'absent';
  const kept: Uint8Array[] = [];
  let octets = 0;
  for await (const chunk of chunks) {
    octets += chunk.length;
    if (octets > mostAttachedOctets) return 'large';
    kept.push(chunk.slice());
  }
  return Buffer.concat(kept);
}
