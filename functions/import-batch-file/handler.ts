import { importBatchFile } from '../../shared/application/import-batch-file.ts';
import { BatchPosition } from '../../shared/domain/workflow-steps.ts';
import { batchStore, clock, objectStore, sealer } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = { store: batchStore(env), objects: objectStore(env), sealer: sealer(env), clock, log };

export const handler = serviceHandler(BatchPosition, (input) => importBatchFile(services, input));
