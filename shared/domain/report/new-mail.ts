import { assertNever } from '../assert-never.ts';
import type { MigrationType } from '../endpoint.ts';

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
