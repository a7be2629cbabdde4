import type { LoggedRequest } from '../../../simulator/exchange-online/request-log.ts';

/** Four requests at a time: three may have been on their way when the fourth was told to wait. */
export const mostOnTheirWay = 3;
/**
 * Where the program is a process of its own: when it comes to read that answer, the other three may have been answered as
 * well, and each may have made way for one more. Far fewer than a program sends that does not wait.
 */
export const mostOfAnotherProcess = 2 * mostOnTheirWay;

/**
 * Of every back-off in the log, the requests that came to the mailbox after the answer and before its Retry-After had
 * passed; a single mailbox is written. What lies inside of a batch is not counted, the batch is.
 */
export function requestsInBackOffs(requests: readonly LoggedRequest[]): readonly (readonly LoggedRequest[])[] {
  const ofMailbox = requests.filter(({ path, inBatch }) => !inBatch && mailboxPath.test(path));
  return requests.flatMap(({ number, status, retryAfter, answeredAt }) => {
    if (status !== 429 || retryAfter === undefined) return [];
    const until = answeredAt + retryAfter * 1_000;
    return [ofMailbox.filter((other) => other.number > number && other.at >= answeredAt && other.at < until)];
  });
}

/** Of the mailbox and not of its user in the directory. */
const mailboxPath = /^\/v1\.0\/(?:\$batch$|users\/[^/]+\/|admin\/)|^\/api\/gv1\.0\//;
