import { copySlice } from '../../shared/application/copy/copy-slice.ts';
import { SliceInput } from '../../shared/domain/workflow-steps.ts';
import { batchStore, clock, mailServers, objectStore, sealer, settings } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const objects = objectStore(env);
const services = {
  store: batchStore(env),
  objects,
  sealer: sealer(env),
  settings: settings(env),
  ...mailServers(objects),
  clock,
  log,
};

export const handler = serviceHandler(SliceInput, (input, invocation) => copySlice(services, input, invocation));
