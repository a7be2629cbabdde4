import { GraphFailure } from '../graph-failure.ts';
import { created, noContent, ok, type GraphAnswer, type GraphCall, type Route } from '../graph-call.ts';
import { mailboxOf } from '../mailbox-of-call.ts';
import { permissions } from '../permissions.ts';
import { extendedValues } from '../store/extended-properties.ts';
import { messageFromMime } from '../store/mime-message.ts';
import { keptProperties, newMessage } from '../store/new-message.ts';
import type { OnlineItem } from '../store/online-item.ts';
import type { OnlineMailbox } from '../store/online-mailbox.ts';
import { addAttachments } from './attachments.ts';
import { collectionAnswer } from './collection-answer.ts';
import { deltaAnswer } from './delta-answer.ts';
import { destinationOf, mailFolder } from './mail-folders.ts';
import { deliveryTime, isDraft, messageFlags, messageView, submitTime } from './message-view.ts';
import { itemEntry, shownItem } from './shown-item.ts';

export const messageRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/users/:user/mailFolders/:folder/messages/delta',
    permissions: permissions.readMail,
    answer: (call) => {
      const mailbox = mailboxOf(call);
      const folder = mailFolder(mailbox, call.parameters['folder'] ?? '').id;
      return deltaAnswer(call, { mailbox, folder, shown: (message) => shownItem(message, call, messageView) });
    },
  },
  {
    method: 'GET',
    pattern: '/users/:user/messages',
    permissions: permissions.readMail,
    answer: (call) => list(call, undefined),
  },
  {
    method: 'GET',
    pattern: '/users/:user/mailFolders/:folder/messages',
    permissions: permissions.readMail,
    answer: (call) => list(call, mailFolder(mailboxOf(call), call.parameters['folder'] ?? '').id),
  },
  {
    method: 'POST',
    pattern: '/users/:user/messages',
    permissions: permissions.writeMail,
    body: 'message',
    answer: (call) => create(call, 'drafts'),
  },
  {
    method: 'POST',
    pattern: '/users/:user/mailFolders/:folder/messages',
    permissions: permissions.writeMail,
    body: 'message',
    answer: (call) => create(call, call.parameters['folder'] ?? ''),
  },
  {
    method: 'GET',
    pattern: '/users/:user/messages/:message',
    permissions: permissions.readMail,
    answer: (call) => ok(shownItem(messageOf(call).message, call, messageView)),
  },
  {
    method: 'PATCH',
    pattern: '/users/:user/messages/:message',
    permissions: permissions.writeMail,
    body: 'message',
    answer: change,
  },
  {
    method: 'DELETE',
    pattern: '/users/:user/messages/:message',
    permissions: permissions.writeMail,
    answer: remove,
  },
  {
    method: 'POST',
    pattern: '/users/:user/messages/:message/permanentDelete',
    permissions: permissions.writeMail,
    answer: remove,
  },
  {
    method: 'POST',
    pattern: '/users/:user/messages/:message/move',
    permissions: permissions.writeMail,
    body: 'move',
    answer: move,
  },
  {
    method: 'POST',
    pattern: '/users/:user/messages/:message/send',
    permissions: ['Mail.Send'],
    answer: (call) => {
      call.tenant.invitations.push({ mailbox: mailboxOf(call).address, what: 'mail', recipients: 1 });
      return { status: 202 };
    },
  },
];

function messageOf(call: GraphCall): { readonly mailbox: OnlineMailbox; readonly message: OnlineItem } {
  const mailbox = mailboxOf(call);
  return { mailbox, message: mailbox.item(call.parameters['message'] ?? '', 'message') };
}

function list(call: GraphCall, folder: string | undefined): GraphAnswer {
  const messages = mailboxOf(call).items(folder, 'message');
  // Newest first, unless the request says otherwise.
  const entries = messages.map((message) => itemEntry(message, call, messageView));
  return collectionAnswer(call, call.query.has('$orderby') ? entries : entries.toReversed(), { orderedFilter: true });
}

async function create(call: GraphCall, folderName: string): Promise<GraphAnswer> {
  const mailbox = mailboxOf(call);
  const folder = mailFolder(mailbox, folderName).id;
  if (call.contentType === 'text/plain') {
    const made = mailbox.addItem(await messageFromMime(call.octets, folder));
    return created(shownItem(made, call, messageView));
  }
  const made = newMessage(call.body, folder);
  const attachments = addAttachments(call);
  const message = mailbox.addItem({ ...made, attachments });
  return created(shownItem(message, call, messageView));
}

/** Only a draft's content may change ("Updatable only if isDraft = true"). */
const ofDraftsAlone = [
  'subject',
  'body',
  'from',
  'sender',
  'toRecipients',
  'ccRecipients',
  'bccRecipients',
  'replyTo',
  'internetMessageId',
];
/** What has its value from the creation: a change is accepted, and nothing changes. */
const fixedProperties: ReadonlySet<string> = new Set([messageFlags, deliveryTime, submitTime]);

function change(call: GraphCall): GraphAnswer {
  const { mailbox, message } = messageOf(call);
  if (!isDraft(message) && ofDraftsAlone.some((name) => name in call.body))
    throw new GraphFailure({
      status: 403,
      code: 'ErrorAccessDenied',
      message: 'Access is denied. Check credentials and try again.',
    });
  const { single, multiple } = extendedValues(call.body);
  for (const id of fixedProperties) single.delete(id);
  mailbox.changeItem(message, { properties: keptProperties(call.body), single, multiple });
  return ok(shownItem(message, call, messageView));
}

function remove(call: GraphCall): GraphAnswer {
  const { mailbox, message } = messageOf(call);
  mailbox.removeItem(message);
  return noContent;
}

function move(call: GraphCall): GraphAnswer {
  const { mailbox, message } = messageOf(call);
  mailbox.moveItem(message, mailFolder(mailbox, destinationOf(call)).id);
  return created(shownItem(message, call, messageView));
}
