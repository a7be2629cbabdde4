import type { Task } from '../../../domain/items/task.ts';
import { attachedFile, largestOfTask } from './attachment-parts.ts';
import type { WritableItem } from './item-writing.ts';
import { recurrenceJson } from './recurrence-json.ts';
import { manyLines, oneLine, shortened } from './sanitised-text.ts';

export function writableTask(task: Task, now: number): WritableItem {
  const { reminder, status, dueDate, startDate, completedDate } = task;
  const recurrence =
    task.recurrence === undefined || dueDate === undefined ? undefined : recurrenceJson(task.recurrence, undefined);
  const remindsAt = reminder.at === undefined ? 0 : Date.parse(reminder.at);
  const isReminderOn = reminder.isOn && remindsAt > now && status !== 'completed';
  const files = task.attachments.map(attachedFile).filter(({ content }) => content.length < largestOfTask);
  return {
    body: {
      title: shortened(oneLine(task.subject), 255),
      body: {
        contentType: task.body?.type ?? 'text',
        content: manyLines(task.body?.content ?? ''),
      },
      status,
      importance: task.importance,
      categories: task.categories.map(oneLine),
      ...(startDate === undefined ? {} : { startDateTime: midnight(startDate) }),
      ...(dueDate === undefined ? {} : { dueDateTime: midnight(dueDate) }),
      ...(completedDate === undefined || status !== 'completed' ? {} : { completedDateTime: midnight(completedDate) }),
      isReminderOn,
      ...(isReminderOn
        ? { reminderDateTime: { dateTime: new Date(remindsAt).toISOString().slice(0, 19), timeZone: 'UTC' } }
        : {}),
      ...(recurrence === undefined ? {} : { recurrence }),
    },
    properties: [],
    files,
    later: [],
    losses: lossesOf(task, { isRecurring: recurrence !== undefined, files: files.length }),
  };
}

function midnight(day: string): Record<string, string> {
  return { dateTime: `${day}T00:00:00`, timeZone: 'UTC' };
}

function lossesOf(
  task: Task,
  { isRecurring, files }: { readonly isRecurring: boolean; readonly files: number },
): readonly string[] {
  const lost: Readonly<Record<string, boolean>> = {
    'large-attachments': task.attachments.length > files,
    'attachments-not-delivered': task.missingAttachments.length > 0,
    recurrence: task.recurrence !== undefined && !isRecurring,
    'percent-complete': task.percentComplete > 0 && task.percentComplete < 100,
    'hours-of-work': task.actualWork !== undefined || task.totalWork !== undefined,
    delegation: task.delegator !== undefined || task.isTeamTask,
    'companies-and-contacts': task.companies.length > 0 || task.contacts.length > 0,
    'mileage-and-billing': task.mileage !== undefined || task.billingInformation !== undefined,
    'private-mark': task.sensitivity !== 'normal',
  };
  return Object.keys(lost).filter((loss) => lost[loss] === true);
}
