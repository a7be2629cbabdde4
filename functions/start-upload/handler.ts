import { sendRefusedMail } from '../../shared/application/send-refused-mail.ts';
import { startFromUpload } from '../../shared/application/start-from-upload.ts';
import { batchStore, clock, mailer, settings, workflow } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';
import { UploadEvent } from './upload-event.ts';

const env = parseEnvironment(Environment);
const services = {
  store: batchStore(env),
  workflow: workflow(env),
  mailer: mailer(env),
  settings: settings(env),
  clock,
  log,
};

export const handler = serviceHandler(UploadEvent, async (upload) => {
  const start = await startFromUpload(services, upload);
  if (start.outcome !== 'refused') return start;
  const { batch, endpoint, code, reason } = start;
  // The file itself is not this function's to touch: it expires with the day.
  await sendRefusedMail(services, { batch, endpoint, code, reason, upload, startedBy: upload.startedBy });
  return { outcome: start.outcome, batch, code };
});
