import { restBatch } from '../../shared/application/rest-batch.ts';
import { BatchPosition } from '../../shared/domain/workflow-steps.ts';
import { batchStore, clock, workflow } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = { store: batchStore(env), workflow: workflow(env), clock, log };

export const handler = serviceHandler(BatchPosition, (input) => restBatch(services, input));
