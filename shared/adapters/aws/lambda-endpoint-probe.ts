import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import { Keeps } from '../../domain/endpoint.ts';
import type { Endpoint } from '../../domain/endpoint.ts';
import { errorCatalogue } from '../../domain/error-catalogue.ts';
import type { ErrorCode } from '../../domain/error-catalogue.ts';
import { TransientError } from '../../domain/errors.ts';
import type { Discovery, EndpointCheck, EndpointProbe, StorageProbe } from '../../ports/endpoint-probe.ts';
import { onAws } from './aws-error.ts';

const isErrorCode = (code: string): code is ErrorCode => code in errorCatalogue;

const Check: z.ZodType<EndpointCheck> = z.object({
  side: z.enum(['source', 'target', 'directory', 'target-directory']),
  check: z.enum(['reachable', 'certificate', 'sign-in', 'capabilities', 'mailbox', 'storage', 'rights', 'recipients']),
  result: z.enum(['pass', 'warn', 'fail', 'cannot-check']),
  code: z.string().refine(isErrorCode).nullable(),
  transient: z.boolean(),
  evidence: z.string(),
  fix: z.string(),
});
const Checks = z.array(Check);
const Discovered: z.ZodType<Discovery> = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('found'), ewsUrl: z.string() }),
  z.object({ outcome: z.literal('failed'), checks: Checks }),
]);
/** A function's answer leaves out what is undefined. */
const Storage = z
  .object({ check: Check, keeps: Keeps.optional() })
  .transform(({ check, keeps }): StorageProbe => ({ check, keeps }));

/**
 * Has a function of its own look at the mail servers: it is where the mail servers are reached from (the network with
 * the fixed address) and may read the endpoints' secrets; who asks it need have neither.
 */
export function lambdaEndpointProbe({
  client,
  functionName,
}: {
  readonly client: LambdaClient;
  /** Name or ARN. */
  readonly functionName: string;
}): EndpointProbe {
  const ask = async (request: { readonly endpoint: Endpoint; readonly [part: string]: unknown }): Promise<unknown> => {
    const command = new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(request)) });
    const { FunctionError: failed, Payload: payload } = await onAws('Lambda', () => client.send(command));
    if (failed === undefined) return JSON.parse(Buffer.from(payload ?? []).toString('utf8'));
    // Its log says why; most likely a server kept it waiting until its time was over.
    throw new TransientError({
      code: 'SOURCE_UNREACHABLE',
      message: `The servers of ${request.endpoint.name} could not be looked at in time: one of them may be unreachable from AWS.`,
    });
  };
  return {
    probe: async (endpoint, mailboxes) => Checks.parse(await ask({ look: 'servers', endpoint, mailboxes })),
    discover: async (endpoint) => Discovered.parse(await ask({ look: 'discovery', endpoint })),
    probeDirectories: async (endpoint, sample) => Checks.parse(await ask({ look: 'directories', endpoint, sample })),
    probeStorage: async (endpoint, mailbox) => Storage.parse(await ask({ look: 'storage', endpoint, mailbox })),
  };
}
