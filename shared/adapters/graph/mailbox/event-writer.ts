import { z } from 'zod';
import { ItemRefusedError } from '../../../domain/errors.ts';
import type { Attendee, CalendarEvent, EventTime, ModifiedOccurrence } from '../../../domain/items/calendar-event.ts';
import type { ItemAttachment } from '../../../domain/items/item-parts.ts';
import type { GraphClient } from '../graph-client.ts';
import { graphPath, graphQuery } from '../graph-path.ts';
import { attachFile } from './attachment-parts.ts';
import type { AttachedFile } from './graph-message.ts';
import type { WritableItem } from './item-writing.ts';
import { asHtml, escaped } from './plain-text.ts';
import { recurrenceJson } from './recurrence-json.ts';
import { fileName, oneLine, shortened } from './sanitised-text.ts';

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
  const endsAt = series === undefined ? Date.parse(event.end.utc) : seriesEnd(series.recurrence.range);
  const zone = timeZone.id;
  const exceptions = recurrence === undefined ? undefined : series;
  return {
    body: {
      ...occasionJson(event, { zone, isOver: endsAt < about.now, heading: headingOf(event) }),
      responseRequested: false,
      transactionId: about.transactionId,
      ...(recurrence === undefined ? {} : { recurrence }),
    },
    properties: [],
    later: [
      ...event.attachments.map((attachment) => attaching(attachment)),
      ...(exceptions?.modified ?? []).map((occurrence) =>
        changing(occurrence, { ...about, zone, isAllDay: event.isAllDay }),
      ),
      ...(exceptions?.deleted ?? []).map(({ originalStart }) =>
        deleting(originalStart, { ...about, isAllDay: event.isAllDay }),
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

function seriesEnd(range: { readonly type: string; readonly endDate?: string }): number {
  return range.endDate === undefined ? Infinity : Date.parse(`${range.endDate}T23:59:59Z`);
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

type Later = WritableItem['later'][number];

function attaching({ name, contentType, contentId, isInline, content }: ItemAttachment): Later {
  const file: AttachedFile = {
    name: fileName(name) === '' ? 'attachment' : fileName(name),
    contentType: contentType === '' ? 'application/octet-stream' : oneLine(contentType),
    isInline,
    ...(contentId === undefined ? {} : { contentId: oneLine(contentId) }),
    content: Buffer.from(content, 'base64'),
  };
  return async (client, item) => {
    await attachFile(client, item, file);
    return [];
  };
}

interface Place {
  readonly user: string;
  readonly now: number;
  readonly isAllDay: boolean;
}

function changing(occurrence: ModifiedOccurrence, place: Place & { readonly zone: string }): Later {
  return async (client, item) => {
    const id = await instanceAt(client, item, occurrence.originalStart, place);
    if (id === undefined) return ['changed-occurrence'];
    const isOver = Date.parse(occurrence.end.utc) < place.now;
    const path = graphPath`/users/${place.user}/events/${id}`;
    const body = occasionJson(occurrence, { zone: place.zone, isOver, heading: headingOf(occurrence) });
    const losses = occurrence.missingAttachments.length > 0 ? ['attachments-not-delivered'] : [];
    try {
      await client.patch(path, body, z.unknown());
    } catch (error) {
      // Exchange lets no occurrence pass its neighbours; everything else about it can be kept.
      if (!(error instanceof ItemRefusedError)) throw error;
      const times = ['start', 'end', 'isAllDay'];
      const rest = Object.fromEntries(Object.entries(body).filter(([name]) => !times.includes(name)));
      await client.patch(path, rest, z.unknown());
      return [...losses, 'time-of-changed-occurrence'];
    }
    // Files that the series has are those of its occurrences, too.
    return occurrence.attachments.length > 0 ? [...losses, 'attachments-of-occurrence'] : losses;
  };
}

function deleting(originalStart: EventTime, place: Place): Later {
  return async (client, item) => {
    const id = await instanceAt(client, item, originalStart, place);
    // None: it is deleted already.
    if (id !== undefined) await client.delete(graphPath`/users/${place.user}/events/${id}`);
    return [];
  };
}

const Instance = z.object({
  id: z.string(),
  start: z.object({ dateTime: z.string() }),
  originalStart: z.string().nullish(),
});
const dayMs = 86_400_000;

/** The occurrence that begins then by its rule, whatever was changed of it since. */
async function instanceAt(
  client: GraphClient,
  item: string,
  originalStart: EventTime,
  { isAllDay }: Place,
): Promise<string | undefined> {
  const at = Date.parse(originalStart.utc);
  const window =
    `startDateTime=${encodeURIComponent(new Date(at - 2 * dayMs).toISOString())}` +
    `&endDateTime=${encodeURIComponent(new Date(at + 2 * dayMs).toISOString())}`;
  const query = graphQuery({ $select: 'id,start,originalStart,type', $top: 100 }).replace('?', '&');
  const found = await client.all(`${item}/instances?${window}${query}`, Instance);
  return found.find(({ start, originalStart: original }) => {
    // Days of all-day events are no moments.
    if (isAllDay) return start.dateTime.slice(0, 10) === originalStart.local.slice(0, 10);
    const begins = original ?? `${start.dateTime.replace(/Z$/, '')}Z`;
    return Math.floor(Date.parse(begins) / 60_000) === Math.floor(at / 60_000);
  })?.id;
}
