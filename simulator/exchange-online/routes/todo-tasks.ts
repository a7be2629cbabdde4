import { randomUUID } from 'node:crypto';
import { badRequest, itemNotFound } from '../graph-failure.ts';
import { created, noContent, ok, type GraphAnswer, type GraphCall, type Route } from '../graph-call.ts';
import { isObject, objectAt, objectsAt, textAt, type JsonObject } from '../json-object.ts';
import { mailboxOf } from '../mailbox-of-call.ts';
import { permissions } from '../permissions.ts';
import type { OnlineItem } from '../store/online-item.ts';
import type { OnlineMailbox } from '../store/online-mailbox.ts';
import { zonedTime } from '../store/time-zone.ts';
import { collectionAnswer, jsonCollection } from './collection-answer.ts';
import { itemEntry, shownItem, type ItemView } from './shown-item.ts';
import { todoList } from './todo-lists.ts';

const of = '/users/:user/todo/lists/:list/tasks';

/** Kept with the task, and shown only by $expand or at addresses of their own. */
const parts = ['linkedResources', 'checklistItems'] as const;
type Part = (typeof parts)[number];

const taskView: ItemView = {
  properties: (item) => {
    const own = Object.entries(item.properties).filter(([name]) => !parts.some((part) => part === name));
    return {
      title: '',
      status: 'notStarted',
      importance: 'normal',
      isReminderOn: false,
      categories: [],
      body: { content: '', contentType: 'text' },
      hasAttachments: item.attachments.length > 0,
      ...Object.fromEntries(own),
      // To Do knows one id of a task.
      id: item.immutableId,
      createdDateTime: new Date(item.created).toISOString(),
      lastModifiedDateTime: new Date(item.modified).toISOString(),
    };
  },
  computed: () => new Map(),
  expandable: Object.fromEntries(parts.map((part) => [part, (item: OnlineItem) => partsOf(item, part)])),
};

export const todoTaskRoutes: readonly Route[] = [
  {
    method: 'GET',
    pattern: of,
    permissions: permissions.readTasks,
    answer: (call) => {
      const tasks = mailboxOf(call).items(todoList(call).id, 'task');
      return collectionAnswer(
        call,
        tasks.map((task) => itemEntry(task, call, taskView)),
        { defaultTop: 100 },
      );
    },
  },
  { method: 'POST', pattern: of, permissions: permissions.writeTasks, body: 'todoTask', answer: create },
  {
    method: 'GET',
    pattern: `${of}/:task`,
    permissions: permissions.readTasks,
    answer: (call) => ok(shownItem(taskOf(call).task, call, taskView)),
  },
  { method: 'PATCH', pattern: `${of}/:task`, permissions: permissions.writeTasks, body: 'todoTask', answer: change },
  {
    method: 'DELETE',
    pattern: `${of}/:task`,
    permissions: permissions.writeTasks,
    answer: (call) => {
      const { mailbox, task } = taskOf(call);
      mailbox.removeItem(task);
      return noContent;
    },
  },
  ...parts.flatMap((part): readonly Route[] => [
    {
      method: 'GET',
      pattern: `${of}/:task/${part}`,
      permissions: permissions.readTasks,
      answer: (call) => jsonCollection(call, partsOf(taskOf(call).task, part)),
    },
    {
      method: 'POST',
      pattern: `${of}/:task/${part}`,
      permissions: permissions.writeTasks,
      body: part === 'linkedResources' ? 'linkedResource' : 'checklistItem',
      answer: (call) => addPart(call, part),
    },
    {
      method: 'DELETE',
      pattern: `${of}/:task/${part}/:part`,
      permissions: permissions.writeTasks,
      answer: (call) => removePart(call, part),
    },
  ]),
  {
    method: 'POST',
    pattern: `${of}/:task/attachments`,
    permissions: permissions.writeTasks,
    body: 'taskFileAttachment',
    answer: attach,
  },
  {
    method: 'GET',
    pattern: `${of}/:task/attachments`,
    permissions: permissions.readTasks,
    answer: (call) => {
      const attachments = taskOf(call).task.attachments.map(({ id, properties, content }) => ({
        '@odata.type': '#microsoft.graph.taskFileAttachment',
        id,
        ...properties,
        size: content.length,
      }));
      return jsonCollection(call, attachments);
    },
  },
];

function taskOf(call: GraphCall): { readonly mailbox: OnlineMailbox; readonly task: OnlineItem } {
  const mailbox = mailboxOf(call);
  const task = mailbox.item(call.parameters['task'] ?? '', 'task');
  if (task.folder !== todoList(call).id) throw itemNotFound();
  return { mailbox, task };
}

function partsOf({ properties }: OnlineItem, part: Part): readonly JsonObject[] {
  return objectsAt(properties, part);
}

function create(call: GraphCall): GraphAnswer {
  if (textAt(call.body, 'title') === undefined) throw badRequest('The task needs a title.', 'invalidRequest');
  const properties = taskProperties(call.body);
  const given = parts.map((part) => [part, objectsAt(call.body, part).map((json) => ({ ...json, id: randomUUID() }))]);
  const task = mailboxOf(call).addItem({
    kind: 'task',
    folder: todoList(call).id,
    properties: { ...properties, ...(Object.fromEntries(given) as JsonObject) },
  });
  return created(shownItem(task, call, taskView));
}

function change(call: GraphCall): GraphAnswer {
  const { mailbox, task } = taskOf(call);
  mailbox.changeItem(task, { properties: taskProperties(call.body) });
  return ok(shownItem(task, call, taskView));
}

function taskProperties(body: JsonObject): JsonObject {
  const computed = [
    'id',
    'createdDateTime',
    'lastModifiedDateTime',
    'bodyLastModifiedDateTime',
    'hasAttachments',
    'attachments',
    ...parts,
  ];
  const kept = Object.entries(body).filter(([name]) => !computed.includes(name) && !name.startsWith('@odata.'));
  for (const [name, value] of kept) if (name.endsWith('DateTime') && isObject(value)) zonedTime(objectAt(body, name));
  const status = textAt(body, 'status');
  // A task that is not done has no time at which it was.
  return {
    ...Object.fromEntries(kept),
    ...(status !== undefined && status !== 'completed' ? { completedDateTime: null } : {}),
  };
}

function addPart(call: GraphCall, part: Part): GraphAnswer {
  const { mailbox, task } = taskOf(call);
  const made = { ...call.body, id: randomUUID() };
  mailbox.changeItem(task, { properties: { [part]: [...partsOf(task, part), made] } });
  return created(made);
}

function removePart(call: GraphCall, part: Part): GraphAnswer {
  const { mailbox, task } = taskOf(call);
  const remaining = partsOf(task, part).filter(({ id }) => id !== call.parameters['part']);
  if (remaining.length === partsOf(task, part).length) throw itemNotFound();
  mailbox.changeItem(task, { properties: { [part]: remaining } });
  return noContent;
}

function attach(call: GraphCall): GraphAnswer {
  const { mailbox, task } = taskOf(call);
  const name = textAt(call.body, 'name');
  if (name === undefined) throw badRequest('The attachment needs a name.', 'invalidRequest');
  const contentType = textAt(call.body, 'contentType') ?? null;
  const content = Buffer.from(textAt(call.body, 'contentBytes') ?? '', 'base64');
  if (content.length > 3 * 1024 * 1024) throw badRequest('The attachment is too large.', 'invalidRequest');
  const id = `AAMkAT${randomUUID().replaceAll('-', '')}=`;
  task.attachments.push({
    id,
    type: '#microsoft.graph.taskFileAttachment',
    properties: { name, contentType },
    content,
    modified: call.services.clock.now(),
  });
  mailbox.touch(task);
  return created({ '@odata.type': '#microsoft.graph.taskFileAttachment', id, name, contentType, size: content.length });
}
