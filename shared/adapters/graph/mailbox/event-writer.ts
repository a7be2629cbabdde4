import { z } from 'zod';
import { ItemRefusedError } from '../../../domain/errors.ts';
import type { Attendee, CalendarEvent, EventTime, ModifiedOccurrence } from '../../../domain/items/calendar-event.ts';
import type { GraphClient } from '../graph-client.ts';
import { graphPath, graphQuery } from '../graph-path.ts';
import { attachedFile } from './attachment-parts.ts';
import type { LaterCall, WritableItem } from './item-writing.ts';
import { asHtml, escaped } from './plain-text.ts';
import { recurrenceJson } from './recurrence-json.ts';
import { oneLine, shortened } from './sanitised-text.ts';
import { isSeriesOver } from './series-is-over.ts';

/**
 * An event without attendees and without an online meeting, always: with them Exchange Online would send invitations to
 * everybody, and no setting keeps it from doing so. Who was invited, and what they answered, stands in the text.
 */
export function writableEvent(
  event: CalendarEvent,
  about: { readonly user: string; readonly transactionId: string; readonly now: number },
): WritableItem {
  const { series, timeZone } = event;
  const losses = new Set<string>();
  if (event.attendees.length > 0) losses.add('attendees-as-text');
  if (!timeZone.exact) losses.add('nearest-time-zone');
  if (event.missingAttachments.length > 0) losses.add('attachments-not-delivered');
  if ((series?.missing.length ?? 0) > 0) losses.add('occurrences-not-delivered');
  const recurrence = series === undefined ? undefined : recurrenceJson(series.recurrence, timeZone.id);
  if (series !== undefined && recurrence === undefined) losses.add('recurrence');
  const exceptions = recurrence === undefined ? undefined : series;
  const isOver =
    exceptions === undefined
      ? Date.parse(event.end.utc) < about.now
      : isSeriesOver(event, exceptions.recurrence, about.now);
  const zone = timeZone.id;
  return {
    body: {
      ...occasionJson(event, { zone, isOver, heading: headingOf(event) }),
      responseRequested: false,
      transactionId: about.transactionId,
      ...(recurrence === undefined ? {} : { recurrence }),
    },
    properties: [],
    files: event.attachments.map(attachedFile),
    // What is deleted first makes room for what is moved: no occurrence passes its neighbours.
    later: [
      ...(exceptions?.deleted ?? []).map(({ originalStart }) =>
        deleting(originalStart, { ...about, isAllDay: event.isAllDay }),
      ),
      ...inOrderOfMoves(exceptions?.modified ?? []).map((occurrence) =>
        changing(occurrence, { ...about, zone, isAllDay: event.isAllDay }),
      ),
    ],
    losses: [...losses],
  };
}

type Occasion = Pick<
  CalendarEvent | ModifiedOccurrence,
  | 'subject'
  | 'location'
  | 'start'
  | 'end'
  | 'isAllDay'
  | 'showAs'
  | 'reminder'
  | 'categories'
  | 'importance'
  | 'sensitivity'
  | 'body'
>;

function occasionJson(
  occasion: Occasion,
  about: { readonly zone: string; readonly isOver: boolean; readonly heading: string },
): Record<string, unknown> {
  const { reminder } = occasion;
  const time = ({ local }: EventTime): Record<string, string> => ({ dateTime: local, timeZone: about.zone });
  return {
    subject: shortened(oneLine(occasion.subject), 255),
    body: { contentType: 'html', content: `${about.heading}${asHtml(occasion.body)}` },
    start: time(occasion.start),
    end: time(occasion.end),
    isAllDay: occasion.isAllDay,
    location: { displayName: shortened(oneLine(occasion.location), 255) },
    showAs: occasion.showAs,
    importance: occasion.importance,
    sensitivity: occasion.sensitivity,
    categories: occasion.categories.map(oneLine),
    // Reminders of what is over would pop up all at once.
    isReminderOn: reminder.isOn && !about.isOver,
    reminderMinutesBeforeStart: Math.max(0, reminder.minutesBefore),
  };
}

/** Those that move forward from the last one on, the others from the first one on: each finds its neighbour gone. */
function inOrderOfMoves(occurrences: readonly ModifiedOccurrence[]): readonly ModifiedOccurrence[] {
  const at = ({ utc }: EventTime): number => Date.parse(utc);
  const sorted = occurrences.toSorted((a, b) => at(a.originalStart) - at(b.originalStart));
  const isForward = ({ start, originalStart }: ModifiedOccurrence): boolean => at(start) > at(originalStart);
  return [...sorted.filter(isForward).toReversed(), ...sorted.filter((occurrence) => !isForward(occurrence))];
}

const answers: Readonly<Record<Attendee['response'], string>> = {
  unknown: '',
  organizer: '',
  tentative: 'tentative',
  accepted: 'accepted',
  declined: 'declined',
  notResponded: 'no answer',
};

/** Who, where and what was answered, in front of the text. */
function headingOf(event: Pick<CalendarEvent, 'attendees'> & Partial<CalendarEvent>): string {
  const { organizer, attendees, onlineMeeting, isCancelled = false, myResponse = 'unknown' } = event;
  const lines: string[] = [];
  if (isCancelled) lines.push('This meeting was cancelled.');
  if (organizer !== undefined && attendees.length > 0) lines.push(`Organizer: ${person(organizer)}`);
  for (const role of ['required', 'optional', 'resource'] as const) {
    const some = attendees.filter((attendee) => attendee.role === role);
    if (some.length === 0) continue;
    lines.push(`${role === 'required' ? 'Required' : role === 'optional' ? 'Optional' : 'Resources'}:`);
    for (const attendee of some) {
      const answer = answers[attendee.response];
      lines.push(`- ${person(attendee)}${answer === '' ? '' : `, ${answer}`}`);
    }
  }
  if (answers[myResponse] !== '') lines.push(`Your answer: ${answers[myResponse]}`);
  const text = lines.map((line) => escaped(oneLine(line)));
  if (onlineMeeting !== undefined) {
    const url = escaped(oneLine(onlineMeeting.url));
    text.push(/^https?:/i.test(url) ? `Join: <a href="${url}">${url}</a>` : `Join: ${url}`);
  }
  return text.length === 0 ? '' : `<div>${text.join('<br>')}</div><hr>`;
}

function person({ name, address }: { readonly name: string; readonly address: string }): string {
  if (address === '') return name;
  return name === '' ? address : `${name} <${address}>`;
}

interface Place {
  readonly user: string;
  readonly now: number;
  readonly isAllDay: boolean;
}

function changing(occurrence: ModifiedOccurrence, place: Place & { readonly zone: string }): LaterCall {
  return async (client, item, { isResumed }) => {
    const instance = await instanceAt(client, item, occurrence.originalStart, place);
    if (instance === undefined) return ['changed-occurrence'];
    // Already changed, by us or by its user since.
    if (isResumed && instance.type === 'exception') return lossesOf(occurrence);
    const isOver = Date.parse(occurrence.end.utc) < place.now;
    const path = graphPath`/users/${place.user}/events/${instance.id}`;
    const body = occasionJson(occurrence, { zone: place.zone, isOver, heading: headingOf(occurrence) });
    // Exchange lets no occurrence pass its neighbours; everything else about it can be kept.
    const times = ['start', 'end', 'isAllDay'];
    const rest = Object.fromEntries(Object.entries(body).filter(([name]) => !times.includes(name)));
    if (await isTaken(client, path, body)) return lossesOf(occurrence);
    const loss = (await isTaken(client, path, rest)) ? 'time-of-changed-occurrence' : 'occurrence-refused';
    return [...lossesOf(occurrence), loss];
  };
}

/** False: refused, and left as it was. */
async function isTaken(client: GraphClient, path: string, change: unknown): Promise<boolean> {
  try {
    await client.patch(path, change, z.unknown());
    return true;
  } catch (error) {
    if (error instanceof ItemRefusedError) return false;
    throw error;
  }
}

function lossesOf({ attachments, missingAttachments }: ModifiedOccurrence): readonly string[] {
  return [
    ...(missingAttachments.length > 0 ? ['attachments-not-delivered'] : []),
    // Files that the series has are those of its occurrences, too.
    ...(attachments.length > 0 ? ['attachments-of-occurrence'] : []),
  ];
}

function deleting(originalStart: EventTime, place: Place): LaterCall {
  return async (client, item) => {
    const instance = await instanceAt(client, item, originalStart, place);
    // None: it is deleted already.
    if (instance !== undefined) await client.delete(graphPath`/users/${place.user}/events/${instance.id}`);
    return [];
  };
}

const Instance = z.object({
  id: z.string(),
  start: z.object({ dateTime: z.string() }),
  originalStart: z.string().nullish(),
  type: z.string().nullish(),
});
type Instance = z.infer<typeof Instance>;
const dayMs = 86_400_000;

/** The occurrence that begins then by its rule, whatever was changed of it since. */
async function instanceAt(
  client: GraphClient,
  item: string,
  originalStart: EventTime,
  { isAllDay }: Place,
): Promise<Instance | undefined> {
  const at = Date.parse(originalStart.utc);
  const window =
    `startDateTime=${encodeURIComponent(new Date(at - 2 * dayMs).toISOString())}` +
    `&endDateTime=${encodeURIComponent(new Date(at + 2 * dayMs).toISOString())}`;
  const query = graphQuery({ $select: 'id,start,originalStart,type', $top: 100 }).replace('?', '&');
  const found = await client.all(`${item}/instances?${window}${query}`, Instance);
  const minute = (moment: number): number => Math.floor(moment / 60_000);
  const day = originalStart.local.slice(0, 10);
  return found.find(({ start, originalStart: original, type }) => {
    if (original === null || original === undefined) {
      // Days of all-day events are no moments.
      if (isAllDay) return start.dateTime.slice(0, 10) === day;
      return minute(Date.parse(`${start.dateTime.replace(/Z$/, '')}Z`)) === minute(at);
    }
    if (minute(Date.parse(original)) === minute(at)) return true;
    if (!isAllDay) return false;
    return type === 'exception' ? original.startsWith(`${day}T00:00:00`) : start.dateTime.slice(0, 10) === day;
  });
}
