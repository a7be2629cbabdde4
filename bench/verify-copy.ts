import { diffMailboxes } from '../test/support/mail/diff-mailboxes.ts';
import type { MailboxSnapshot } from '../test/support/mail/snapshot-mailbox.ts';

/** Compares two mailboxes by digest, flags, keywords and dates, and says in a few words how far they are the same. */
export function verifyCopy(source: MailboxSnapshot, target: MailboxSnapshot): string {
  const total = count(source);
  if (diffMailboxes(source, target, { ignore: ['empty-folders'] }).length === 0) return `all ${total} the same`;
  if (count(target) !== total) return `${count(target)} of ${total} messages`;
  const bodies = diffMailboxes(source, target, { ignore: ['flags', 'keywords', 'dates', 'empty-folders'] });
  if (bodies.length > 0) return `all ${total} there, ${altered(bodies)} bodies altered`;
  const flags = diffMailboxes(source, target, { ignore: ['keywords', 'dates', 'empty-folders'] });
  const keywords = diffMailboxes(source, target, { ignore: ['flags', 'dates', 'empty-folders'] });
  const dates = diffMailboxes(source, target, { ignore: ['flags', 'keywords', 'empty-folders'] });
  const found = [
    flags.length > 0 ? `flags of ${flags.length} differ` : '',
    keywords.length > 0 ? `keywords of ${keywords.length} differ` : '',
    dates.length > 0 ? `dates of ${dates.length} differ` : '',
  ];
  return `all ${total} bodies the same, ${found.filter(Boolean).join(', ')}`;
}

const count = (mailbox: MailboxSnapshot): number =>
  [...mailbox.values()].reduce((sum, folder) => sum + folder.messages.length, 0);

const altered = (differences: readonly string[]): number =>
  differences.filter((difference) => difference.includes('missing at the target')).length;
