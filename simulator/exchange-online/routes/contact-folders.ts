import { created, noContent, ok, type GraphAnswer, type GraphCall, type Route } from '../graph-call.ts';
import type { JsonObject } from '../json-object.ts';
import { mailboxOf } from '../mailbox-of-call.ts';
import { permissions } from '../permissions.ts';
import type { OnlineFolder } from '../store/online-folder.ts';
import { jsonCollection } from './collection-answer.ts';
import { folderName } from './mail-folders.ts';

/** Contact folders: all stand below the default one, which the list leaves out. */
export const contactFolderRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/users/:user/contactFolders',
    permissions: permissions.readContacts,
    answer: (call) => list(call, 'contacts'),
  },
  {
    method: 'GET',
    pattern: '/users/:user/contactFolders/:folder/childFolders',
    permissions: permissions.readContacts,
    answer: (call) => list(call, call.parameters['folder'] ?? ''),
  },
  {
    method: 'POST',
    pattern: '/users/:user/contactFolders',
    permissions: permissions.writeContacts,
    body: 'contactFolder',
    answer: (call) => create(call, 'contacts'),
  },
  {
    method: 'POST',
    pattern: '/users/:user/contactFolders/:folder/childFolders',
    permissions: permissions.writeContacts,
    body: 'contactFolder',
    answer: (call) => create(call, call.parameters['folder'] ?? ''),
  },
  {
    method: 'GET',
    pattern: '/users/:user/contactFolders/:folder',
    permissions: permissions.readContacts,
    answer: (call) => ok(folderJson(folderOf(call))),
  },
  {
    method: 'DELETE',
    pattern: '/users/:user/contactFolders/:folder',
    permissions: permissions.writeContacts,
    answer: (call) => {
      mailboxOf(call).removeFolder(folderOf(call).id);
      return noContent;
    },
  },
];

function folderOf(call: GraphCall): OnlineFolder {
  return mailboxOf(call).folder(call.parameters['folder'] ?? '', 'contacts');
}

function list(call: GraphCall, parent: string): GraphAnswer {
  const mailbox = mailboxOf(call);
  const children = mailbox.childrenOf(mailbox.folder(parent, 'contacts').id, 'contacts');
  return jsonCollection(call, children.map(folderJson));
}

function create(call: GraphCall, parent: string): GraphAnswer {
  const mailbox = mailboxOf(call);
  const { id } = mailbox.folder(parent, 'contacts');
  return created(folderJson(mailbox.addFolder({ name: folderName(call), kind: 'contacts', parent: id })));
}

function folderJson({ id, name, parent }: OnlineFolder): JsonObject {
  return { id, displayName: name, parentFolderId: parent };
}
