import { sendBatchMail } from '../../shared/application/send-batch-mail.ts';
import { MailInput } from '../../shared/domain/workflow-steps.ts';
import { batchStore, clock, mailer, objectStore, settings } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = {
  store: batchStore(env),
  objects: objectStore(env),
  mailer: mailer(env),
  settings: settings(env),
  clock,
  log,
};

export const handler = serviceHandler(MailInput, (input) => sendBatchMail(services, input));
