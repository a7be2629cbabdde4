import { forwardMail } from '../../shared/application/prepare/forward-mail.ts';
import { PrepareInput } from '../../shared/domain/workflow-steps.ts';
import { batchStore, bothDirectories, clock, sealer, settings } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = {
  store: batchStore(env),
  sealer: sealer(env),
  settings: settings(env),
  ...bothDirectories(),
  clock,
  log,
};

export const handler = serviceHandler(PrepareInput, (input, invocation) => forwardMail(services, input, invocation));
