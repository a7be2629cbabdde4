import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  batchTransitions,
  mayMoveBatch,
  moveBatch,
  type BatchEvent,
} from '../../../shared/domain/batch-transitions.ts';
import { BatchStatus } from '../../../shared/domain/batch.ts';
import { jobTransitions, mayMoveJob, moveJob, type JobEvent } from '../../../shared/domain/job-transitions.ts';
import { JobStatus } from '../../../shared/domain/mailbox-job.ts';
import { newBatch } from '../../../shared/domain/new-batch.ts';
import { queuedJob } from '../../../shared/domain/queued-job.ts';

const page = readFileSync('docs/state-machines.md', 'utf8');
const now = Date.parse('2026-11-20T10:00:00Z');
const batch = newBatch({
  name: 'wave1',
  endpoint: { name: 'contoso', type: 'imap' },
  startedBy: 'ann',
  options: {},
  now,
});
const job = queuedJob(
  { line: 2, row: 1, emailAddress: 'ann@contoso.test', options: {}, ignored: {} },
  { batch: 'wave1', now },
);
const batchEvents = Object.keys(batchTransitions) as BatchEvent[];
const jobEvents = Object.keys(jobTransitions) as JobEvent[];

interface Step {
  readonly from: readonly string[];
  readonly to: string;
  readonly when: string;
}
const tables: readonly (readonly [string, Readonly<Record<string, Step>>])[] = [
  ['batch', batchTransitions],
  ['mailbox job', jobTransitions],
];

describe('the transitions', () => {
  it.each(tables)('of a %s are those that docs/state-machines.md draws', (_, table) => {
    const steps = Object.entries(table).flatMap(([event, { from, to }]) =>
      from.filter((status) => status !== to).map((status) => `${status} --> ${to}: ${event}`),
    );
    expect(steps.filter((step) => !page.includes(`  ${step}\n`))).toEqual([]);
    const texts = Object.values(table).map(({ when }) => when);
    expect(texts.filter((when) => !page.includes(when))).toEqual([]);
  });

  it('drawn on the page are all in the tables', () => {
    const drawn = [...page.matchAll(/^ {2}(\w+) --> (\w+): (\w+)$/gm)].map(([, from, to, event]) => [from, to, event]);
    const known = tables.flatMap(([, table]) =>
      Object.entries(table).flatMap(([event, { from, to }]) => from.map((status) => [status, to, event].join())),
    );

    expect(drawn.length).toBeGreaterThan(40);
    expect(drawn.filter((step) => !known.includes(step.join()))).toEqual([]);
  });

  it.each([...BatchStatus.options, ...JobStatus.options])('leave no status without its sentence: %s', (status) => {
    expect(page).toMatch(new RegExp(`^\\| ${status} +\\| \\S`, 'm'));
  });

  it('move a batch only where the table says, whatever is asked of it', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...batchEvents), { maxLength: 30 }), (events) => {
        let present = batch;
        for (const event of events) {
          if (!mayMoveBatch(present, event)) {
            const refused = present;
            expect(() => moveBatch(refused, event, { reason: 'x', now })).toThrow(/does not fit/);
            continue;
          }
          const moved = moveBatch(present, event, { reason: 'x', now });
          expect((batchTransitions[event].from as readonly string[]).includes(present.status)).toBe(true);
          expect(moved.status).toBe(batchTransitions[event].to);
          // Whoever rests says since when; whoever works does not.
          const rests = [
            'Synced',
            'SyncedWithErrors',
            'Failed',
            'Paused',
            'Stopped',
            'Completed',
            'CompletedWithErrors',
          ];
          if (!['Waiting', 'Stopping', 'Removing'].includes(moved.status))
            expect(moved.finishedAt !== null).toBe(rests.includes(moved.status));
          present = moved;
        }
      }),
    );
  });

  it('move a job only where the table says, and a job that does not move has a reason', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...jobEvents), { maxLength: 30 }), (events) => {
        let present = job;
        for (const event of events) {
          if (!mayMoveJob(present, event)) {
            const refused = present;
            expect(() => moveJob(refused, event, { reason: null, now })).toThrow(/does not fit/);
            continue;
          }
          present = moveJob(present, event, { reason: 'why', now });
          expect(present.status).toBe(jobTransitions[event].to);
          expect(JobStatus.parse(present.status)).toBe(present.status);
        }
      }),
    );
  });
});
