import { GraphFailure } from './graph-failure.ts';
import type { GraphCall } from './graph-call.ts';
import type { OnlineMailbox } from './store/online-mailbox.ts';
import type { OnlineUser } from './store/online-user.ts';
import type { PracticeApplication } from './store/tenant.ts';

/** The user whose mailbox a request names; 404 where there is none. */
export function userOf(call: GraphCall): OnlineUser {
  const name = call.parameters['user'] ?? '';
  const user = call.tenant.user(name);
  if (user !== undefined) return user;
  throw new GraphFailure({
    status: 404,
    code: 'ErrorInvalidUser',
    message: `The requested user '${name}' is invalid.`,
  });
}

/** The mailbox that a request names; 404 while there is none, 403 where the application may not open it. */
export function mailboxOf(call: GraphCall): OnlineMailbox {
  return openMailbox(userOf(call), call.application);
}

export function openMailbox(user: OnlineUser, application: PracticeApplication): OnlineMailbox {
  if (!mayOpen(application, user))
    throw new GraphFailure({
      status: 403,
      code: 'ErrorAccessDenied',
      message: 'Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.',
    });
  const mailbox = user.lookForMailbox();
  if (mailbox !== undefined) return mailbox;
  throw new GraphFailure({
    status: 404,
    code: 'MailboxNotEnabledForRESTAPI',
    message: 'The mailbox is either inactive, soft-deleted, or is hosted on-premise.',
  });
}

function mayOpen({ mailboxes = '*' }: PracticeApplication, { mail, userPrincipalName }: OnlineUser): boolean {
  if (mailboxes === '*') return true;
  const names = [mail, userPrincipalName].map((name) => name?.toLowerCase());
  return mailboxes.some((address) => names.includes(address.toLowerCase()));
}
