import { CommandError } from '../../shared/contract/problem.ts';

/** DynamoDB keeps 400 KB in an item, and every slice reads this one. A whole system's authorities have 200 KB and more. */
const largestEndpoint = 200_000;

export function refuseLargeEndpoint(definition: unknown): void {
  if (Buffer.byteLength(JSON.stringify({ definition })) <= largestEndpoint) return;
  throw CommandError.usage(
    `The endpoint has more than ${String(largestEndpoint / 1000)} KB.`,
    'Name a file with the certificates of the servers’ own authorities alone in tls.caFile.',
  );
}
