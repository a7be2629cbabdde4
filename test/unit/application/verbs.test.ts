import { describe, expect, it } from '@jest/globals';
import { approveItems } from '../../../shared/application/approve-items.ts';
import { changeJob } from '../../../shared/application/change-job.ts';
import { completeBatch } from '../../../shared/application/complete-batch.ts';
import { createBatch } from '../../../shared/application/create-batch.ts';
import { removeBatch } from '../../../shared/application/remove-batch.ts';
import { retryBatch } from '../../../shared/application/retry-batch.ts';
import { setOptions } from '../../../shared/application/set-options.ts';
import { showTimeline } from '../../../shared/application/show-timeline.ts';
import { startBatch } from '../../../shared/application/start-batch.ts';
import { startFromUpload } from '../../../shared/application/start-from-upload.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import { tick } from '../../../shared/application/tick.ts';
import { waiveMailboxes } from '../../../shared/application/waive-mailboxes.ts';
import type { AuditEntry } from '../../../shared/domain/audit.ts';
import { moveJob, openingEvent } from '../../../shared/domain/job-transitions.ts';
import { passKindOf } from '../../../shared/domain/due-jobs.ts';
import { noItems } from '../../../shared/domain/mailbox-job.ts';
import { anEndpoint, BatchWorld } from '../../support/builders/batch-world.ts';
import { countedWalks } from '../../support/builders/counted-walks.ts';
import { copyAll, runExecutions, runUntilAtRest, type Worker } from '../../support/builders/run-executions.ts';
import { SteppedExecutions } from '../../support/builders/stepped-world.ts';

const csv = `EmailAddress,UserName,Password
ann@contoso.test,ann,pw-ann
bob@contoso.test,bob,pw-bob
carl@contoso.test,carl,pw-carl
`;
const octets = (text: string) => new TextEncoder().encode(text);
const batch = 'wave1';
const ann = 'ann@contoso.test';
const bob = 'bob@contoso.test';
const carl = 'carl@contoso.test';
const saying = (text: string): unknown => expect.stringContaining(text);
const hour = 3_600_000;
const by = 'ada';

async function created(options: Record<string, string> = {}, start = false): Promise<BatchWorld> {
  const world = new BatchWorld();
  await world.services.store.putEndpoint(anEndpoint());
  await createBatch(world.services, {
    name: batch,
    endpoint: 'contoso',
    csv: octets(csv),
    options,
    start,
    startedBy: by,
  });
  return world;
}

const copies =
  (world: BatchWorld): Worker =>
  (job, of) =>
    copyAll(() => world.now)(job, of);

/** Copies, but leaves an item of some mailboxes behind, or fails them. */
function worker(world: BatchWorld, about: { readonly lacking?: string[]; readonly failing?: string[] }): Worker {
  return (job, of) => {
    const opened = moveJob(job, openingEvent(passKindOf(of, job)), { reason: null, now: world.now });
    if (about.failing?.includes(job.id) === true) {
      const error = {
        code: 'TARGET_MAILBOX_FULL',
        message: 'The target mailbox is full.',
        kind: 'MailboxBlockedError',
      };
      const event = job.syncedAt === null ? 'fail' : 'failChanges';
      return { ...moveJob(opened, event, { reason: error.message, error, now: world.now }), green: false };
    }
    const done = copies(world)(job, of);
    if (done === undefined || about.lacking?.includes(job.id) !== true) return done;
    return { ...done, green: false, items: { ...noItems, total: 2, copied: 1, failed: 1 } };
  };
}

async function synced(about: Parameters<typeof worker>[1] = {}, options: Record<string, string> = {}) {
  const world = await created(options, true);
  await runExecutions(world, worker(world, about));
  return world;
}

async function trail(world: BatchWorld): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for await (const entry of world.services.store.auditOf(batch)) entries.push(entry);
  return entries;
}

const statuses = async (world: BatchWorld) => (await world.jobs(batch)).map(({ status }) => status);

describe('stop', () => {
  /** One mailbox is through, one has a worker, one waits. */
  async function underWay() {
    const world = await created({}, true);
    const executions = new SteppedExecutions(world);
    for (let step = 0; step < 7; step += 1) await executions.step('green');
    expect(await statuses(world)).toEqual(['Synced', 'Syncing', 'Queued']);
    return { world, executions };
  }

  it('waits for the worker that is left, leaves finished mailboxes alone and says who stopped it', async () => {
    const { world, executions } = await underWay();

    const stopped = await stopBatch(world.services, { batch, by, rollback: false });
    const asked = await world.batch(batch);
    for (let step = 0; step < 30; step += 1) await executions.step('wait');

    expect(stopped.outcome).toBe('done');
    expect(asked.status).toBe('Stopping');
    await expect(world.batch(batch)).resolves.toMatchObject({
      status: 'Stopped',
      run: null,
      reason: 'Stopped by ada.',
    });
    expect(await statuses(world)).toEqual(['Synced', 'Stopped', 'Stopped']);
    expect(world.mails).toEqual(['stopped']);
  });

  it('that comes second is told so', async () => {
    const { world } = await underWay();

    const both = await Promise.all([
      stopBatch(world.services, { batch, by: 'ada', rollback: false }),
      stopBatch(world.services, { batch, by: 'bert', rollback: false }),
    ]);

    expect(both.map(({ outcome }) => outcome).sort()).toEqual(['done', 'refused']);
    expect(both.find(({ outcome }) => outcome === 'refused')).toMatchObject({ code: 'REFUSED_IN_THIS_STATE' });
  });

  it('ends an execution whose children are asleep, once no lease is held', async () => {
    const { world, executions } = await underWay();
    await executions.step('wait');
    const [execution] = world.workflow.running();

    await stopBatch(world.services, { batch, by, rollback: false });

    expect(execution?.status).toBe('aborted');
    for (let step = 0; step < 10; step += 1) await executions.step('green');
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Stopped' });
  });

  it('of a single mailbox lets the others go on; of all of them stops the batch', async () => {
    const { world, executions } = await underWay();

    await stopBatch(world.services, { batch, by, mailboxes: [carl], rollback: false });
    await stopBatch(world.services, { batch, by, mailboxes: ['BOB@contoso.test'], rollback: false });
    for (let step = 0; step < 30; step += 1) await executions.step('wait');

    const jobs = await world.jobs(batch);
    expect(jobs.map(({ status, reason }) => [status, reason])).toEqual([
      ['Synced', null],
      ['Stopped', 'the mailbox was stopped by ada'],
      ['Stopped', 'the mailbox was stopped by ada'],
    ]);
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'SyncedWithErrors' });
  });

  it('is refused with a reason where nothing goes on, and with --rollback where there is nothing to roll back', async () => {
    const world = await synced();

    await expect(stopBatch(world.services, { batch, by, rollback: false })).resolves.toMatchObject({
      outcome: 'refused',
      reason: saying('only what is going on can be stopped'),
    });
    await expect(stopBatch(world.services, { batch, by, rollback: true })).resolves.toMatchObject({
      outcome: 'refused',
      reason: saying('no forwarding'),
    });
    await expect(stopBatch(world.services, { batch: 'none', by, rollback: false })).resolves.toMatchObject({
      code: 'BATCH_NOT_FOUND',
    });
    expect((await trail(world)).filter(({ verb, outcome }) => verb === 'stop' && outcome === 'refused')).toHaveLength(
      2,
    );
  });

  it('of a waiting batch is done at once', async () => {
    const world = await created({ startAfter: '2026-11-21T20:00Z' }, true);
    await runExecutions(world, copies(world));

    await stopBatch(world.services, { batch, by, rollback: false });

    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Stopped', run: null });
  });

  it('is followed by resume, which goes on where it stood', async () => {
    const { world, executions } = await underWay();
    await stopBatch(world.services, { batch, by, rollback: false });
    for (let step = 0; step < 30; step += 1) await executions.step('wait');

    await startBatch(world.services, { batch, by, verb: 'resume' });
    for (let step = 0; step < 40; step += 1) await executions.step('green');

    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Synced', passNumber: 1 });
    expect((await trail(world)).map(({ verb }) => verb)).toContain('resume');
  });
});

describe('start', () => {
  it('of one mailbox leaves the others until somebody starts them', async () => {
    const world = await created();
    await runExecutions(world, copies(world));

    await startBatch(world.services, { batch, by, mailboxes: [bob] });
    await runExecutions(world, copies(world));
    const first = await statuses(world);
    await startBatch(world.services, { batch, by });
    await runExecutions(world, copies(world));

    expect(first).toEqual(['Stopped', 'Synced', 'Stopped']);
    expect(await statuses(world)).toEqual(['Synced', 'Synced', 'Synced']);
  });

  it('goes on without a prerequisite that somebody overrides with a reason', async () => {
    const world = await created();
    await runExecutions(world, copies(world));
    world.checks = [
      {
        side: 'source',
        check: 'certificate',
        result: 'fail',
        code: 'SOURCE_CERTIFICATE_INVALID',
        transient: false,
        evidence: 'The certificate has expired.',
        fix: 'Renew it.',
      },
    ];

    await startBatch(world.services, { batch, by });
    await runExecutions(world, copies(world));
    const failed = await world.batch(batch);
    const overrides = [{ check: 'source-certificate', why: 'replaced on Monday' }];
    await startBatch(world.services, { batch, by, overrides });
    await runExecutions(world, copies(world));

    expect(failed).toMatchObject({ status: 'Failed', errorCode: 'SOURCE_CERTIFICATE_INVALID' });
    await expect(world.batch(batch)).resolves.toMatchObject({
      status: 'Synced',
      checks: [{ result: 'warn', evidence: saying('Overridden by ada: replaced on Monday') }],
    });
    expect((await trail(world)).at(-1)).toMatchObject({ verb: 'start', why: 'replaced on Monday' });
    await expect(
      startBatch(world.services, { batch, by, overrides: [{ check: 'nonsense', why: 'x' }] }),
    ).resolves.toMatchObject({ outcome: 'refused', code: 'CHECK_UNKNOWN' });
  });

  it('of a batch whose mailboxes another batch holds says which', async () => {
    const world = await synced();
    await createBatch(world.services, {
      name: 'wave2',
      endpoint: 'contoso',
      csv: octets(csv),
      options: {},
      start: true,
      startedBy: by,
    });
    await runExecutions(world, copies(world));

    await expect(world.batch('wave2')).resolves.toMatchObject({
      status: 'Failed',
      reason: saying('held by wave1'),
    });
  });
});

describe('retry', () => {
  it('tries failed mailboxes again, with new options, and no others', async () => {
    const world = await synced({ failing: [bob] });
    const before = await world.job(batch, ann);

    const retried = await retryBatch(world.services, {
      batch,
      by,
      items: false,
      doubtful: false,
      options: { badItemLimit: '50' },
    });
    await runExecutions(world, copies(world));

    expect(retried.outcome).toBe('done');
    expect(await world.job(batch, ann)).toEqual(before);
    expect(await world.job(batch, bob)).toMatchObject({ status: 'Synced', options: { badItemLimit: '50' } });
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Synced', passNumber: 1 });
  });

  it('takes only the mailboxes that failed with a code', async () => {
    const world = await synced({ failing: [bob] });
    const flags = { items: false, doubtful: false };

    await expect(retryBatch(world.services, { batch, by, code: 'SOURCE_NO_RIGHTS', ...flags })).resolves.toMatchObject({
      outcome: 'refused',
      reason: saying('SOURCE_NO_RIGHTS'),
    });
    await expect(
      retryBatch(world.services, { batch, by, code: 'TARGET_MAILBOX_FULL', ...flags }),
    ).resolves.toMatchObject({ outcome: 'done' });
  });

  it('makes another pass over mailboxes with failed or doubtful items, if told to', async () => {
    const world = await synced({ lacking: [carl] });

    await expect(retryBatch(world.services, { batch, by, items: false, doubtful: false })).resolves.toMatchObject({
      outcome: 'refused',
    });
    await retryBatch(world.services, { batch, by, items: true, doubtful: true });
    const waiting = await world.job(batch, carl);
    await runExecutions(world, copies(world));

    expect(waiting).toMatchObject({ status: 'Synced', reason: 'waits for its turn', copyDoubtful: true });
    expect(await world.job(batch, carl)).toMatchObject({ status: 'Synced', green: true });
  });

  it('says that a bad row needs a corrected file', async () => {
    const world = new BatchWorld();
    await world.services.store.putEndpoint(anEndpoint());
    const rows = octets('EmailAddress,UserName,Password\nann@contoso.test,ann,pw\nbad,bad,bad\n');
    await createBatch(world.services, {
      name: batch,
      endpoint: 'contoso',
      csv: rows,
      options: {},
      start: true,
      startedBy: by,
    });
    await runExecutions(world, copies(world));

    await expect(retryBatch(world.services, { batch, by, items: true, doubtful: true })).resolves.toMatchObject({
      outcome: 'refused',
      reason: saying('A row is bad'),
    });
  });
});

describe('sync', () => {
  it('of single mailboxes makes a pass over those alone', async () => {
    const world = await synced();
    const seen: string[] = [];

    await startBatch(world.services, { batch, by, pass: 'incremental', mailboxes: [ann] });
    await runExecutions(world, (job, of) => {
      seen.push(`${job.id} ${passKindOf(of, job)} ${of.status}`);
      return copies(world)(job, of);
    });

    expect(seen).toEqual(['ann@contoso.test incremental IncrementalSyncing']);
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Synced', passNumber: 1 });
  });

  it('is refused during the first pass, and goes on with a pass of its own kind that is under way', async () => {
    const world = await created({}, true);
    const executions = new SteppedExecutions(world);
    for (let step = 0; step < 7; step += 1) await executions.step('green');

    const early = await startBatch(world.services, { batch, by, pass: 'incremental' });
    for (let step = 0; step < 30; step += 1) await executions.step('green');
    const asked = await startBatch(world.services, { batch, by, pass: 'incremental' });
    const again = await startBatch(world.services, { batch, by, pass: 'incremental' });

    expect(early).toMatchObject({ outcome: 'refused', reason: saying('Syncing') });
    expect([asked.outcome, again.outcome]).toEqual(['started', 'running']);
    await expect(world.batch(batch)).resolves.toMatchObject({ pass: 'incremental', passNumber: 2 });
  });

  it('is not taken for the retry that is under way, nor by one that was quicker', async () => {
    const world = await synced();
    await startBatch(world.services, { batch, by, pass: 'incremental' });
    await runExecutions(world, worker(world, { failing: [bob] }));
    const { services } = world;
    const sync = () => startBatch(services, { batch, by, pass: 'incremental' });

    await retryBatch(services, { batch, by, items: false, doubtful: false });
    const during = await sync();
    await runExecutions(world, worker(world, { failing: [bob] }));
    const { store } = services;
    let quicker = true;
    world.watch({
      saveBatch: async (saved) => {
        if (quicker) {
          quicker = false;
          await startBatch(services, { batch, by, pass: 'incremental', mailboxes: [ann] });
        }
        return await store.saveBatch(saved);
      },
    });
    const behind = await sync();
    await runExecutions(world, copies(world));
    const free = await sync();
    const again = await sync();
    await stopBatch(world.services, { batch, by, rollback: false });
    await runExecutions(world, copies(world));
    await startBatch(world.services, { batch, by });
    const resumed = await sync();

    const refusal = {
      outcome: 'refused',
      reason: saying('for some of its mailboxes: an incremental pass begins once'),
    };
    expect([during, behind]).toMatchObject([refusal, refusal]);
    expect([free, again, resumed].map(({ outcome }) => outcome)).toEqual(['started', 'running', 'running']);
    await expect(world.batch(batch)).resolves.toMatchObject({ pass: 'incremental', passNumber: 3 });
  });

  it('is refused once the batch is completed, as rows and starts are', async () => {
    const world = await synced();
    await completeBatch(world.services, { batch, by, ignoreErrors: false });
    await runExecutions(world, copies(world));
    world.objects.upload('incoming/contoso/wave1.csv', csv, 'v2');

    const refusals = [
      await startBatch(world.services, { batch, by, pass: 'incremental' }),
      await startBatch(world.services, { batch, by }),
      await startBatch(world.services, { batch, by, mailboxes: [ann] }),
      await retryBatch(world.services, { batch, by, items: true, doubtful: true }),
      await setOptions(world.services, { batch, by, options: { badItemLimit: '3' } }),
      await completeBatch(world.services, { batch, by, ignoreErrors: false }),
      await startFromUpload(world.services, { key: 'incoming/contoso/wave1.csv', version: 'v2', startedBy: by }),
    ];

    for (const refusal of refusals) expect(refusal).toMatchObject({ outcome: 'refused', reason: saying('Completed') });
  });
});

describe('complete', () => {
  it('makes a final pass over every mailbox, gives up claims and passwords, and is over', async () => {
    const world = await synced();
    const kinds: string[] = [];

    await completeBatch(world.services, { batch, by, ignoreErrors: false });
    await runExecutions(world, (job, of) => {
      kinds.push(passKindOf(of, job));
      return copies(world)(job, of);
    });

    expect(kinds).toEqual(['final', 'final', 'final']);
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Completed', run: null, pass: 'final' });
    expect(await statuses(world)).toEqual(['Completed', 'Completed', 'Completed']);
    expect(world.mails.at(-1)).toBe('completed');
    const { store } = world.services;
    await expect(store.claim('contoso/ann@contoso.test', 'other')).resolves.toEqual({ outcome: 'held' });
    await expect(store.getSealedPassword('wave1/ann@contoso.test/source')).resolves.toBeUndefined();
  });

  it('with errors left goes back and names the rows; approved and ignored ones do not keep it', async () => {
    const lacking = { lacking: [bob] };
    const world = await synced(lacking);

    await completeBatch(world.services, { batch, by, ignoreErrors: false });
    await runExecutions(world, worker(world, lacking));
    const back = await world.batch(batch);
    const statusesThen = await statuses(world);
    await approveItems(world.services, { batch, by, why: 'old newsletters' });
    await completeBatch(world.services, { batch, by, ignoreErrors: false });
    await runExecutions(world, worker(world, lacking));

    expect(back).toMatchObject({ status: 'SyncedWithErrors', completion: null });
    expect(back.reason).toContain('row 2');
    expect(statusesThen).toEqual(['Synced', 'Synced', 'Synced']);
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Completed' });
    expect(await statuses(world)).toEqual(['Completed', 'CompletedWithWarnings', 'Completed']);
    expect(world.mails).toEqual(['finished', 'finished', 'completed']);
  });

  it('tries failed mailboxes once more, and with --ignore-errors leaves them behind', async () => {
    const world = await synced({ failing: [bob] });
    let tries = 0;

    await completeBatch(world.services, { batch, by, ignoreErrors: true });
    await runExecutions(world, (job, of) => {
      if (job.id === bob) tries += 1;
      return worker(world, { failing: [bob] })(job, of);
    });

    expect(tries).toBe(1);
    await expect(world.batch(batch)).resolves.toMatchObject({
      status: 'CompletedWithErrors',
      reason: saying('row 2'),
    });
    expect(await statuses(world)).toEqual(['Completed', 'Failed', 'Completed']);
  });

  it('of a single mailbox ends that one, and the batch goes on with the others', async () => {
    const world = await synced({ lacking: [bob] });

    await completeBatch(world.services, { batch, by, mailboxes: [ann, bob], ignoreErrors: false });
    await runExecutions(world, worker(world, { lacking: [bob] }));

    const jobs = await world.jobs(batch);
    expect(jobs.map(({ status, final }) => [status, final])).toEqual([
      ['Completed', false],
      ['Synced', false],
      ['Synced', false],
    ]);
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'SyncedWithErrors' });
    await expect(world.services.store.claim('contoso/ann@contoso.test', 'other')).resolves.toEqual({ outcome: 'held' });
    await expect(world.services.store.claim('contoso/bob@contoso.test', 'other')).resolves.toMatchObject({
      outcome: 'held-by-other',
    });
  });

  it.each([undefined, [ann]])(
    'lost at any call, gives up claims and passwords all the same (%p)',
    async (mailboxes) => {
      for (let call = 1; ; call += 1) {
        const world = await synced();
        const { store } = world.services;
        await completeBatch(world.services, { batch, by, mailboxes, ignoreErrors: false });
        world.crash = { call: world.calls + call, when: 'after' };
        await runUntilAtRest(world, copies(world), () => tick(world.services));
        const died = world.crash.call <= world.calls;
        world.crash = undefined;

        for (const mailbox of mailboxes ?? [ann, bob, carl]) {
          expect(await world.job(batch, mailbox)).toMatchObject({ status: 'Completed' });
          await expect(store.getSealedPassword(`${batch}/${mailbox}/source`)).resolves.toBeUndefined();
          await expect(store.claim(`contoso/${mailbox}`, 'other')).resolves.toEqual({ outcome: 'held' });
        }
        if (!died) break;
      }
    },
  );

  it('an approval covers what was found before it and no more', async () => {
    const world = await synced({ lacking: [bob] });
    await approveItems(world.services, { batch, by, mailboxes: [bob], why: 'known' });

    await completeBatch(world.services, { batch, by, ignoreErrors: false });
    await runExecutions(world, (job, of) => {
      const done = copies(world)(job, of);
      if (job.id !== bob || done === undefined) return done;
      return { ...done, green: false, items: { ...noItems, total: 3, copied: 1, failed: 2 } };
    });

    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'SyncedWithErrors' });
  });
});

describe('remove', () => {
  it('is refused until every mailbox succeeded or was waived, and keeps what an auditor asks for', async () => {
    const world = await synced({ failing: [bob] });
    world.objects.upload('reports/wave1/MigrationStatistics.csv', 'a report', '');

    const refusal = await removeBatch(world.services, { batch, by, forget: false });
    await waiveMailboxes(world.services, { batch, by, mailboxes: [bob], why: 'left the company' });
    const removal = await removeBatch(world.services, { batch, by, forget: false });
    await runExecutions(world, copies(world));

    expect(refusal).toMatchObject({ outcome: 'refused', reason: saying('row 2') });
    expect(removal).toEqual({ outcome: 'done', removed: 'later' });
    const { store } = world.services;
    await expect(store.getBatch(batch)).resolves.toBeUndefined();
    expect(await world.jobs(batch)).toEqual([]);
    expect(world.objects.keys().filter((key) => key.startsWith('work/'))).toEqual([]);
    expect(world.objects.keys().find((key) => key.startsWith('reports/wave1/removed-'))).toMatch(/MigrationStatistics/);
    await expect(store.getSealedPassword('wave1/bob@contoso.test/source')).resolves.toBeUndefined();
    await expect(store.claim('contoso/bob@contoso.test', 'other')).resolves.toEqual({ outcome: 'held' });
    expect((await trail(world)).map(({ verb, outcome }) => `${verb} ${outcome}`)).toEqual(
      expect.arrayContaining(['remove refused', 'waive done', 'remove done']),
    );
    await expect(store.listRemovedBatches()).resolves.toMatchObject([{ name: batch, removedBy: by }]);
  });

  it('of a batch that never started is done at once', async () => {
    const world = await created();
    await runExecutions(world, copies(world));

    await expect(removeBatch(world.services, { batch, by, forget: false })).resolves.toEqual({
      outcome: 'done',
      removed: 'batch',
    });
    await expect(world.services.store.getBatch(batch)).resolves.toBeUndefined();
  });

  it('is refused while it runs, and of a single mailbox needs that one to have succeeded', async () => {
    const running = await created({}, true);
    const world = await synced({ failing: [bob] });

    await expect(removeBatch(running.services, { batch, by, forget: false })).resolves.toMatchObject({
      outcome: 'refused',
      reason: saying('Stop it first'),
    });
    await expect(removeBatch(world.services, { batch, by, mailboxes: [bob], forget: false })).resolves.toMatchObject({
      outcome: 'refused',
    });
    await expect(removeBatch(world.services, { batch, by, mailboxes: [ann], forget: false })).resolves.toEqual({
      outcome: 'done',
      removed: 'mailboxes',
    });
    await expect(removeBatch(world.services, { batch, by, mailboxes: [ann], forget: false })).resolves.toMatchObject({
      code: 'MAILBOX_NOT_FOUND',
    });
    expect(await statuses(world)).toEqual(['Failed', 'Synced']);
  });

  it('is refused while new mail goes to a target at which its mailbox did not arrive, waived or never opened', async () => {
    const forwarded = async (world: BatchWorld, id: string): Promise<void> => {
      await changeJob(world.services.store, await world.job(batch, id), (job) => ({
        ...job,
        forwarding: {
          state: 'set',
          sourceId: id,
          before: null,
          next: 'SMTP:b@contoso.test',
          at: '2026-11-01T08:00:00Z',
        },
      }));
    };
    const never = await created();
    await runExecutions(never, copies(never));
    await forwarded(never, bob);
    const world = await synced({ failing: [bob] });
    await forwarded(world, bob);
    await waiveMailboxes(world.services, { batch, by, mailboxes: [bob], why: 'left the company' });

    for (const [{ services }, mailboxes] of [
      [never, undefined],
      [never, [bob]],
      [world, undefined],
      [world, [bob]],
    ] as const) {
      await expect(removeBatch(services, { batch, by, mailboxes, forget: false })).resolves.toMatchObject({
        outcome: 'refused',
        reason: saying('stop wave1 --rollback'),
      });
    }
    await forwarded(world, ann);
    await expect(removeBatch(world.services, { batch, by, mailboxes: [ann], forget: false })).resolves.toEqual({
      outcome: 'done',
      removed: 'mailboxes',
    });
  });

  it('with --forget empties the pairs but for their token; without, a year later the tick does', async () => {
    for (const forget of [true, false]) {
      const world = await synced();
      const { store } = world.services;
      const lease = { id: 'pair-1', source: 's', target: 't', holder: 'x', now: world.now, leaseUntil: world.now };
      const taken = await store.takeLease(lease);
      if (taken === undefined) throw new Error('no pair');
      await store.savePair({ ...taken, leaseUntil: 0, index: { key: 'ledger/pair-1/index', sha256: 'x' } }, null);
      world.objects.upload('ledger/pair-1/index', 'ledger', '');
      await store.claim('pair/pair-1', batch);
      await store.saveJob({ ...(await world.job(batch, ann)), pairId: 'pair-1' });

      await removeBatch(world.services, { batch, by, forget });
      await runExecutions(world, copies(world));
      const kept = (await store.getPair('pair-1'))?.index !== null;
      world.now += 366 * 24 * hour;
      await tick(world.services);

      expect(kept).toBe(!forget);
      const pair = await store.getPair('pair-1');
      expect(pair).toMatchObject({ index: null, pass: null, ledgerHead: null, leaseUntil: 0 });
      expect(pair?.token).toBeGreaterThanOrEqual(2);
      expect(world.objects.keys().filter((key) => key.startsWith('ledger/'))).toEqual([]);
      expect(await trail(world)).toEqual([]);
      await expect(store.listRemovedBatches()).resolves.toEqual([]);
    }
  });

  it('leaves what another tick is forgetting for the next one, so that no pair stays claimed', async () => {
    const world = await synced();
    const { store } = world.services;
    const lease = { id: 'pair-1', source: 's', target: 't', holder: 'x', now: world.now, leaseUntil: world.now };
    const taken = await store.takeLease(lease);
    if (taken === undefined) throw new Error('no pair');
    await store.saveJob({ ...(await world.job(batch, ann)), pairId: 'pair-1' });
    await removeBatch(world.services, { batch, by, forget: false });
    await runExecutions(world, copies(world));
    world.now += 366 * 24 * hour;
    await store.takeLease({ ...lease, holder: 'a tick that dies', now: world.now, leaseUntil: world.now + 300_000 });

    const first = await tick(world.services);
    const listed = await store.listRemovedBatches();
    world.now += 300_001;
    const second = await tick(world.services);

    expect([first.purged, listed.length, second.purged]).toEqual([0, 1, 1]);
    await expect(store.listRemovedBatches()).resolves.toEqual([]);
    await expect(store.claim('pair/pair-1', 'another')).resolves.toEqual({ outcome: 'held' });
  });

  it('lets a new batch of the same name keep its own reports and trail when the old ones go', async () => {
    const world = await synced();
    world.objects.upload('reports/wave1/MigrationStatistics.csv', 'old', '');
    await removeBatch(world.services, { batch, by, forget: false });
    await runExecutions(world, copies(world));

    await createBatch(world.services, {
      name: batch,
      endpoint: 'contoso',
      csv: octets(csv),
      options: {},
      start: false,
      startedBy: 'bert',
    });
    world.objects.upload('reports/wave1/MigrationStatistics.csv', 'new', '');
    const before = world.objects.keys().filter((key) => key.startsWith('reports/wave1/'));
    world.now += 366 * 24 * hour;
    await tick(world.services);

    expect(before).toHaveLength(2);
    expect(world.objects.text('reports/wave1/MigrationStatistics.csv')).toBe('new');
    expect(world.objects.keys().filter((key) => key.startsWith('reports/wave1/'))).toHaveLength(1);
    expect((await trail(world)).map(({ verb }) => verb)).toContain('purge');
  });
});

describe('set', () => {
  it('changes options of a batch and of a mailbox, and refuses what is none', async () => {
    const world = await synced();

    await setOptions(world.services, { batch, by, options: { badItemLimit: '3' } });
    await setOptions(world.services, { batch, by, mailboxes: [ann], options: { badItemLimit: '50' } });

    await expect(world.batch(batch)).resolves.toMatchObject({ options: { badItemLimit: '3' } });
    expect(await world.job(batch, ann)).toMatchObject({ options: { badItemLimit: '50' } });
    await expect(
      setOptions(world.services, { batch, by, mailboxes: [ann], options: { notify: 'a@b.test' } }),
    ).resolves.toMatchObject({ code: 'CSV_OPTION_INVALID' });
  });

  it('moves the start of a waiting batch, and starts it where its time has come', async () => {
    const world = await created({ startAfter: '2026-11-21T20:00Z' }, true);
    await runExecutions(world, copies(world));

    await setOptions(world.services, { batch, by, options: { startAfter: '2026-11-22T20:00Z' } });
    const later = await world.batch(batch);
    await setOptions(world.services, { batch, by, options: { startAfter: '2026-11-20T09:00Z' } });
    await runExecutions(world, copies(world));

    expect(later).toMatchObject({ status: 'Waiting', reason: 'Starts at 2026-11-22T20:00:00.000Z.' });
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Synced' });
  });

  it('by the time it starts a batch leaves mailboxes alone that were stopped while it waited', async () => {
    for (const how of ['set', 'tick'] as const) {
      const world = await created({ startAfter: '2026-11-21T20:00Z' }, true);
      await runExecutions(world, copies(world));
      await stopBatch(world.services, { batch, by, mailboxes: [bob], rollback: false });

      if (how === 'set') await setOptions(world.services, { batch, by, options: { startAfter: '2026-11-20T09:00Z' } });
      else {
        world.now += 48 * hour;
        await tick(world.services);
      }
      await runExecutions(world, copies(world));

      expect(await statuses(world)).toEqual(['Synced', 'Stopped', 'Synced']);
      expect(await trail(world)).toContainEqual(
        expect.objectContaining({ who: 'stagecoach', verb: 'start', detail: 'its time to start has come' }),
      );
    }
  });

  it('names in the audit trail what it takes, and of what it refuses nothing that may be a password', async () => {
    const world = await synced();
    const refusedOptions = { badItemLimit: 'hunter2', pasword: 'hunter2' };

    await setOptions(world.services, { batch, by, options: { badItemLimit: '3', verify: 'full' } });
    await setOptions(world.services, { batch, by, options: refusedOptions });
    await retryBatch(world.services, { batch, by, items: false, doubtful: false, options: refusedOptions });

    const entries = await trail(world);
    expect(entries).toContainEqual(expect.objectContaining({ verb: 'set', detail: 'badItemLimit=3, verify=full' }));
    expect(entries.filter(({ outcome }) => outcome === 'refused').map(({ verb }) => verb)).toEqual(['set', 'retry']);
    expect(JSON.stringify(entries)).not.toContain('hunter2');
  });
});

describe('what the tick does by itself', () => {
  it('makes an incremental pass every 24 hours, retries what failed in one, and leaves the rest to a person', async () => {
    const world = await synced({ failing: [bob] });
    await tick(world.services);
    const early = world.workflow.running().length;
    world.now += 25 * hour;

    await tick(world.services);
    await runExecutions(world, worker(world, { failing: [ann] }));
    const first = await statuses(world);
    world.now += 25 * hour;
    await tick(world.services);
    await runExecutions(world, copies(world));

    expect(early).toBe(0);
    expect(first).toEqual(['IncrementalFailed', 'Failed', 'Synced']);
    expect(await statuses(world)).toEqual(['Synced', 'Failed', 'Synced']);
    await expect(world.batch(batch)).resolves.toMatchObject({ passNumber: 3, pass: 'incremental' });
    expect((await trail(world)).filter(({ who, verb }) => who === 'stagecoach' && verb === 'sync')).toHaveLength(2);
  });

  it('stops a batch nobody asked for in 60 days; resuming it goes on', async () => {
    const world = await synced();
    world.now += 61 * 24 * hour;

    await tick(world.services);
    const expired = await world.batch(batch);
    await startBatch(world.services, { batch, by, verb: 'resume' });
    await runExecutions(world, copies(world));

    expect(expired).toMatchObject({ status: 'Stopped', reason: saying('60 days') });
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Synced' });
    expect((await trail(world)).map(({ who, verb }) => `${who} ${verb}`)).toContain('stagecoach expire');
  });

  it('completes at completeAfter, a row at its own, and not with errors left', async () => {
    const world = await synced({}, { completeAfter: '2026-11-20T18:00Z' });
    const other = await synced({ lacking: [bob] }, { completeAfter: '2026-11-20T18:00Z' });
    await tick(world.services);
    const early = (await world.batch(batch)).status;
    for (const each of [world, other]) {
      each.now = Date.parse('2026-11-20T18:00:01Z');
      await tick(each.services);
      await runExecutions(each, copies(each));
    }

    expect(early).toBe('Synced');
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Completed' });
    await expect(other.batch(batch)).resolves.toMatchObject({ status: 'SyncedWithErrors', passNumber: 1 });
    await setOptions(other.services, {
      batch,
      by,
      mailboxes: [ann],
      options: { completeAfter: '2026-11-20T18:00Z' },
    });
    await tick(other.services);
    await runExecutions(other, copies(other));
    expect(await statuses(other)).toEqual(['Completed', 'Synced', 'Synced']);
  });

  it('does not look through the mailboxes of a batch that rests before something can be due, or somebody says otherwise', async () => {
    const world = await synced();
    const { store } = world.services;
    const whileIn = countedWalks(world);

    const quiet = [await whileIn(tick), await whileIn(tick), await whileIn(tick)];
    const own = { batch, by, mailboxes: [ann], options: { completeAfter: '2026-11-20T18:00Z' } };
    await setOptions(world.services, own);
    const told = [await whileIn(tick), await whileIn(tick)];
    await store.putEndpoint(anEndpoint({ defaults: { completeAfter: '2026-11-20T20:00Z' } }));
    const toldOfAll = [await whileIn(tick), await whileIn(tick)];
    world.now = Date.parse('2026-11-20T18:00:01Z');
    await tick(world.services);
    await runExecutions(world, copies(world));

    expect(quiet).toEqual([3, 0, 0]);
    expect(told).toEqual([3, 0]);
    expect(toldOfAll).toEqual([3, 0]);
    expect(await statuses(world)).toEqual(['Completed', 'Synced', 'Synced']);
    world.now = Date.parse('2026-11-20T20:00:01Z');
    await tick(world.services);
    await runExecutions(world, copies(world));
    expect(await statuses(world)).toEqual(['Completed', 'Completed', 'Completed']);
  });

  it.each([
    [
      'approved what it lacks',
      (services: BatchWorld['services']) => approveItems(services, { batch, by, mailboxes: [bob] }),
    ],
    [
      'removed the mailbox that lacks something',
      async (services: BatchWorld['services']) => {
        await waiveMailboxes(services, { batch, by, mailboxes: [bob], why: 'closed' });
        await tick(services);
        await removeBatch(services, { batch, by, mailboxes: [bob], forget: false });
      },
    ],
  ])('looks at a batch whose time has come, and that waits for a person, again when one has %s', async (_, decide) => {
    const world = await synced({ lacking: [bob] });
    await setOptions(world.services, { batch, by, options: { completeAfter: '2026-11-20T10:00Z' } });
    const whileIn = countedWalks(world);

    const waiting = [await whileIn(tick), await whileIn(tick)];
    await decide(world.services);
    await tick(world.services);
    await runExecutions(world, copies(world));

    expect(waiting).toEqual([3, 0]);
    expect((await world.batch(batch)).status).toBe('Completed');
  });

  it('is through with a batch whose mailboxes were all completed singly, one with what it lacks', async () => {
    const world = await synced({ lacking: [bob] });
    for (const mailbox of [ann, bob, carl]) {
      await completeBatch(world.services, { batch, by, mailboxes: [mailbox], ignoreErrors: mailbox === bob });
      await runExecutions(world, worker(world, { lacking: [bob] }));
    }
    const before = await statuses(world);
    await tick(world.services);
    await runExecutions(world, copies(world));
    const { status } = await world.batch(batch);
    await tick(world.services);

    expect(before).toEqual(['Completed', 'CompletedWithWarnings', 'Completed']);
    expect(status).toBe('CompletedWithErrors');
    expect(world.workflow.running()).toEqual([]);
  });

  it('stops a batch whose execution was ended in the console, with reports and mail', async () => {
    const world = await created({}, true);
    const executions = new SteppedExecutions(world);
    for (let step = 0; step < 7; step += 1) await executions.step('green');
    const [execution] = world.workflow.running();
    if (execution !== undefined) execution.status = 'aborted';

    await tick(world.services);
    const asked = await world.batch(batch);
    for (let step = 0; step < 30; step += 1) await executions.step('green');

    expect(asked).toMatchObject({ status: 'Stopping', reason: 'Stopped: its execution was ended from outside.' });
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Stopped', run: null });
    expect(world.mails).toEqual(['stopped']);
    expect((await trail(world)).at(-1)).toMatchObject({ who: 'stagecoach', verb: 'stop' });
  });

  it('resumes a batch whose execution was lost, and stops it at the third loss without progress', async () => {
    const world = await created({}, true);
    const executions = new SteppedExecutions(world);
    const seen: string[] = [];
    const times: number[] = [];
    for (let loss = 0; loss < 10 && seen.at(-1) !== 'Stopping'; loss += 1) {
      for (let step = 0; step < 3; step += 1) await executions.step('vanish');
      world.workflow.endAll();
      await tick(world.services);
      const { status, losses } = await world.batch(batch);
      seen.push(status);
      times.push(losses?.times ?? 0);
    }
    for (let step = 0; step < 40; step += 1) await executions.step('green');

    expect(seen.at(-1)).toBe('Stopping');
    // Counted from the last progress on: twice in a row it was resumed.
    expect(times.slice(-2)).toEqual([2, 2]);
    await expect(world.batch(batch)).resolves.toMatchObject({ status: 'Stopped', errorCode: 'EXECUTION_LOST' });
  });

  it('counts the loss of an execution once, however many ticks see it', async () => {
    const world = await created({}, true);
    const executions = new SteppedExecutions(world);
    for (let step = 0; step < 3; step += 1) await executions.step('vanish');
    world.workflow.endAll();

    const times: unknown[] = [];
    for (let each = 0; each < 5; each += 1) {
      await tick(world.services);
      times.push((await world.batch(batch)).losses?.times);
    }
    // The next execution dies before it takes the run.
    world.workflow.endAll();
    world.now += 5 * 60_000;
    await tick(world.services);

    expect(times).toEqual([1, 1, 1, 1, 1]);
    await expect(world.batch(batch)).resolves.toMatchObject({ losses: { times: 2 } });
  });

  it('counts mailboxes that have not moved for eight hours, but not those that wait in a line', async () => {
    const world = await created({}, true);
    const executions = new SteppedExecutions(world);
    for (let step = 0; step < 5; step += 1) await executions.step('vanish');
    world.now += 9 * hour;

    const ticked = await tick(world.services);

    expect(ticked.stalled).toBe(1);
    expect(world.logged.find((line) => line.startsWith('Mailboxes are stalled'))).toContain('"StalledMailboxes":1');
  });
});

describe('the time-line', () => {
  it('tells every stretch with its cause, and adds up to the wall time', async () => {
    const world = await created();
    await runExecutions(world, copies(world));
    world.now += 60_000;
    await startBatch(world.services, { batch, by, mailboxes: [ann] });
    await runExecutions(world, worker(world, { failing: [ann] }));
    world.now += 60_000;
    await retryBatch(world.services, { batch, by, items: false, doubtful: false });
    await runExecutions(world, copies(world));
    world.now += 60_000;

    const shown = await showTimeline(world.services, { batch, mailbox: 'ANN@contoso.test' });

    if (shown.outcome !== 'shown') throw new Error('not shown');
    expect(shown.entries.map(({ status, cause }) => [status, cause])).toEqual([
      ['Queued', 'Its row was read.'],
      ['Failed', expect.any(String)],
      ['Queued', 'Retried by ada.'],
      ['Synced', expect.any(String)],
    ]);
    expect(shown.entries.reduce((sum, { duration }) => sum + duration, 0)).toBe(
      Date.parse(shown.until) - Date.parse(shown.from),
    );
    expect(Date.parse(shown.until)).toBe(world.now);
  });
});
