import { userInfo } from 'node:os';

/** The OS user: who started a batch stands in `batch show` and in the mails. */
export function whoAsks(): string {
  return userInfo().username;
}
