import { createHash } from 'node:crypto';
import { Name } from '../domain/endpoint.ts';
import type { ErrorCode } from '../domain/error-catalogue.ts';
import { parseOptions } from '../domain/options.ts';
import { refusedMail } from '../domain/report/mail/refused-mail.ts';
import { deliverMail } from './mails/deliver-mail.ts';
import type { MailServices } from './send-batch-mail.ts';

/** An upload of which no batch came: no such endpoint, a name that cannot be one, a batch that takes no rows now. */
export interface RefusedUpload {
  /** As in the file's name: may be no valid names. */
  readonly batch: string;
  readonly endpoint: string;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly upload: { readonly key: string; readonly version: string };
  readonly startedBy: string | null;
}

/** Tells the endpoint's people, else the deployment's operator; once per version of the file. Never throws over mail. */
export async function sendRefusedMail(services: Omit<MailServices, 'objects'>, refused: RefusedUpload): Promise<void> {
  const { upload, ...about } = refused;
  await deliverMail(services, {
    batch: recordName(refused.batch),
    kind: 'refused',
    // Hashed: keys and versions are as long as a sort key may be.
    occasion: `upload-${createHash('sha256')
      .update(JSON.stringify([upload.key, upload.version]))
      .digest('hex')
      .slice(0, 16)}`,
    to: await recipients(services, refused.endpoint),
    compose: () =>
      Promise.resolve({
        content: refusedMail({ ...about, upload: upload.key, touched: false, findings: [], checks: [] }),
        attachments: [],
      }),
  });
}

async function recipients(
  { store, settings }: Pick<MailServices, 'store' | 'settings'>,
  endpointName: string,
): Promise<readonly string[]> {
  const endpoint = Name.safeParse(endpointName).success ? await store.getEndpoint(endpointName) : undefined;
  const notify = parseOptions(endpoint?.defaults ?? {}).options.notify ?? [];
  if (notify.length > 0) return notify;
  return settings.operator === null ? [] : [settings.operator];
}

/** The mail is recorded under the batch's name, or what is left of it when it cannot be one. */
function recordName(batch: string): string {
  const name = batch.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, 64);
  return Name.safeParse(name).success ? name : 'uploads';
}
