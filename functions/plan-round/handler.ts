import { planRound } from '../../shared/application/plan-round.ts';
import { BatchPosition } from '../../shared/domain/workflow-steps.ts';
import { batchStore, clock, objectStore, settings } from '../container.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = { store: batchStore(env), objects: objectStore(env), clock, settings: settings(env) };

export const handler = serviceHandler(BatchPosition, (input) => planRound(services, input));
