import type { Loss } from './graph-message.ts';

/** What a person reads of a loss. The short names stand in marks at the target and never change their meaning. */
const words: Readonly<Record<Loss, string>> = {
  address: 'addresses that are none are only in the original header',
  'body-attached': 'the text is too long for Exchange Online and is attached as a file',
  'message-id': 'its Message-ID is none that Exchange Online takes',
  'not-imported': 'the mailbox import did not take it as it was exported: made anew from its MIME',
  'pgp-structure': 'encrypted by PGP: its parts are attachments now',
  'reply-to': 'an address to reply to is none that Exchange Online takes',
  'several-authors': 'only the first of several authors',
  smime: 'encrypted or signed by S/MIME: kept as Exchange keeps it',
  'smime-signature': 'its signature cannot be verified any more',
  'subject-shortened': 'the subject was cut after 255 characters',
  'invitation-as-file': 'the invitation is a file now and cannot be answered',
  'marked-deleted': 'it was marked as deleted, and is not any more',
  'plainer-form': 'Exchange Online refused it as it was: original header and threading were left out',
  unparsed: 'it could not be taken apart and is attached whole as a file',
};

/** Of items that are no mail; those that are not here speak for themselves. */
const otherWords: Readonly<Record<string, string>> = {
  'addresses-of-other-kinds': 'addresses that are no e-mail addresses',
  'attachments-not-delivered': 'attachments that the source did not deliver',
  'attachments-of-occurrence': 'attachments of a single occurrence',
  'attendees-as-text': 'attendees and their answers stand in the text: nobody was invited again',
  'both-kept': 'it was changed at the target as well: both are there',
  'attachments-refused': 'attachments that Exchange Online refused',
  'changed-occurrence': 'a changed occurrence that is not where its series says',
  'deleted-at-target': 'it was deleted at the target after it had been copied: what changed since was not written',
  'list-as-contact': 'the list is a contact now whose notes name its members',
  'members-not-delivered': 'members that the source did not deliver',
  'nearest-time-zone': 'the time zone is the nearest one that is known',
  'occurrence-refused': 'a changed occurrence that Exchange Online refused',
  'occurrences-not-delivered': 'changed occurrences that the source did not deliver',
  'percent-complete': 'how much of it is done',
  'picture-refused': 'a picture that Exchange Online refused',
  'time-of-changed-occurrence': 'the time of an occurrence that was moved past its neighbour',
};

export function lossInWords(loss: string): string {
  return isLoss(loss) ? words[loss] : (otherWords[loss] ?? loss.replaceAll('-', ' '));
}

function isLoss(loss: string): loss is Loss {
  return Object.hasOwn(words, loss);
}
