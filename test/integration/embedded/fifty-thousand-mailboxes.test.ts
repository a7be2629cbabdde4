import { expect, it } from '@jest/globals';
import { readSynthesizedDefinition } from '../../../local/workflow/embedded-definition.ts';
import { WorkflowRunner } from '../../../local/workflow/workflow-runner.ts';

const mailboxes = 50_000;
const position = { batch: 'sales', pass: 'initial', run: 1, reason: '', mail: 'finished' };
const nothing = () => undefined;
const notReached = () => Promise.reject(new Error('not reached'));

it('runs a batch of 50,000 mailboxes of two slices each without holding the process up', async () => {
  let slices = 0;
  let turns = 0;
  const runner = new WorkflowRunner({
    definition: await readSynthesizedDefinition(),
    handlers: {
      'find-where-the-batch-stands': () => Promise.resolve({ ...position, next: 'synchronise' }),
      'import-batch-file': notReached,
      'check-prerequisites': notReached,
      ...Object.fromEntries(
        ['prepare-round', 'provision-mailbox', 'forward-mail', 'put-back-forwarding'].map((task) => [task, notReached]),
      ),
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
      'remove-batch': notReached,
      'write-reports': () => Promise.resolve({ ...position, next: 'rest' }),
      'send-mail': () => Promise.resolve({ ...position, next: 'rest' }),
      'rest-batch': () => Promise.resolve({ ...position, next: 'rest' }),
      'record-failure': notReached,
    },
    loadManifest: () =>
      Promise.resolve(
        Array.from({ length: mailboxes }, (_, row) => ({ mailbox: `u${String(row)}@a.test`, row: row + 1 })),
      ),
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  });
  const count = () => {
    turns += 1;
    pulse = setImmediate(count);
  };
  let pulse = setImmediate(count);

  const { execution } = await runner.start('sales-run-1', { batch: 'sales', pass: 'initial' });
  await runner.settled('sales');
  clearImmediate(pulse);

  expect(slices).toBe(2 * mailboxes);
  expect(await runner.status(execution)).toBe('succeeded');
  // Leases are renewed meanwhile: timers and sockets have their turn at least once for each round of all twenty places.
  expect(turns).toBeGreaterThanOrEqual(slices / 20);
}, 180_000);
