import { checkPrerequisites } from '../../shared/application/check-prerequisites.ts';
import { BatchPosition } from '../../shared/domain/workflow-steps.ts';
import { batchStore, bothDirectories, clock, deploymentProbe, sealer, serverProbe } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = {
  store: batchStore(env),
  sealer: sealer(env),
  endpointProbe: serverProbe(),
  deploymentProbe: deploymentProbe(),
  ...bothDirectories(),
  clock,
  log,
};

export const handler = serviceHandler(BatchPosition, (input) => checkPrerequisites(services, input));
