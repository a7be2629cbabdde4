import type { DistributionList } from '../../../domain/items/distribution-list.ts';
import { childOf, textOf, type XmlElement } from '../xml/xml-element.ts';
import { commonOf, datesOf, given, optional, type ReadAttachments } from './item-values.ts';
import { personIn } from './read-event.ts';

type Member = DistributionList['members'][number];

const lists: readonly (string | undefined)[] = ['PublicDL', 'PrivateDL', 'GroupMailbox'];
const people: readonly (string | undefined)[] = ['Mailbox', 'Contact', 'OneOff'];

/** Of the list's own answer (Exchange 2010 and newer); undefined: it does not name them. */
export function membersNamed(item: XmlElement): readonly Member[] | undefined {
  return childOf(item, 'Members')?.children.flatMap(memberOf);
}

/** Of an ExpandDL. */
export function membersExpanded(message: XmlElement): readonly Member[] {
  const mailboxes = childOf(message, 'DLExpansion')?.children ?? [];
  return mailboxes.flatMap((mailbox) => memberOf({ name: 'Member', attributes: {}, children: [mailbox], text: '' }));
}

function memberOf(element: XmlElement): Member[] {
  const person = personIn(element);
  if (person === undefined) return [];
  const type = textOf(childOf(element, 'Mailbox'), 'MailboxType');
  return [{ ...person, type: lists.includes(type) ? 'list' : people.includes(type) ? 'person' : 'unknown' }];
}

export function readList(
  item: XmlElement,
  read: { readonly attachments: ReadAttachments; readonly members: readonly Member[] | undefined },
): DistributionList {
  return {
    kind: 'distribution-list',
    displayName: given(item, 'DisplayName') ?? textOf(item, 'Subject') ?? '',
    ...optional('fileAs', given(item, 'FileAs')),
    members: [...(read.members ?? [])],
    membersKnown: read.members !== undefined,
    ...commonOf(item, read.attachments),
    ...datesOf(item),
  };
}
