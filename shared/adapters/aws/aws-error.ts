import { z } from 'zod';
import { TransientError } from '../../domain/errors.ts';

/** What the SDK tells of a failure; `code` is that of the network where no answer came. */
const AwsFailure = z.object({
  name: z.string(),
  message: z.string(),
  code: z.string().optional(),
  $metadata: z.object({ httpStatusCode: z.int().optional() }).optional(),
});

/**
 * "Come again later", in the words of DynamoDB, S3, KMS, Step Functions, Secrets Manager and SES (each API reference,
 * "Common Errors"). The SDK has repeated the request already.
 */
const transientNames = new Set([
  'InternalError',
  'InternalFailure',
  'InternalServerError',
  'InternalServiceError',
  'KMSInternalException',
  'DependencyTimeoutException',
  'LimitExceededException',
  'OperationAborted',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestTimeout',
  'RequestTimeoutException',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TimeoutError',
]);

const networkCodes = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/** Translates what passes by itself; all other errors are returned as they are. */
export function asAwsError(error: unknown, service: string): unknown {
  const failure = AwsFailure.safeParse(error);
  if (!failure.success || !passes(failure.data)) return error;
  return new TransientError({
    code: 'STORE_UNAVAILABLE',
    message: `${service} did not answer as it should (${failure.data.name}).`,
    cause: error,
  });
}

function passes({ name, code, $metadata }: z.infer<typeof AwsFailure>): boolean {
  const status = $metadata?.httpStatusCode ?? 0;
  return transientNames.has(name) || (code !== undefined && networkCodes.has(code)) || status >= 500 || status === 429;
}

/** True for an error that the service calls by one of these names. */
export function isNamed(error: unknown, ...names: readonly string[]): boolean {
  const failure = AwsFailure.safeParse(error);
  return failure.success && names.includes(failure.data.name);
}

/** Does the work; errors come translated. */
export async function onAws<Result>(service: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw asAwsError(error, service);
  }
}
