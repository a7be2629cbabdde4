import { assertNever } from '../assert-never.ts';
import type { MigrationType } from '../endpoint.ts';
import type { MailboxJob } from '../mailbox-job.ts';
import { withoutPrefix } from '../routing-address.ts';

/**
 * Where new mail of a mailbox that is not migrated goes now: the question that everybody has who stopped a batch. What
 * the migration itself changes is the forwarding of a staged one; an MX record is the admin's.
 */
export function newMailOf(type: MigrationType): string {
  switch (type) {
    case 'imap':
      return 'To the source mailbox, as before: nothing was changed there.';
    case 'staged':
      return 'To the target mailbox where forwarding was set at the source, else to the source mailbox as before.';
    case 'cutover':
      return 'To the source mailbox until the MX record points to the target.';
    default:
      return assertNever(type);
  }
}

/** The same of one mailbox, as its journal of the forwarding address has it. */
export function newMailOfMailbox({ forwarding }: Pick<MailboxJob, 'forwarding'>, type: MigrationType): string {
  if (type !== 'staged') return newMailOf(type);
  if (forwarding === undefined) return placeOf(null);
  switch (forwarding.state) {
    case 'set':
    case 'found':
      return `To ${withoutPrefix(forwarding.next)}: forwarding is set at the source.`;
    case 'intended':
      return `To ${withoutPrefix(forwarding.next)} if forwarding was set before the work broke off; a retry makes it sure.`;
    case 'put-back':
      return placeOf(forwarding.before);
    case 'left':
      return forwarding.why === undefined
        ? placeOf(forwarding.actual ?? null)
        : `To ${withoutPrefix(forwarding.next)}: it could not be put back (${forwarding.why})`;
  }
}

function placeOf(targetAddress: string | null): string {
  return targetAddress === null ? 'To the source mailbox, as before.' : `To ${withoutPrefix(targetAddress)}.`;
}
