import { z } from 'zod';
import { ClockTime, itemCommon, itemContent, Moment, Person } from './item-parts.ts';
import { Recurrence } from './recurrence.ts';

/** One moment twice: the instant, and what a clock in the event's time zone shows then. */
export const EventTime = z.strictObject({ utc: Moment, local: ClockTime });
export type EventTime = z.infer<typeof EventTime>;

export const EventTimeZone = z.strictObject({
  /** Windows' name of the zone that `local` is in (`W. Europe Standard Time`), or `UTC`: Exchange Online knows it. */
  id: z.string(),
  /** As the source calls it; may be in any language, or empty. */
  name: z.string(),
  /** False where the source's zone is none that is known, so that `id` is the nearest one. */
  exact: z.boolean(),
});
export type EventTimeZone = z.infer<typeof EventTimeZone>;

export const AttendeeResponse = z.enum(['unknown', 'organizer', 'tentative', 'accepted', 'declined', 'notResponded']);
export type AttendeeResponse = z.infer<typeof AttendeeResponse>;

export const Attendee = z.strictObject({
  ...Person.shape,
  role: z.enum(['required', 'optional', 'resource']),
  response: AttendeeResponse,
  responseTime: Moment.optional(),
});
export type Attendee = z.infer<typeof Attendee>;

export const Reminder = z.strictObject({ isOn: z.boolean(), minutesBefore: z.int() });

/** What an event and a single occurrence of a series have. */
const occasion = {
  subject: z.string(),
  location: z.string(),
  /** All-day events: `local` is midnight at both ends, and the end is the day after the last one. */
  start: EventTime,
  end: EventTime,
  isAllDay: z.boolean(),
  showAs: z.enum(['free', 'tentative', 'busy', 'oof', 'workingElsewhere', 'unknown']),
  reminder: Reminder,
  attendees: z.array(Attendee),
};

/** An occurrence that differs from its series: as it is, whole. */
export const ModifiedOccurrence = z.strictObject({
  /** When it would be by the rule. */
  originalStart: EventTime,
  ...occasion,
  ...itemContent,
});
export type ModifiedOccurrence = z.infer<typeof ModifiedOccurrence>;

export const Series = z.strictObject({
  recurrence: Recurrence,
  modified: z.array(ModifiedOccurrence),
  /** Occurrences that the rule has and that were deleted. */
  deleted: z.array(z.strictObject({ originalStart: EventTime })),
  /** Modified occurrences that the source did not deliver, by their start by the rule. */
  missing: z.array(z.strictObject({ originalStart: EventTime })),
});
export type Series = z.infer<typeof Series>;

/** A single event, or a series with its exceptions; never an occurrence of a series. */
export const CalendarEvent = z.strictObject({
  kind: z.literal('event'),
  /** UID of iCalendar (GlobalObjectId): the same in every attendee's calendar. */
  uid: z.string().optional(),
  ...occasion,
  timeZone: EventTimeZone,
  /** Only where it ends in another time zone; `end.local` is in `timeZone` all the same. */
  endTimeZone: EventTimeZone.optional(),
  series: Series.optional(),
  /** False: an appointment of one's own, without others. */
  isMeeting: z.boolean(),
  isCancelled: z.boolean(),
  organizer: Person.optional(),
  /** What the owner of the calendar answered. */
  myResponse: AttendeeResponse,
  onlineMeeting: z.strictObject({ url: z.string() }).optional(),
  ...itemCommon,
});
export type CalendarEvent = z.infer<typeof CalendarEvent>;
