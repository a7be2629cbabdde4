import { prepareRound } from '../../shared/application/prepare/prepare-round.ts';
import { BatchPosition } from '../../shared/domain/workflow-steps.ts';
import { batchStore, bothDirectories, clock, objectStore, settings } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = {
  store: batchStore(env),
  objects: objectStore(env),
  settings: settings(env),
  ...bothDirectories(),
  clock,
  log,
};

export const handler = serviceHandler(BatchPosition, (input, invocation) => prepareRound(services, input, invocation));
