import { putBackForwarding } from '../../shared/application/prepare/put-back-forwarding.ts';
import { BatchPosition } from '../../shared/domain/workflow-steps.ts';
import { batchStore, bothDirectories, clock } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = { store: batchStore(env), ...bothDirectories(), clock, log };

export const handler = serviceHandler(BatchPosition, (input, invocation) =>
  putBackForwarding(services, input, invocation),
);
