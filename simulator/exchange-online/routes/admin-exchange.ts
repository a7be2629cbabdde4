import { badRequest, GraphFailure, itemNotFound } from '../graph-failure.ts';
import { created, noContent, ok, type GraphAnswer, type GraphCall, type Route } from '../graph-call.ts';
import { graphTime } from '../graph-time.ts';
import { textAt, type JsonObject } from '../json-object.ts';
import { limitKey } from '../limit-key.ts';
import { mailboxOf, openMailbox } from '../mailbox-of-call.ts';
import { permissions } from '../permissions.ts';
import type { FolderKind, OnlineFolder } from '../store/online-folder.ts';
import { sizeOf, type OnlineItem } from '../store/online-item.ts';
import type { OnlineMailbox } from '../store/online-mailbox.ts';
import type { OnlineUser } from '../store/online-user.ts';
import { collectionAnswer, jsonCollection } from './collection-answer.ts';
import { itemEntry, type ItemView } from './shown-item.ts';

const of = '/admin/exchange/mailboxes/:mailbox';

/** Folders and items of every class, with ids of their own, and sessions for importing streams. */
export const adminExchangeRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/users/:user/settings/exchange',
    permissions: permissions.readSettings,
    answer: (call) => ok({ primaryMailboxId: `MBX:${mailboxOf(call).guid}@${call.tenant.id}` }),
  },
  {
    method: 'GET',
    pattern: `${of}/folders`,
    permissions: permissions.readFolders,
    answer: (call) => list(call, undefined),
  },
  {
    method: 'GET',
    pattern: `${of}/folders/:folder/childFolders`,
    permissions: permissions.readFolders,
    answer: (call) => list(call, folderOf(call)),
  },
  {
    method: 'GET',
    pattern: `${of}/folders/:folder`,
    permissions: permissions.readFolders,
    answer: (call) => ok(folderJson(mailboxOfAdmin(call), folderOf(call))),
  },
  {
    method: 'POST',
    pattern: `${of}/folders`,
    permissions: permissions.writeFolders,
    body: 'mailboxFolder',
    answer: (call) => create(call, undefined),
  },
  {
    method: 'POST',
    pattern: `${of}/folders/:folder/childFolders`,
    permissions: permissions.writeFolders,
    body: 'mailboxFolder',
    answer: (call) => create(call, folderOf(call)),
  },
  {
    method: 'GET',
    pattern: `${of}/folders/:folder/items`,
    permissions: permissions.readItems,
    answer: (call) => {
      const items = mailboxOfAdmin(call).items(folderOf(call).id);
      return collectionAnswer(
        call,
        items.map((item) => itemEntry(item, call, mailboxItemView)),
      );
    },
  },
  {
    method: 'DELETE',
    pattern: `${of}/folders/:folder/items/:item`,
    permissions: permissions.writeItems,
    answer: (call) => {
      const mailbox = mailboxOfAdmin(call);
      mailbox.removeItem(mailbox.item(call.parameters['item'] ?? ''));
      return noContent;
    },
  },
  {
    method: 'POST',
    pattern: `${of}/createImportSession`,
    permissions: permissions.importItems,
    answer: (call) => {
      const user = userOfAdmin(call);
      const mailbox = openMailbox(user, call.application);
      const session = call.services.imports.open({ limitKey: limitKey(call.application, user), mailbox });
      const address = `${call.services.url}/api/gv1.0/Mailboxes('MBX:${mailbox.guid}@${call.tenant.id}')/importItem`;
      return ok({ importUrl: `${address}?authtoken=${session.token}`, expirationDateTime: graphTime(session.expires) });
    },
  },
];

const mailboxItemView: ItemView = {
  properties: (item) => ({
    type: item.single.get('String 0x1a') ?? classes[item.kind],
    size: sizeOf(item),
    categories: item.properties['categories'] ?? [],
  }),
  computed: (item) => item.single,
};

const classes: Readonly<Record<OnlineItem['kind'], string>> = {
  message: 'IPM.Note',
  contact: 'IPM.Contact',
  event: 'IPM.Appointment',
  task: 'IPM.Task',
};

function userOfAdmin({ parameters, tenant }: GraphCall): OnlineUser {
  const name = parameters['mailbox'];
  const user = tenant.users.find(({ mailbox }) => mailbox !== undefined && `MBX:${mailbox.guid}@${tenant.id}` === name);
  if (user !== undefined) return user;
  throw new GraphFailure({ status: 404, code: 'ErrorInvalidMailboxId', message: 'The mailbox was not found.' });
}

function mailboxOfAdmin(call: GraphCall): OnlineMailbox {
  return openMailbox(userOfAdmin(call), call.application);
}

function folderOf(call: GraphCall): OnlineFolder {
  const name = call.parameters['folder'] ?? '';
  const folder = mailboxOfAdmin(call).folders.find(
    ({ importId, wellKnown }) => importId === name || wellKnown === name.toLowerCase(),
  );
  if (folder === undefined) throw itemNotFound('The folder was not found.');
  return folder;
}

function list(call: GraphCall, parent: OnlineFolder | undefined): GraphAnswer {
  const mailbox = mailboxOfAdmin(call);
  const children = mailbox.childrenOf((parent ?? mailbox.root).id);
  const shown = children.map((folder) => folderJson(mailbox, folder));
  return jsonCollection(call, shown);
}

function create(call: GraphCall, parent: OnlineFolder | undefined): GraphAnswer {
  const mailbox = mailboxOfAdmin(call);
  const [name, folderClass] = [textAt(call.body, 'displayName')?.trim() ?? '', textAt(call.body, 'type') ?? ''];
  if (name === '' || !folderClass.startsWith('IPF'))
    throw badRequest('A folder needs displayName and type.', 'ErrorInvalidRequest');
  const folder = mailbox.addFolder({
    name,
    kind: kindOf(folderClass),
    folderClass,
    parent: (parent ?? mailbox.root).id,
  });
  return created(folderJson(mailbox, folder));
}

function kindOf(folderClass: string): FolderKind {
  if (/^IPF\.Appointment\b/i.test(folderClass)) return 'calendar';
  if (/^IPF\.Contact\b/i.test(folderClass)) return 'contacts';
  if (/^IPF\.Task\b/i.test(folderClass)) return 'tasks';
  return /^IPF\.StickyNote\b/i.test(folderClass) ? 'notes' : 'mail';
}

function folderJson(mailbox: OnlineMailbox, folder: OnlineFolder): JsonObject {
  return {
    id: folder.importId,
    displayName: folder.name,
    parentFolderId: mailbox.folders.find(({ id }) => id === folder.parent)?.importId ?? null,
    childFolderCount: mailbox.childrenOf(folder.id).length,
    totalItemCount: mailbox.items(folder.id).length,
    wellKnownName: folder.wellKnown ?? null,
    type: folder.folderClass,
  };
}
