import { badRequest, GraphFailure } from '../graph-failure.ts';
import { created, noContent, ok, type GraphAnswer, type GraphCall, type Route } from '../graph-call.ts';
import { textAt, type JsonObject } from '../json-object.ts';
import { mailboxOf } from '../mailbox-of-call.ts';
import { selected, type CollectionEntry } from '../odata/collection.ts';
import { permissions } from '../permissions.ts';
import type { OnlineFolder } from '../store/online-folder.ts';
import { sizeOf } from '../store/online-item.ts';
import type { OnlineMailbox } from '../store/online-mailbox.ts';
import { collectionAnswer } from './collection-answer.ts';

/** Folders of mail; of notes too, which are reached by id alone. */
export function mailFolder(mailbox: OnlineMailbox, idOrName: string): OnlineFolder {
  const folder = mailbox.folder(idOrName);
  if (folder.kind === 'mail' || folder.kind === 'notes') return folder;
  throw new GraphFailure({ status: 404, code: 'ErrorItemNotFound', message: 'The folder is none of messages.' });
}

export const mailFolderRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/users/:user/mailFolders',
    permissions: permissions.readMail,
    answer: (call) => listFolders(call, 'msgfolderroot'),
  },
  {
    method: 'GET',
    pattern: '/users/:user/mailFolders/:folder/childFolders',
    permissions: permissions.readMail,
    answer: (call) => listFolders(call, call.parameters['folder'] ?? ''),
  },
  {
    method: 'POST',
    pattern: '/users/:user/mailFolders',
    permissions: permissions.writeMail,
    body: 'mailFolder',
    answer: (call) => createFolder(call, 'msgfolderroot'),
  },
  {
    method: 'POST',
    pattern: '/users/:user/mailFolders/:folder/childFolders',
    permissions: permissions.writeMail,
    body: 'mailFolder',
    answer: (call) => createFolder(call, call.parameters['folder'] ?? ''),
  },
  {
    method: 'GET',
    pattern: '/users/:user/mailFolders/:folder',
    permissions: permissions.readMail,
    answer: (call) => {
      const mailbox = mailboxOf(call);
      return ok(shownFolder(mailbox, mailFolder(mailbox, call.parameters['folder'] ?? ''), call));
    },
  },
  {
    method: 'PATCH',
    pattern: '/users/:user/mailFolders/:folder',
    permissions: permissions.writeMail,
    body: 'mailFolder',
    answer: renameFolder,
  },
  {
    method: 'DELETE',
    pattern: '/users/:user/mailFolders/:folder',
    permissions: permissions.writeMail,
    answer: (call) => {
      const mailbox = mailboxOf(call);
      mailbox.removeFolder(ownFolder(mailbox, call).id);
      return noContent;
    },
  },
  {
    method: 'POST',
    pattern: '/users/:user/mailFolders/:folder/move',
    permissions: permissions.writeMail,
    body: 'move',
    answer: (call) => {
      const mailbox = mailboxOf(call);
      const folder = ownFolder(mailbox, call);
      folder.parent = mailFolder(mailbox, destinationOf(call)).id;
      return created(folderJson(mailbox, folder));
    },
  },
];

function listFolders(call: GraphCall, parent: string): GraphAnswer {
  const mailbox = mailboxOf(call);
  const hidden = call.query.get('includeHiddenFolders') === 'true';
  const children = mailbox
    .childrenOf(mailFolder(mailbox, parent).id, 'mail')
    .filter((folder) => hidden || !folder.hidden);
  return collectionAnswer(
    call,
    children.map((folder) => folderEntry(mailbox, folder, call)),
  );
}

function folderEntry(mailbox: OnlineMailbox, folder: OnlineFolder, call: GraphCall): CollectionEntry {
  return { facts: folderJson(mailbox, folder), shown: () => shownFolder(mailbox, folder, call) };
}

function shownFolder(mailbox: OnlineMailbox, folder: OnlineFolder, call: GraphCall): JsonObject {
  const json = selected(folderJson(mailbox, folder), call.query.get('$select'));
  if (call.query.get('$expand')?.includes('childFolders') !== true) return json;
  const children = mailbox.childrenOf(folder.id, 'mail').map((child) => folderJson(mailbox, child));
  return { ...json, childFolders: children };
}

function folderJson(mailbox: OnlineMailbox, folder: OnlineFolder): JsonObject {
  const items = mailbox.items(folder.id);
  return {
    id: folder.id,
    displayName: folder.name,
    parentFolderId: folder.parent,
    childFolderCount: mailbox.childrenOf(folder.id, 'mail').length,
    unreadItemCount: items.filter(({ properties }) => properties['isRead'] === false).length,
    totalItemCount: items.length,
    sizeInBytes: items.reduce((sum, item) => sum + sizeOf(item), 0),
    isHidden: folder.hidden,
  };
}

function createFolder(call: GraphCall, parent: string): GraphAnswer {
  const mailbox = mailboxOf(call);
  const folder = mailbox.addFolder({
    name: folderName(call),
    kind: 'mail',
    parent: mailFolder(mailbox, parent).id,
    hidden: call.body['isHidden'] === true,
  });
  return created(folderJson(mailbox, folder));
}

function renameFolder(call: GraphCall): GraphAnswer {
  const mailbox = mailboxOf(call);
  const folder = ownFolder(mailbox, call);
  mailbox.renameFolder(folder, folderName(call));
  return ok(folderJson(mailbox, folder));
}

/** A folder that may be changed: none of those that the service made. */
function ownFolder(mailbox: OnlineMailbox, call: GraphCall): OnlineFolder {
  const folder = mailFolder(mailbox, call.parameters['folder'] ?? '');
  if (folder.wellKnown === undefined) return folder;
  throw new GraphFailure({
    status: 403,
    code: 'ErrorDeleteDistinguishedFolder',
    message: 'Distinguished folders cannot be changed.',
  });
}

/** Where a folder or a message is moved. */
export function destinationOf({ body }: GraphCall): string {
  return textAt(body, 'destinationId') ?? textAt(body, 'DestinationId') ?? '';
}

export function folderName({ body }: GraphCall): string {
  const name = textAt(body, 'displayName')?.trim();
  if (name === undefined || name === '') throw badRequest('The folder needs a displayName.', 'ErrorInvalidRequest');
  if (name.length > 255) throw badRequest('The displayName is too long.', 'ErrorInvalidRequest');
  return name;
}
