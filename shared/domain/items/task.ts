import { z } from 'zod';
import { Day, itemCommon, Moment } from './item-parts.ts';
import { Recurrence } from './recurrence.ts';

export const Task = z.strictObject({
  kind: z.literal('task'),
  subject: z.string(),
  status: z.enum(['notStarted', 'inProgress', 'completed', 'waitingOnOthers', 'deferred']),
  /** 0 to 100. */
  percentComplete: z.number().min(0).max(100),
  startDate: Day.optional(),
  dueDate: Day.optional(),
  completedDate: Day.optional(),
  reminder: z.strictObject({ isOn: z.boolean(), at: Moment.optional() }),
  /** The task is the open one of its series. */
  recurrence: Recurrence.optional(),
  /** Minutes. */
  actualWork: z.int().optional(),
  totalWork: z.int().optional(),
  owner: z.string().optional(),
  delegator: z.string().optional(),
  isTeamTask: z.boolean(),
  companies: z.array(z.string()),
  contacts: z.array(z.string()),
  mileage: z.string().optional(),
  billingInformation: z.string().optional(),
  ...itemCommon,
});
export type Task = z.infer<typeof Task>;
