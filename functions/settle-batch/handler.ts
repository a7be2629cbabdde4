import { settleBatch } from '../../shared/application/settle-batch.ts';
import { BatchPosition } from '../../shared/domain/workflow-steps.ts';
import { batchStore, clock } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = { store: batchStore(env), clock, log };

export const handler = serviceHandler(BatchPosition, (input) => settleBatch(services, input));
