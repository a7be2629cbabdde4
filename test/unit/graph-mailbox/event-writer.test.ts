import { describe, expect, it } from '@jest/globals';
import { writableEvent } from '../../../shared/adapters/graph/mailbox/event-writer.ts';
import type { CalendarEvent } from '../../../shared/domain/items/calendar-event.ts';
import { sampleItems } from '../../support/items/sample-items.ts';

const before = Date.parse('2026-11-21T00:00:00Z');

function written(change: Partial<CalendarEvent>, now = before): Readonly<Record<string, unknown>> {
  return writableEvent({ ...sampleItems.event, series: undefined, ...change }, { user: 'u', transactionId: 't', now })
    .body;
}

describe('an event in the words of Graph', () => {
  it('never has attendees or an online meeting, and keeps the address where one joins', () => {
    const body = written({ onlineMeeting: { url: 'https://meet.test/<1>' } });

    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['attendees']));
    expect(Object.keys(body)).not.toEqual(expect.arrayContaining(['isOnlineMeeting']));
    expect(JSON.stringify(body['body'])).toContain('https://meet.test/&#60;1&#62;');
    expect(body['responseRequested']).toBe(false);
  });

  it('begins on the clock of its time zone', () => {
    expect(written({})).toMatchObject({
      start: { dateTime: '2026-11-23T09:00:00', timeZone: 'W. Europe Standard Time' },
      end: { dateTime: '2026-11-23T10:00:00', timeZone: 'W. Europe Standard Time' },
    });
  });

  it('reminds of what is to come, not of what is over', () => {
    expect(written({})).toMatchObject({ isReminderOn: true });
    expect(written({}, Date.parse('2026-12-01T00:00:00Z'))).toMatchObject({ isReminderOn: false });
  });

  it('of a series that ended after so many occurrences reminds nobody any more', () => {
    const { series } = sampleItems.event;

    expect(written({ series })).toMatchObject({ isReminderOn: true });
    expect(written({ series }, Date.parse('2026-12-21T07:00:00Z'))).toMatchObject({ isReminderOn: true });
    expect(written({ series }, Date.parse('2026-12-21T11:00:00Z'))).toMatchObject({ isReminderOn: false });
  });

  it('stays private, and whole days stay whole days', () => {
    const start = { utc: '2026-11-22T23:00:00Z', local: '2026-11-23T00:00:00' };
    const end = { utc: '2026-11-23T23:00:00Z', local: '2026-11-24T00:00:00' };

    expect(written({ isAllDay: true, start, end, sensitivity: 'private' })).toMatchObject({
      isAllDay: true,
      sensitivity: 'private',
      start: { dateTime: '2026-11-23T00:00:00' },
      end: { dateTime: '2026-11-24T00:00:00' },
    });
  });
});
