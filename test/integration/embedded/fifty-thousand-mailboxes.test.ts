import { expect, it } from '@jest/globals';
import { readSynthesizedDefinition } from '../../../local/workflow/embedded-definition.ts';
import { WorkflowRunner } from '../../../local/workflow/workflow-runner.ts';

const mailboxes = 50_000;
const position = { batch: 'sales', pass: 'initial', run: 1, reason: '', mail: 'finished' };
const nothing = () => undefined;

it('runs a batch of 50,000 mailboxes of two slices each without holding the process up', async () => {
  let slices = 0;
  let longestTurn = 0;
  const runner = new WorkflowRunner({
    definition: await readSynthesizedDefinition(),
    handlers: {
      'find-where-the-batch-stands': () => Promise.resolve({ ...position, next: 'synchronise' }),
      'import-batch-file': () => Promise.reject(new Error('not reached')),
      'check-prerequisites': () => Promise.reject(new Error('not reached')),
      'plan-round': () =>
        Promise.resolve({
          ...position,
          next: 'synchronise',
          round: 1,
          due: mailboxes,
          concurrency: 20,
          manifest: { bucket: 'data', key: 'work/manifest' },
        }),
      'copy-slice': (input) => {
        slices += 1;
        const slice = input as { slice: number };
        const outcome = slice.slice === 1 ? 'more' : 'done';
        return Promise.resolve({
          ...slice,
          slice: slice.slice + 1,
          outcome,
          status: 'Synced',
          reason: '',
          items: 1,
          bytes: 1,
          waitSeconds: 0,
        });
      },
      'review-round': () => Promise.resolve({ ...position, next: 'settle' }),
      'settle-batch': () => Promise.resolve({ ...position, next: 'report' }),
      'remove-batch': () => Promise.reject(new Error('not reached')),
      'write-reports': () => Promise.resolve({ ...position, next: 'rest' }),
      'send-mail': () => Promise.resolve({ ...position, next: 'rest' }),
      'rest-batch': () => Promise.resolve({ ...position, next: 'rest' }),
      'record-failure': () => Promise.reject(new Error('not reached')),
    },
    loadManifest: () =>
      Promise.resolve(
        Array.from({ length: mailboxes }, (_, row) => ({ mailbox: `u${String(row)}@a.test`, row: row + 1 })),
      ),
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  });
  let last = Date.now();
  const pulse = setInterval(() => {
    longestTurn = Math.max(longestTurn, Date.now() - last);
    last = Date.now();
  }, 50);

  const { execution } = await runner.start('sales-run-1', { batch: 'sales', pass: 'initial' });
  await runner.settled('sales');
  clearInterval(pulse);

  expect(slices).toBe(2 * mailboxes);
  expect(await runner.status(execution)).toBe('succeeded');
  // Leases are renewed every 30 s: the interpreter must never hold the process up for long.
  expect(longestTurn).toBeLessThan(10_000);
}, 180_000);
