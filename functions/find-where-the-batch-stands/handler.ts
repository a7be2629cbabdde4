import { z } from 'zod';
import { findWhereTheBatchStands } from '../../shared/application/find-where-the-batch-stands.ts';
import { MigrateBatchInput } from '../../shared/domain/workflow-steps.ts';
import { batchStore, clock, workflow } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const services = { store: batchStore(env), workflow: workflow(env), clock, log };

/** The execution's input, and who it is. */
const FindInput = z.object({ execution: z.string(), input: MigrateBatchInput });

export const handler = serviceHandler(FindInput, ({ execution, input }) =>
  findWhereTheBatchStands(services, { ...input, execution }),
);
