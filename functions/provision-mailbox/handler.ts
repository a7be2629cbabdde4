import { provisionMailbox } from '../../shared/application/prepare/provision-mailbox.ts';
import { PrepareInput } from '../../shared/domain/workflow-steps.ts';
import { batchStore, bothDirectories, clock, settings } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = {
  store: batchStore(env),
  settings: settings(env),
  ...bothDirectories(),
  clock,
  log,
};

export const handler = serviceHandler(PrepareInput, (input, invocation) =>
  provisionMailbox(services, input, invocation),
);
