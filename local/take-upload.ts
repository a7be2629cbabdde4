import { userInfo } from 'node:os';
import type { Services } from '../shared/application/services.ts';
import { sendRefusedMail } from '../shared/application/send-refused-mail.ts';
import { startFromUpload } from '../shared/application/start-from-upload.ts';
import { fileVersion } from '../shared/adapters/local/file-object-store.ts';
import type { DroppedFile } from './incoming-watcher.ts';

/**
 * A dropped file starts its batch, as an upload does on AWS. One that is refused is removed as well: it holds passwords,
 * and the mail says what was wrong with it.
 */
export async function takeUpload(services: Services, file: DroppedFile): Promise<void> {
  const version = await fileVersion(file.path);
  if (version === undefined) return;
  const upload = { key: file.key, version };
  const startedBy = accountOf(file.owner);
  const start = await startFromUpload(services, { ...upload, startedBy });
  if (start.outcome !== 'refused') return;
  const { batch, endpoint, code, reason } = start;
  await sendRefusedMail(services, { batch, endpoint, code, reason, upload, startedBy });
  await services.objects.remove(upload.key, upload.version);
}

/** The owner's name where it is this process's own account; other names are not Node's to look up. */
function accountOf(owner: number): string {
  const { uid, username } = userInfo();
  return uid === owner ? username : `uid ${String(owner)}`;
}
