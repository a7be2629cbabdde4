import { z } from 'zod';
import { Day } from './item-parts.ts';

export const Weekday = z.enum(['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']);
export type Weekday = z.infer<typeof Weekday>;

const interval = z.int().min(1);
const dayOfMonth = z.int().min(1).max(31);
const month = z.int().min(1).max(12);
/** Any of these days counts: `first` of Monday to Friday is the first working day. */
const daysOfWeek = z.array(Weekday).min(1);
const index = z.enum(['first', 'second', 'third', 'fourth', 'last']);

/** When it comes again; the six patterns of Exchange, and those of tasks that begin anew when they are done. */
export const RecurrencePattern = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('daily'), interval }),
  z.strictObject({ type: z.literal('weekly'), interval, daysOfWeek, firstDayOfWeek: Weekday }),
  z.strictObject({ type: z.literal('absoluteMonthly'), interval, dayOfMonth }),
  z.strictObject({ type: z.literal('relativeMonthly'), interval, daysOfWeek, index }),
  z.strictObject({ type: z.literal('absoluteYearly'), interval, month, dayOfMonth }),
  z.strictObject({ type: z.literal('relativeYearly'), interval, month, daysOfWeek, index }),
  z.strictObject({ type: z.literal('regenerating'), every: z.enum(['day', 'week', 'month', 'year']), interval }),
]);
export type RecurrencePattern = z.infer<typeof RecurrencePattern>;

export const RecurrenceRange = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('noEnd'), startDate: Day }),
  z.strictObject({ type: z.literal('endDate'), startDate: Day, endDate: Day }),
  z.strictObject({ type: z.literal('numbered'), startDate: Day, numberOfOccurrences: z.int().min(1) }),
]);
export type RecurrenceRange = z.infer<typeof RecurrenceRange>;

export const Recurrence = z.strictObject({ pattern: RecurrencePattern, range: RecurrenceRange });
export type Recurrence = z.infer<typeof Recurrence>;
