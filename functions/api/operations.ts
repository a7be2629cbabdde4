import type { z } from 'zod';
import { batchOperations } from '../../shared/operations/batch-operations.ts';
import { endpointOperations } from '../../shared/operations/endpoint-operations.ts';
import type { OperationServices } from '../../shared/operations/operation-services.ts';
import { CommandError } from '../../shared/contract/problem.ts';
import type { Operations } from '../../shared/contract/routes.ts';
import { secretReferences } from '../../shared/domain/secret-references.ts';
import { parseEndpoint } from '../../shared/domain/parse-endpoint.ts';
import { batchStore, clock, objectStore, otherFunctions, probe, settings, workflow } from '../container.ts';
import { log } from '../middleware/logger.ts';
import type { Environment } from './env.ts';
import { refuseLargeEndpoint } from './refuse-large-endpoint.ts';
import { remoteDirectory } from './remote-directory.ts';

/** Rows are read by an execution, which is seconds away: so long a request waits for them. */
const readWithinMs = 12_000;
const lookEveryMs = 500;

/** The operations of the API over what the functions have. */
export function apiOperations(env: z.output<typeof Environment>): Operations {
  const services: OperationServices = {
    store: batchStore(env),
    objects: objectStore(env),
    workflow: workflow(env),
    endpointProbe: probe(env),
    settings: settings(env),
    clock,
    log,
  };
  const endpoints = endpointOperations(services);
  return {
    showService: () => Promise.resolve({ kind: 'serve', pid: process.pid, dataDir: `s3://${env.DATA_BUCKET}` }),
    ...endpoints,
    putEndpoint: async (request) => {
      refuseLocalSecrets(request.endpoint);
      refuseLargeEndpoint(request.endpoint);
      return await endpoints.putEndpoint(request);
    },
    ...batchOperations({ services, settled: (batch) => rowsRead(services, batch), mailFolder: null }),
    ...remoteDirectory({ client: otherFunctions(), functionName: env.DIRECTORY_FUNCTION }),
  };
}

/** Resolves when nothing runs for the batch, or when it has taken long enough: then `batch show` tells more later. */
async function rowsRead({ store }: Pick<OperationServices, 'store'>, name: string): Promise<void> {
  const until = clock.now() + readWithinMs;
  while (clock.now() < until) {
    const batch = await store.getBatch(name);
    if (batch === undefined || (batch.uploads.length === 0 && batch.run === null)) return;
    await clock.sleep(lookEveryMs);
  }
}

/** What is wrong with the endpoint otherwise is said by who stores it. */
function refuseLocalSecrets(definition: unknown): void {
  const parsed = parseEndpoint(definition);
  if (parsed.outcome !== 'parsed') return;
  const local = secretReferences(parsed.endpoint).filter(({ reference }) => !reference.startsWith('secretsmanager:'));
  if (local.length === 0) return;
  throw CommandError.usage(
    local.map(({ setting, reference }) => `${setting}: ${reference} cannot be read on AWS.`).join('\n'),
    'Store the secret with `aws secretsmanager create-secret --name stagecoach/NAME`, and refer to it as secretsmanager:stagecoach/NAME.',
  );
}
