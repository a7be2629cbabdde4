import type { Task } from '../../../domain/items/task.ts';
import { textOf, type XmlElement } from '../xml/xml-element.ts';
import {
  commonOf,
  datesOf,
  dayIn,
  given,
  isTrue,
  momentOf,
  oneOf,
  optional,
  stamp,
  stringsOf,
  type ReadAttachments,
} from './item-values.ts';
import { recurrenceOf } from './read-recurrence.ts';

const states = {
  NotStarted: 'notStarted',
  InProgress: 'inProgress',
  Completed: 'completed',
  WaitingOnOthers: 'waitingOnOthers',
  Deferred: 'deferred',
} as const;

export function readTask(item: XmlElement, attachments: ReadAttachments): Task {
  const percent = Number(textOf(item, 'PercentComplete') ?? 0);
  return {
    kind: 'task',
    subject: textOf(item, 'Subject') ?? '',
    status: oneOf(textOf(item, 'Status'), states) ?? 'notStarted',
    percentComplete: percent >= 0 && percent <= 100 ? percent : 0,
    ...optional('startDate', dayIn(item, 'StartDate')),
    ...optional('dueDate', dayIn(item, 'DueDate')),
    ...optional('completedDate', dayIn(item, 'CompleteDate')),
    reminder: {
      isOn: isTrue(item, 'ReminderIsSet'),
      ...optional('at', isTrue(item, 'ReminderIsSet') ? stamp(momentOf(item, 'ReminderDueBy')) : undefined),
    },
    ...optional('recurrence', recurrenceOf(item)),
    ...optional('actualWork', minutesIn(item, 'ActualWork')),
    ...optional('totalWork', minutesIn(item, 'TotalWork')),
    ...optional('owner', given(item, 'Owner')),
    ...optional('delegator', given(item, 'Delegator')),
    isTeamTask: isTrue(item, 'IsTeamTask'),
    companies: stringsOf(item, 'Companies'),
    contacts: stringsOf(item, 'Contacts'),
    ...optional('mileage', given(item, 'Mileage')),
    ...optional('billingInformation', given(item, 'BillingInformation')),
    ...commonOf(item, attachments),
    ...datesOf(item),
  };
}

function minutesIn(item: XmlElement, name: string): number | undefined {
  const minutes = Number(textOf(item, name) ?? 0);
  return Number.isInteger(minutes) && minutes !== 0 ? minutes : undefined;
}
