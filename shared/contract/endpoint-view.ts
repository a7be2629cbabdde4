import { z } from 'zod';
import { Endpoint } from '../domain/endpoint.ts';

/** One look at one side of an endpoint. */
export const EndpointCheckView = z.object({
  side: z.enum(['source', 'target', 'directory', 'target-directory']),
  check: z.string(),
  result: z.enum(['pass', 'warn', 'fail', 'cannot-check']),
  code: z.string().nullable(),
  evidence: z.string(),
  fix: z.string(),
});
export type EndpointCheckView = z.infer<typeof EndpointCheckView>;

/** `endpoint test --json` and `endpoint put --json`. Secrets are references and stay so. */
export const EndpointTested = z.object({
  endpoint: Endpoint,
  /** Empty where no test was asked for. */
  checks: z.array(EndpointCheckView),
});
export type EndpointTested = z.infer<typeof EndpointTested>;
