import { afterEach, describe, expect, it } from '@jest/globals';
import { eventContent, type PracticeEvent } from '../../../simulator/exchange/practice-content.ts';
import { practiceEvents } from '../../../simulator/exchange/practice-items.ts';
import { GraphWorld, anna } from './support/graph-world.ts';

const berlin = 'W. Europe Standard Time';
const created = new Date(Date.UTC(2024, 5, 1));

describe('Events copied from Exchange to Exchange Online', () => {
  let world: GraphWorld | undefined;

  afterEach(async () => {
    expect(world?.simulator.invitations ?? []).toEqual([]);
    await world?.close();
    world = undefined;
  });

  async function copied(events: readonly PracticeEvent[]): Promise<ReadonlyMap<unknown, object>> {
    world = await GraphWorld.open({
      exchange: (mailbox) => {
        for (const event of events) mailbox.addContent(eventContent(event), { itemClass: 'IPM.Appointment', created });
      },
    });
    const job = await world.harness.run(anna);
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: events.length } });
    return new Map(world.items.map(({ properties }) => [properties['subject'], properties]));
  }

  it('are at their time in their time zone, whole days stay whole days, and what is private stays private', async () => {
    const found = await copied(Object.values(practiceEvents(anna)));

    const at = (dateTime: string, timeZone: string): object => ({ dateTime, timeZone });
    expect(found.get('Lunch')).toMatchObject({ start: at('2025-01-07T12:00:00', berlin), sensitivity: 'normal' });
    expect(found.get('Holiday')).toMatchObject({
      isAllDay: true,
      showAs: 'oof',
      start: at('2025-01-08T00:00:00', berlin),
      end: at('2025-01-10T00:00:00', berlin),
    });
    expect(found.get('Dentist')).toMatchObject({ sensitivity: 'private', importance: 'high' });
    expect(found.get('Call with New York')).toMatchObject({
      start: at('2025-07-10T10:00:00', 'Eastern Standard Time'),
    });
    expect(found.get('Stand-up in Pune')).toMatchObject({
      start: at('2025-03-03T10:00:00', 'India Standard Time'),
      recurrence: { range: { type: 'numbered', numberOfOccurrences: 10 } },
    });
    expect(found.get('Birthday of Bea')).toMatchObject({
      isAllDay: true,
      start: at('2025-02-28T00:00:00', berlin),
      recurrence: { pattern: { type: 'relativeYearly', index: 'last' }, range: { type: 'noEnd' } },
    });
    expect([...found.values()].filter((event) => 'attendees' in event)).toEqual([]);
  });

  it('remind of what is to come, and of nothing that is over', async () => {
    const hour = 3_600_000;
    const day = 24 * hour;
    const today = Math.floor(Date.now() / day) * day;
    const daily = (count: number, from: number): Partial<PracticeEvent> => ({
      recurrence: `<t:DailyRecurrence><t:Interval>1</t:Interval></t:DailyRecurrence><t:NumberedRecurrence><t:StartDate>${new Date(from).toISOString().slice(0, 10)}</t:StartDate><t:NumberOfOccurrences>${String(count)}</t:NumberOfOccurrences></t:NumberedRecurrence>`,
    });
    const event = (subject: string, from: number, more: Partial<PracticeEvent> = {}): PracticeEvent => ({
      subject,
      start: new Date(from + 9 * hour),
      end: new Date(from + 10 * hour),
      zone: berlin,
      reminder: 15,
      ...more,
    });
    const [past, future] = [today - 30 * day, today + 30 * day];

    const found = await copied([
      event('was', past),
      event('will be', future),
      event('was five times', past, daily(5, past)),
      event('goes on', past, daily(500, past)),
    ]);

    const reminders = ['was', 'will be', 'was five times', 'goes on'].map((name) => [name, found.get(name)]);
    expect(reminders).toMatchObject([
      ['was', { isReminderOn: false }],
      ['will be', { isReminderOn: true, reminderMinutesBeforeStart: 15 }],
      ['was five times', { isReminderOn: false }],
      ['goes on', { isReminderOn: true }],
    ]);
  });

  it('keep whole days of a series that were moved next to one that was deleted', async () => {
    const days = (first: number): { readonly start: Date; readonly end: Date } => ({
      start: new Date(Date.UTC(2025, 0, first - 1, 23)),
      end: new Date(Date.UTC(2025, 0, first, 23)),
    });
    const shift: PracticeEvent = { subject: 'Shift', ...days(6), zone: berlin, allDay: true };
    await copied([
      {
        ...shift,
        recurrence:
          '<t:DailyRecurrence><t:Interval>2</t:Interval></t:DailyRecurrence>' +
          '<t:NumberedRecurrence><t:StartDate>2025-01-06+01:00</t:StartDate><t:NumberOfOccurrences>6</t:NumberOfOccurrences></t:NumberedRecurrence>',
        // The 8th is on the 10th, of which nothing is left; the 12th and the 14th are a day later each.
        changed: [
          { originalStart: days(8).start, event: { ...shift, ...days(10), subject: 'Swapped' } },
          { originalStart: days(12).start, event: { ...shift, ...days(14), subject: 'Later' } },
          { originalStart: days(14).start, event: { ...shift, ...days(15), subject: 'Latest' } },
        ],
        deleted: [days(10).start],
      },
    ]);

    const [series] = world?.items ?? [];
    const exceptions = [...(series?.exceptions ?? [])].map(([day, exception]) => [
      day,
      exception?.properties['subject'] ?? null,
      JSON.stringify(exception?.properties['start'] ?? null).slice(13, 23),
    ]);
    expect(exceptions.toSorted()).toEqual([
      ['2025-01-08', 'Swapped', '2025-01-10'],
      ['2025-01-10', null, ''],
      ['2025-01-12', 'Later', '2025-01-14'],
      ['2025-01-14', 'Latest', '2025-01-15'],
    ]);
  });
});
