import { describe, expect, it } from '@jest/globals';
import { checkPrerequisites } from '../../../shared/application/check-prerequisites.ts';
import { createBatch } from '../../../shared/application/create-batch.ts';
import { findWhereTheBatchStands } from '../../../shared/application/find-where-the-batch-stands.ts';
import { importBatchFile } from '../../../shared/application/import-batch-file.ts';
import { planRound } from '../../../shared/application/plan-round.ts';
import { restBatch } from '../../../shared/application/rest-batch.ts';
import { settleBatch } from '../../../shared/application/settle-batch.ts';
import { runBatch } from '../../../shared/application/run-batch.ts';
import { startBatch } from '../../../shared/application/start-batch.ts';
import { startFromUpload } from '../../../shared/application/start-from-upload.ts';
import { tick } from '../../../shared/application/tick.ts';
import { showBatch } from '../../../shared/application/show-batch.ts';
import { listJobs } from '../../../shared/application/list-jobs.ts';
import { BatchView } from '../../../shared/contract/batch-view.ts';
import { MailboxDetail } from '../../../shared/contract/mailbox-view.ts';
import { anEndpoint, BatchWorld, Crash } from '../../support/builders/batch-world.ts';
import { copyAll, runExecutions, runUntilAtRest } from '../../support/builders/run-executions.ts';

const csv = `EmailAddress,UserName,Password
Ann@contoso.test,ann,s3cret-ann
bob@contoso.test,bob,s3cret-bob
not an address,carl,s3cret-carl
dora@contoso.test,dora,s3cret-dora
`;
const octets = (text: string) => new TextEncoder().encode(text);
const upload = { key: 'incoming/contoso/wave1.csv', version: 'v1', startedBy: 'account 1' };

async function aWorld(): Promise<BatchWorld> {
  const world = new BatchWorld();
  await world.services.store.putEndpoint(anEndpoint());
  return world;
}

async function uploaded(text = csv): Promise<BatchWorld> {
  const world = await aWorld();
  world.objects.upload(upload.key, text, upload.version);
  return world;
}

const worker = (world: BatchWorld) => copyAll(() => world.now);

describe('a batch from its upload to rest', () => {
  it('makes jobs of good rows, a failed job of a bad one, and ends as the jobs say', async () => {
    const world = await uploaded();

    await expect(startFromUpload(world.services, upload)).resolves.toEqual({ outcome: 'started', batch: 'wave1' });
    await runExecutions(world, worker(world));

    const jobs = await world.jobs('wave1');
    expect(jobs.map(({ id, row, status }) => [id, row, status])).toEqual([
      ['ann@contoso.test', 1, 'Synced'],
      ['bob@contoso.test', 2, 'Synced'],
      ['row-3', 3, 'Failed'],
      ['dora@contoso.test', 4, 'Synced'],
    ]);
    expect(jobs[2]).toMatchObject({ mailbox: '', error: { code: 'CSV_ADDRESS_INVALID' } });
    await expect(world.batch('wave1')).resolves.toMatchObject({
      status: 'SyncedWithErrors',
      run: null,
      uploads: [],
      pass: 'initial',
      passNumber: 1,
      startedBy: 'account 1',
    });
  });

  it('keeps no password anywhere but sealed, and removes the upload', async () => {
    const world = await uploaded();

    await startFromUpload(world.services, upload);
    await runExecutions(world, worker(world));

    const kept = world.objects.keys();
    expect(kept).not.toContain(upload.key);
    expect(kept.filter((key) => world.objects.text(key)?.includes('s3cret'))).toEqual([]);
    expect(kept.filter((key) => world.objects.text(key)?.includes('bob@contoso.test'))).not.toEqual([]);
    const state = JSON.stringify([await world.batch('wave1'), await world.jobs('wave1'), world.logged]);
    expect(state).not.toContain('s3cret');
    const context = 'wave1/ann@contoso.test/source';
    const sealed = await world.services.store.getSealedPassword(context);
    await expect(world.services.sealer.open(sealed ?? '', context)).resolves.toBe('s3cret-ann');
  });

  it('ends the same when every state is entered twice', async () => {
    const once = await uploaded();
    const twice = await uploaded();

    await startFromUpload(once.services, upload);
    await runExecutions(once, worker(once));
    await startFromUpload(twice.services, upload);
    await startFromUpload(twice.services, upload);
    await runExecutions(twice, worker(twice), 2);

    expect(await endState(twice)).toEqual(await endState(once));
  });

  it.each(['before', 'after'] as const)(
    'ends the same when the process dies %s any call of the store',
    async (when) => {
      const undisturbed = await uploaded();
      await startFromUpload(undisturbed.services, upload);
      undisturbed.calls = 0;
      await runUntilAtRest(undisturbed, worker(undisturbed), () => tick(undisturbed.services));
      const { calls } = undisturbed;
      const expected = await endState(undisturbed);
      expect(calls).toBeGreaterThan(50);

      for (let call = 1; call <= calls; call += 1) {
        const world = await uploaded();
        await startFromUpload(world.services, upload);
        world.calls = 0;
        world.crash = { call, when };
        await runUntilAtRest(world, worker(world), () => tick(world.services));

        expect({ call, ...(await endState(world)) }).toEqual({ call, ...expected });
      }
    },
  );

  it.each(['before', 'after'] as const)(
    'loses no upload when the starter dies %s any call and the event comes again',
    async (when) => {
      const undisturbed = await uploaded();
      undisturbed.calls = 0;
      await startFromUpload(undisturbed.services, upload);
      const calls = undisturbed.calls;
      await runUntilAtRest(undisturbed, worker(undisturbed), () => tick(undisturbed.services));
      const expected = await endState(undisturbed);

      for (let call = 1; call <= calls; call += 1) {
        const world = await uploaded();
        world.calls = 0;
        world.crash = { call, when };
        await expect(startFromUpload(world.services, upload)).rejects.toBeInstanceOf(Crash);
        await startFromUpload(world.services, upload);
        await runUntilAtRest(world, worker(world), () => tick(world.services));

        expect({ call, ...(await endState(world)) }).toEqual({ call, ...expected });
      }
    },
  );

  it('that is stopped while its file is read, checked or planned ends as Stopped', async () => {
    for (const stopAt of [1, 2, 3]) {
      const world = await uploaded();
      await startFromUpload(world.services, upload);
      const [execution] = world.workflow.running();
      const found = await findWhereTheBatchStands(world.services, {
        ...execution!.input,
        execution: execution!.id,
      });
      const stop = async (state: number) => {
        if (state !== stopAt) return;
        const batch = await world.batch('wave1');
        await world.services.store.saveBatch({ ...batch, status: 'Stopping', reason: 'asked' });
      };

      await stop(1);
      const read = await importBatchFile(world.services, found);
      await stop(2);
      const checked = read.next === 'check' ? await checkPrerequisites(world.services, read) : read;
      await stop(3);
      const planned = checked.next === 'synchronise' ? await planRound(world.services, checked) : checked;
      const settled = planned.next === 'settle' ? await settleBatch(world.services, planned) : planned;
      await restBatch(world.services, settled);

      await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Stopped', run: null });
    }
  });

  it('shows itself and its mailboxes in the shapes that scripts depend on', async () => {
    const world = await uploaded();
    await startFromUpload(world.services, upload);
    await runExecutions(world, worker(world));

    const shown = await showBatch(world.services, { batch: 'wave1' });
    const users = await listJobs(world.services, { batch: 'wave1' });

    expect(BatchView.parse(shown?.batch)).toMatchObject({
      counts: { total: 4, queued: 0, active: 0, synced: 3, completed: 0, failed: 1, stopped: 0, skipped: 0 },
    });
    expect(
      MailboxDetail.array()
        .parse(users)
        .map(({ mailbox, percentComplete }) => [mailbox, percentComplete]),
    ).toEqual([
      ['Ann@contoso.test', 100],
      ['bob@contoso.test', 100],
      ['', 0],
      ['dora@contoso.test', 100],
    ]);
    expect(users?.[2]?.error?.fix).not.toBe('');
  });
});

describe('an upload that does not fit', () => {
  it.each([
    ['incoming/nowhere/wave1.csv', 'ENDPOINT_NOT_FOUND'],
    ['incoming/contoso/-wave.csv', 'BATCH_NOT_FOUND'],
    [`incoming/contoso/${'x'.repeat(65)}.csv`, 'BATCH_NOT_FOUND'],
  ])('%s is refused with %s and starts nothing', async (key, code) => {
    const world = await aWorld();

    const started = await startFromUpload(world.services, { ...upload, key });

    expect(started).toMatchObject({ outcome: 'refused', code });
    expect(world.workflow.executions.size).toBe(0);
  });

  it('is refused for the batch of another endpoint', async () => {
    const world = await uploaded();
    await world.services.store.putEndpoint(anEndpoint({ name: 'fabrikam' }));
    await startFromUpload(world.services, upload);

    const started = await startFromUpload(world.services, { ...upload, key: 'incoming/fabrikam/wave1.csv' });

    expect(started).toMatchObject({ outcome: 'refused', code: 'BATCH_EXISTS', batch: 'wave1', endpoint: 'fabrikam' });
  });

  it.each(['incoming/contoso/wave1.json', 'incoming/contoso/wave1/abc.csv', 'work/x.csv'])(
    '%s is no batch file',
    async (key) => {
      const world = await aWorld();
      await expect(startFromUpload(world.services, { ...upload, key })).resolves.toMatchObject({ outcome: 'ignored' });
    },
  );

  it('fails a new batch with what was found, and is removed', async () => {
    const world = await uploaded('EmailAddress,UserName\nann@contoso.test,ann\n');

    await startFromUpload(world.services, upload);
    await runExecutions(world, worker(world), 2);

    const batch = await world.batch('wave1');
    expect(batch).toMatchObject({ status: 'Failed', errorCode: 'CSV_COLUMN_MISSING', run: null, uploads: [] });
    expect(batch.fileFindings[0]).toMatchObject({ severity: 'fatal', code: 'CSV_COLUMN_MISSING' });
    expect(world.objects.keys()).toEqual([]);
  });

  it('leaves a batch that was synced before as it was, and says what was found', async () => {
    const world = await uploaded('EmailAddress,UserName,Password\nann@contoso.test,ann,pw\n');
    await startFromUpload(world.services, upload);
    await runExecutions(world, worker(world));
    world.objects.upload(upload.key, 'Mail\nann@contoso.test\n', 'v2');

    await startFromUpload(world.services, { ...upload, version: 'v2' });
    await runExecutions(world, worker(world));

    const batch = await world.batch('wave1');
    expect(batch).toMatchObject({ status: 'Synced', run: null, uploads: [] });
    expect(batch.reason).toContain('refused');
    expect(batch.fileFindings.some(({ severity }) => severity === 'fatal')).toBe(true);
    expect(world.objects.keys()).not.toContain(upload.key);
  });
});

describe('a second upload under the same name', () => {
  it('adds rows, tries failed ones again with their new values, and leaves done ones alone', async () => {
    const world = await uploaded();
    await startFromUpload(world.services, upload);
    const fails = (job: { id: string }) => job.id === 'bob@contoso.test';
    const failing: ReturnType<typeof worker> = (job, batch) =>
      fails(job)
        ? {
            ...job,
            status: 'Failed',
            error: { code: 'SOURCE_SIGN_IN_FAILED', message: 'no', kind: 'MailboxBlockedError' },
          }
        : worker(world)(job, batch);
    await runExecutions(world, failing);
    const done = await world.job('wave1', 'ann@contoso.test');
    const second = `EmailAddress,UserName,Password
ann@contoso.test,ann,s3cret-ann
bob@contoso.test,robert,s3cret-new
carl@contoso.test,carl,s3cret-carl
eve@contoso.test,eve,s3cret-eve
`;
    world.objects.upload(upload.key, second, 'v2');

    await startFromUpload(world.services, { ...upload, version: 'v2' });
    await runExecutions(world, worker(world));

    const jobs = await world.jobs('wave1');
    expect(await world.job('wave1', 'ann@contoso.test')).toEqual(done);
    expect(await world.job('wave1', 'bob@contoso.test')).toMatchObject({
      status: 'Synced',
      userName: 'robert',
      error: null,
    });
    expect(await world.job('wave1', 'carl@contoso.test')).toMatchObject({ status: 'Synced' });
    expect(await world.job('wave1', 'row-3')).toMatchObject({ status: 'Skipped' });
    expect(jobs).toHaveLength(6);
    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Synced', passNumber: 1 });
  });

  it('is read by the execution that runs the batch, after its round', async () => {
    const world = await uploaded('EmailAddress,UserName,Password\nann@contoso.test,ann,pw\n');
    await startFromUpload(world.services, upload);
    let came = false;
    await runExecutions(world, (job, batch) => {
      if (!came) {
        came = true;
        world.objects.upload(upload.key, 'EmailAddress,UserName,Password\nbob@contoso.test,bob,pw\n', 'v2');
        void startFromUpload(world.services, { ...upload, version: 'v2' });
      }
      return worker(world)(job, batch);
    });

    expect((await world.jobs('wave1')).map(({ id, status }) => [id, status])).toEqual([
      ['ann@contoso.test', 'Synced'],
      ['bob@contoso.test', 'Synced'],
    ]);
    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Synced', runs: 1 });
  });

  it('does nothing when the event only came twice', async () => {
    const world = await uploaded('EmailAddress,UserName,Password\nann@contoso.test,ann,pw\n');
    await startFromUpload(world.services, upload);
    await runExecutions(world, worker(world));
    const before = await world.jobs('wave1');

    await startFromUpload(world.services, upload);
    await runExecutions(world, worker(world));

    expect(await world.jobs('wave1')).toEqual(before);
    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Synced', run: null, uploads: [] });
  });
});

describe('a second upload and an incremental pass', () => {
  const second = `EmailAddress,UserName,Password
ann@contoso.test,ann,s3cret-ann
carl@contoso.test,carl,s3cret-carl
bad,bad,bad
`;

  async function secondLife(
    crash?: BatchWorld['crash'],
  ): Promise<{ readonly world: BatchWorld; readonly calls: number }> {
    const world = await uploaded();
    await startFromUpload(world.services, upload);
    await runExecutions(world, worker(world));
    world.objects.upload(upload.key, second, 'v2');
    world.calls = 0;
    world.crash = crash;
    const restart = () => tick(world.services);
    await untilDone(() => startFromUpload(world.services, { ...upload, version: 'v2' }));
    await runUntilAtRest(world, worker(world), restart);
    // Asked again after a crash, as an admin would, unless the pass has begun.
    await untilDone(async () => {
      if ((await world.batch('wave1')).passNumber === 1)
        await startBatch(world.services, { batch: 'wave1', pass: 'incremental', by: 'ann' });
    });
    await runUntilAtRest(world, worker(world), restart);
    return { world, calls: world.calls };
  }

  it.each(['before', 'after'] as const)('end the same when the process dies %s any call', async (when) => {
    const undisturbed = await secondLife();
    const expected = await endState(undisturbed.world);
    expect(expected).toMatchObject({ status: 'SyncedWithErrors', passNumber: 2, incoming: [] });

    for (let call = 1; call <= undisturbed.calls; call += 1) {
      const { world } = await secondLife({ call, when });

      expect({ call, ...(await endState(world)) }).toEqual({ call, ...expected });
    }
  });
});

/** Does it again after a Crash, as whoever asked would. */
async function untilDone(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    await work();
  }
}

describe('<batch>.json beside the upload', () => {
  it('gives options and who started it', async () => {
    const world = await uploaded('EmailAddress,UserName,Password\nann@contoso.test,ann,pw\n');
    const said = { startedBy: 'Ann', options: { badItemLimit: 3 }, notify: ['a@contoso.test'] };
    world.objects.upload('incoming/contoso/wave1.json', JSON.stringify(said), 'x');

    await startFromUpload(world.services, upload);
    await runExecutions(world, worker(world));

    await expect(world.batch('wave1')).resolves.toMatchObject({
      startedBy: 'Ann',
      options: { badItemLimit: 3, notify: ['a@contoso.test'] },
    });
  });

  it('refuses the upload when an option in it is none', async () => {
    const world = await uploaded('EmailAddress,UserName,Password\nann@contoso.test,ann,pw\n');
    world.objects.upload('incoming/contoso/wave1.json', '{"badItemLimits": 3}', 'x');

    await startFromUpload(world.services, upload);
    await runExecutions(world, worker(world));

    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Failed', errorCode: 'CSV_OPTION_INVALID' });
    expect(await world.jobs('wave1')).toEqual([]);
  });

  it('makes the batch wait for startAfter, and the tick starts it then', async () => {
    const world = await uploaded('EmailAddress,UserName,Password\nann@contoso.test,ann,pw\n');
    world.objects.upload('incoming/contoso/wave1.json', '{"startAfter": "2026-11-20T20:00Z"}', 'x');

    await startFromUpload(world.services, upload);
    await runExecutions(world, worker(world));
    const waiting = await world.batch('wave1');
    await tick(world.services);
    const startedTooSoon = world.workflow.running().length;
    world.now = Date.parse('2026-11-20T20:00:01Z');
    await tick(world.services);
    await runExecutions(world, worker(world));

    expect(waiting).toMatchObject({ status: 'Waiting', run: null });
    expect(startedTooSoon).toBe(0);
    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Synced' });
  });
});

describe('a batch that is created by command', () => {
  const order = { name: 'wave1', endpoint: 'contoso', csv: octets(csv), options: {}, startedBy: 'ann' };

  it('has its rows read but nothing copied until it is started', async () => {
    const world = await aWorld();

    await createBatch(world.services, { ...order, start: false });
    await runExecutions(world, worker(world));
    const created = await world.batch('wave1');
    const queued = (await world.jobs('wave1')).map(({ status }) => status);
    const started = await startBatch(world.services, { batch: 'wave1' });
    await runExecutions(world, worker(world));

    expect(created).toMatchObject({ status: 'Created', run: null, uploads: [] });
    expect(queued).toEqual(['Queued', 'Queued', 'Failed', 'Queued']);
    expect(started).toMatchObject({ outcome: 'started' });
    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'SyncedWithErrors' });
    expect(world.objects.keys().filter((key) => key.startsWith('incoming/'))).toEqual([]);
  });

  it('goes on when it is started while its rows are still being read', async () => {
    const world = await aWorld();
    await createBatch(world.services, { ...order, start: false });
    const reading = world.workflow.running()[0];

    await startBatch(world.services, { batch: 'wave1' });
    expect(reading).toBeDefined();
    await runExecutions(world, worker(world));

    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'SyncedWithErrors', run: null });
  });

  it('refuses a taken name, a wrong option, an unknown endpoint and a start without rows', async () => {
    const world = await aWorld();
    const empty = { name: 'wave1', endpoint: 'contoso', options: {}, startedBy: 'ann' };
    await createBatch(world.services, { ...empty, start: false });
    world.now += 1000;

    await expect(createBatch(world.services, { ...order, start: true })).resolves.toMatchObject({ outcome: 'exists' });
    await expect(
      createBatch(world.services, { ...order, name: 'x', options: { nope: 1 }, start: true }),
    ).resolves.toMatchObject({ outcome: 'refused', code: 'CSV_OPTION_INVALID' });
    await expect(
      createBatch(world.services, { ...order, name: 'x', endpoint: 'none', start: true }),
    ).resolves.toMatchObject({ outcome: 'refused', code: 'ENDPOINT_NOT_FOUND' });
    await expect(startBatch(world.services, { batch: 'wave1' })).resolves.toMatchObject({ outcome: 'refused' });
    await expect(startBatch(world.services, { batch: 'none' })).resolves.toMatchObject({ outcome: 'not-found' });
  });

  it('run again on a synced batch takes up new and failed rows, then makes one incremental pass', async () => {
    const world = await aWorld();
    const request = { ...order, csv: octets('EmailAddress,UserName,Password\nann@contoso.test,ann,pw\n') };
    const first = await runBatch(world.services, request);
    await runExecutions(world, worker(world));
    const more = octets('EmailAddress,UserName,Password\nann@contoso.test,ann,pw\nbob@contoso.test,bob,pw\n');

    const second = await runBatch(world.services, { ...request, csv: more });
    await runExecutions(world, worker(world));
    const afterRows = await world.batch('wave1');
    const third = await startBatch(world.services, { batch: 'wave1', pass: 'incremental', by: 'ann' });
    await runExecutions(world, worker(world));

    expect(first).toMatchObject({ outcome: 'begun', thenIncremental: false });
    expect(second).toMatchObject({ outcome: 'begun', thenIncremental: true });
    expect(afterRows).toMatchObject({ status: 'Synced', passNumber: 1 });
    expect(third).toMatchObject({ outcome: 'started' });
    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Synced', pass: 'incremental', passNumber: 2 });
    expect((await world.jobs('wave1')).map(({ passDone }) => passDone)).toEqual([2, 2]);
  });

  it('run again while it runs only goes on', async () => {
    const world = await aWorld();
    await runBatch(world.services, order);
    world.workflow.endAll();
    await tick(world.services);

    await expect(runBatch(world.services, order)).resolves.toMatchObject({ outcome: 'begun', thenIncremental: false });
    await runExecutions(world, worker(world));

    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'SyncedWithErrors', passNumber: 1 });
    expect(await world.jobs('wave1')).toHaveLength(4);
  });
});

describe('a mailbox that another batch holds', () => {
  it('is skipped with that batch named, and taken up once it is free', async () => {
    const world = await aWorld();
    const rows = octets('EmailAddress,UserName,Password\nAnn@contoso.test,ann,pw\nbob@contoso.test,bob,pw\n');
    const order = { endpoint: 'contoso', options: {}, startedBy: 'ann', start: true };
    await createBatch(world.services, {
      ...order,
      name: 'one',
      csv: octets('EmailAddress,UserName,Password\nann@contoso.test,ann,pw\n'),
    });
    await runExecutions(world, worker(world));

    await createBatch(world.services, { ...order, name: 'two', csv: rows });
    await runExecutions(world, worker(world));
    const held = await world.job('two', 'ann@contoso.test');
    const batch = await world.batch('two');
    await world.services.store.release('contoso/ann@contoso.test', 'one');
    await startBatch(world.services, { batch: 'two' });
    await runExecutions(world, worker(world));

    expect(held).toMatchObject({ status: 'Skipped', error: { code: 'MAILBOX_HELD_BY_OTHER_BATCH' } });
    expect(held.reason).toContain('one');
    expect(batch.status).toBe('Synced');
    expect(await world.job('two', 'ann@contoso.test')).toMatchObject({ status: 'Synced', error: null });
  });
});

/** What must not depend on crashes or repetitions. */
async function endState(world: BatchWorld) {
  world.crash = undefined;
  const { status, passNumber, uploads, run, fileFindings, startedBy } = await world.batch('wave1');
  const jobs = (await world.jobs('wave1')).map(({ id, status: jobStatus, error, passDone, row, userName }) => ({
    id,
    jobStatus,
    error,
    passDone,
    row,
    userName,
  }));
  const passwords = await Promise.all(
    jobs.map(({ id }) => world.services.store.getSealedPassword(`wave1/${id}/source`)),
  );
  const incoming = world.objects.keys().filter((key) => key.startsWith('incoming/'));
  return { status, passNumber, uploads, run, fileFindings, startedBy, jobs, passwords, incoming };
}
