import { badRequest } from '../graph-failure.ts';
import { created, noContent, ok, type GraphCall, type Route } from '../graph-call.ts';
import { textAt, type JsonObject } from '../json-object.ts';
import { mailboxOf } from '../mailbox-of-call.ts';
import { permissions } from '../permissions.ts';
import type { OnlineFolder } from '../store/online-folder.ts';
import { jsonCollection } from './collection-answer.ts';

/** Lists of Microsoft To Do; two may have the same name. */
export const todoListRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: '/users/:user/todo/lists',
    permissions: permissions.readTasks,
    answer: (call) => {
      const lists = mailboxOf(call).folders.filter(({ kind }) => kind === 'tasks');
      return jsonCollection(call, lists.map(listJson), { defaultTop: 100 });
    },
  },
  {
    method: 'POST',
    pattern: '/users/:user/todo/lists',
    permissions: permissions.writeTasks,
    body: 'todoTaskList',
    answer: (call) => {
      const name = textAt(call.body, 'displayName')?.trim();
      if (name === undefined || name === '') throw badRequest('The list needs a displayName.', 'invalidRequest');
      return created(listJson(mailboxOf(call).addFolder({ name, kind: 'tasks' })));
    },
  },
  {
    method: 'GET',
    pattern: '/users/:user/todo/lists/:list',
    permissions: permissions.readTasks,
    answer: (call) => ok(listJson(todoList(call))),
  },
  {
    method: 'DELETE',
    pattern: '/users/:user/todo/lists/:list',
    permissions: permissions.writeTasks,
    answer: (call) => {
      mailboxOf(call).removeFolder(todoList(call).id);
      return noContent;
    },
  },
];

export function todoList(call: GraphCall): OnlineFolder {
  return mailboxOf(call).folder(call.parameters['list'] ?? '', 'tasks');
}

function listJson({ id, name, wellKnown }: OnlineFolder): JsonObject {
  return {
    id,
    displayName: name,
    isOwner: true,
    isShared: false,
    wellknownListName: wellKnown === 'tasks' ? 'defaultList' : 'none',
  };
}
