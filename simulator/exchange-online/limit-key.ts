import type { OnlineUser } from './store/online-user.ts';
import type { PracticeApplication } from './store/tenant.ts';

/** Limits count for an application and a mailbox together. */
export function limitKey(application: PracticeApplication, user: OnlineUser): string {
  return `${application.clientId} ${user.id}`;
}
