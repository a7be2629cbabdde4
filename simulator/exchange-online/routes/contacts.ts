import { badRequest, itemNotFound } from '../graph-failure.ts';
import { created, noContent, ok, type GraphAnswer, type GraphCall, type Route } from '../graph-call.ts';
import { objectsAt, textsAt, type JsonObject } from '../json-object.ts';
import { mailboxOf } from '../mailbox-of-call.ts';
import { permissions } from '../permissions.ts';
import { extendedValues } from '../store/extended-properties.ts';
import { keptProperties } from '../store/new-message.ts';
import type { OnlineItem } from '../store/online-item.ts';
import type { OnlineMailbox } from '../store/online-mailbox.ts';
import { collectionAnswer } from './collection-answer.ts';
import { contactView } from './contact-view.ts';
import { itemEntry, shownItem } from './shown-item.ts';

export const contactRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/users/:user/contacts',
    permissions: permissions.readContacts,
    answer: (call) => list(call, mailboxOf(call).folder('contacts').id),
  },
  {
    method: 'GET',
    pattern: '/users/:user/contactFolders/:folder/contacts',
    permissions: permissions.readContacts,
    answer: (call) => list(call, folderId(call)),
  },
  {
    method: 'POST',
    pattern: '/users/:user/contacts',
    permissions: permissions.writeContacts,
    body: 'contact',
    answer: (call) => create(call, mailboxOf(call).folder('contacts').id),
  },
  {
    method: 'POST',
    pattern: '/users/:user/contactFolders/:folder/contacts',
    permissions: permissions.writeContacts,
    body: 'contact',
    answer: (call) => create(call, folderId(call)),
  },
  {
    method: 'GET',
    pattern: '/users/:user/contacts/:contact',
    permissions: permissions.readContacts,
    answer: (call) => ok(shownItem(contactOf(call).contact, call, contactView)),
  },
  {
    method: 'PATCH',
    pattern: '/users/:user/contacts/:contact',
    permissions: permissions.writeContacts,
    body: 'contact',
    answer: change,
  },
  {
    method: 'DELETE',
    pattern: '/users/:user/contacts/:contact',
    permissions: permissions.writeContacts,
    answer: (call) => {
      const { mailbox, contact } = contactOf(call);
      mailbox.removeItem(contact);
      return noContent;
    },
  },
  {
    method: 'PUT',
    pattern: '/users/:user/contacts/:contact/photo/$value',
    permissions: permissions.writeContacts,
    answer: (call) => {
      const { mailbox, contact } = contactOf(call);
      if (!call.contentType.startsWith('image/')) throw badRequest('A photo is an image.', 'ErrorInvalidImage');
      contact.attachments.splice(0, contact.attachments.length, {
        id: 'photo',
        type: '#microsoft.graph.profilePhoto',
        properties: { name: 'ContactPicture.jpg', contentType: call.contentType },
        content: call.octets,
        modified: call.services.clock.now(),
      });
      mailbox.touch(contact);
      return { status: 200 };
    },
  },
  {
    method: 'GET',
    pattern: '/users/:user/contacts/:contact/photo/$value',
    permissions: permissions.readContacts,
    answer: (call) => {
      const photo = contactOf(call).contact.attachments[0];
      if (photo === undefined) throw itemNotFound('There is no photo.');
      return { status: 200, body: photo.content };
    },
  },
];

function folderId(call: GraphCall): string {
  return mailboxOf(call).folder(call.parameters['folder'] ?? '', 'contacts').id;
}

function contactOf(call: GraphCall): { readonly mailbox: OnlineMailbox; readonly contact: OnlineItem } {
  const mailbox = mailboxOf(call);
  return { mailbox, contact: mailbox.item(call.parameters['contact'] ?? '', 'contact') };
}

function list(call: GraphCall, folder: string): GraphAnswer {
  // Lists of addresses are among the items of the folder, and are no contacts.
  const contacts = mailboxOf(call)
    .items(folder, 'contact')
    .filter(({ single }) => single.get('String 0x1a') !== 'IPM.DistList');
  return collectionAnswer(
    call,
    contacts.map((contact) => itemEntry(contact, call, contactView)),
  );
}

function create(call: GraphCall, folder: string): GraphAnswer {
  demandCounts(call.body);
  const contact = mailboxOf(call).addItem({
    kind: 'contact',
    folder,
    properties: keptProperties(call.body),
    ...extendedValues(call.body),
  });
  return created(shownItem(contact, call, contactView));
}

function change(call: GraphCall): GraphAnswer {
  const { mailbox, contact } = contactOf(call);
  demandCounts(call.body);
  mailbox.changeItem(contact, { properties: keptProperties(call.body), ...extendedValues(call.body) });
  return ok(shownItem(contact, call, contactView));
}

/** A contact of Exchange has three addresses and two telephones of a kind. */
function demandCounts(body: JsonObject): void {
  if (objectsAt(body, 'emailAddresses').length > 3)
    throw badRequest('A contact has three email addresses at the most.', 'ErrorInvalidArgument');
  for (const name of ['businessPhones', 'homePhones'])
    if (textsAt(body, name).length > 2)
      throw badRequest(`A contact has two ${name} at the most.`, 'ErrorInvalidArgument');
}
