import { describe, expect, it } from '@jest/globals';
import { findWhereTheBatchStands } from '../../../shared/application/find-where-the-batch-stands.ts';
import { planRound } from '../../../shared/application/plan-round.ts';
import { recordFailure } from '../../../shared/application/record-failure.ts';
import { restBatch } from '../../../shared/application/rest-batch.ts';
import { reviewRound } from '../../../shared/application/review-round.ts';
import { startBatch } from '../../../shared/application/start-batch.ts';
import { startFromUpload } from '../../../shared/application/start-from-upload.ts';
import { tick } from '../../../shared/application/tick.ts';
import { importBatchFile } from '../../../shared/application/import-batch-file.ts';
import { moveJob } from '../../../shared/domain/job-transitions.ts';
import type { EndpointCheck } from '../../../shared/ports/endpoint-probe.ts';
import { anEndpoint, BatchWorld } from '../../support/builders/batch-world.ts';
import { copyAll, runExecutions, type Worker } from '../../support/builders/run-executions.ts';

const upload = { key: 'incoming/contoso/wave1.csv', version: 'v1', startedBy: 'account' };
const input = { batch: 'wave1', pass: 'initial' } as const;

/** A batch of so many mailboxes, uploaded, nothing run yet. */
async function uploaded(mailboxes: number): Promise<BatchWorld> {
  const world = new BatchWorld();
  await world.services.store.putEndpoint(anEndpoint({ maxConcurrentMigrations: 3, maxConcurrentIncrementalSyncs: 2 }));
  const rows = Array.from({ length: mailboxes }, (_, row) => `user${row}@contoso.test,user${row},pw${row}`);
  world.objects.upload(upload.key, ['EmailAddress,UserName,Password', ...rows, ''].join('\n'), upload.version);
  await startFromUpload(world.services, upload);
  return world;
}

const vanishes: Worker = () => undefined;
const blocked =
  (world: BatchWorld, code: string, kind: string): Worker =>
  (job) =>
    moveJob(job, 'fail', { reason: code, error: { code, message: code, kind }, now: (world.now += 1) });

describe('the run of a batch', () => {
  it('is held by one execution; another leaves while it runs and takes over once it does not', async () => {
    const world = await uploaded(1);
    const [first] = world.workflow.running();
    await world.workflow.start('second', input);

    const held = await findWhereTheBatchStands(world.services, { ...input, execution: first!.id });
    const again = await findWhereTheBatchStands(world.services, { ...input, execution: first!.id });
    const left = await findWhereTheBatchStands(world.services, { ...input, execution: 'second' });
    first!.status = 'gone';
    const taken = await findWhereTheBatchStands(world.services, { ...input, execution: 'second' });

    expect(held).toMatchObject({ run: 1, next: 'read' });
    expect(again).toEqual(held);
    expect(left).toMatchObject({ run: 0, next: 'leave' });
    expect(taken).toMatchObject({ run: 2, next: 'read' });
  });

  it('that was lost to another execution lets no state of the loser change anything', async () => {
    const world = await uploaded(2);
    const [first] = world.workflow.running();
    const lost = await findWhereTheBatchStands(world.services, { ...input, execution: first!.id });
    first!.status = 'gone';
    await world.workflow.start('second', input);
    await findWhereTheBatchStands(world.services, { ...input, execution: 'second' });
    const before = await world.batch('wave1');
    const { services } = world;

    const nexts = [
      await importBatchFile(services, lost),
      await planRound(services, lost),
      await reviewRound(services, {
        ...lost,
        round: 1,
        due: 0,
        concurrency: 1,
        manifest: { bucket: 'x', key: 'work/x' },
      }),
      await restBatch(services, lost),
      await recordFailure(services, { ...lost, error: { Error: 'States.Timeout', Cause: '' } }),
    ].map(({ next }) => next);

    expect(nexts).toEqual(['leave', 'leave', 'leave', 'leave', 'leave']);
    expect(await world.batch('wave1')).toEqual(before);
    expect(await world.jobs('wave1')).toEqual([]);
  });

  it('of a batch that is gone or has nothing to do is left alone', async () => {
    const world = await uploaded(1);
    await runExecutions(
      world,
      copyAll(() => world.now),
    );

    const gone = await findWhereTheBatchStands(world.services, { ...input, batch: 'none', execution: 'x' });
    const resting = await findWhereTheBatchStands(world.services, { ...input, execution: 'x' });

    expect([gone.next, resting.next]).toEqual(['leave', 'leave']);
    await expect(world.batch('wave1')).resolves.toMatchObject({ run: null, runs: 1 });
  });
});

describe('a round', () => {
  it('lists who is due in the order of rows, N at a time', async () => {
    const world = await uploaded(5);
    const [execution] = world.workflow.running();
    const found = await findWhereTheBatchStands(world.services, { ...input, execution: execution!.id });
    const read = await importBatchFile(world.services, found);

    const plan = await planRound(world.services, read);

    expect(plan).toMatchObject({ round: 1, due: 5, concurrency: 3, next: 'synchronise' });
    expect(JSON.parse(world.objects.text(plan.manifest.key) ?? '')).toEqual(
      [0, 1, 2, 3, 4].map((row) => ({ mailbox: `user${row}@contoso.test`, row: row + 1 })),
    );
    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Syncing' });
  });

  it('of an incremental pass works M at a time, and N where a mailbox still needs its first pass', async () => {
    const world = await uploaded(5);
    const fails = blocked(world, 'TARGET_MAILBOX_FULL', 'MailboxBlockedError');
    const copies = copyAll(() => world.now);
    await runExecutions(world, (job, batch) => (job.row === 1 ? fails : copies)(job, batch));
    const concurrencies: number[] = [];
    for (const restart of [1, 2]) {
      await startBatch(world.services, { batch: 'wave1', pass: 'incremental', by: 'ann' });
      await runExecutions(world, (job, batch) => {
        const [plan] = [...world.objects.keys()].filter((key) => key.includes(`manifest-${restart + 1}-1`));
        expect(plan).toBeDefined();
        return copies(job, batch);
      });
      concurrencies.push((await world.batch('wave1')).passNumber);
    }
    expect(concurrencies).toEqual([2, 3]);
    expect((await world.jobs('wave1')).every(({ passDone }) => passDone === 3)).toBe(true);
  });

  it('without progress counts as idle; after three, who vanished without a word has failed', async () => {
    const world = await uploaded(2);
    const copies = copyAll(() => world.now);
    let rounds = 0;

    await runExecutions(world, (job, batch) => {
      if (job.row === 1) return copies(job, batch);
      rounds += 1;
      return vanishes(job, batch);
    });

    // The first round brought the other mailbox to its end: that was progress.
    expect(rounds).toBe(4);
    expect(await world.job('wave1', 'user1@contoso.test')).toMatchObject({
      status: 'Failed',
      error: { code: 'WORKER_LOST' },
    });
    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'SyncedWithErrors' });
  });

  it('reviewed twice is counted once', async () => {
    const world = await uploaded(1);
    let rounds = 0;

    await runExecutions(
      world,
      (job, batch) => {
        rounds += 1;
        return vanishes(job, batch);
      },
      2,
    );

    expect(rounds).toBe(3);
  });

  it('in which all mailboxes wait with a reason does not count as idle', async () => {
    const world = await uploaded(1);
    let rounds = 0;

    await runExecutions(world, (job, batch) => {
      rounds += 1;
      if (rounds > 10) return copyAll(() => world.now)(job, batch);
      const updatedAt = new Date(world.now).toISOString();
      return { ...job, reason: 'all 3 mailbox slots of contoso are in use', updatedAt };
    });

    expect(rounds).toBe(11);
    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Synced' });
  });
});

describe('the circuit breaker', () => {
  it('pauses a batch whose first five mailboxes failed over the same setting, and starting it tries them again', async () => {
    const world = await uploaded(6);
    const fails = blocked(world, 'TARGET_CERTIFICATE_INVALID', 'ConfigurationError');

    await runExecutions(world, (job, batch) => (job.row <= 5 ? fails(job, batch) : undefined));
    const paused = await world.batch('wave1');
    const started = await startBatch(world.services, { batch: 'wave1' });
    await runExecutions(
      world,
      copyAll(() => world.now),
    );

    expect(paused).toMatchObject({ status: 'Paused', errorCode: 'TARGET_CERTIFICATE_INVALID', run: null });
    expect(paused.reason).toContain('circuit breaker');
    expect(started).toMatchObject({ outcome: 'started' });
    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Synced', errorCode: null });
  });

  it.each([
    ['fewer than five failed', 6, 4, 'ConfigurationError'],
    ['it was the mailboxes’ own trouble', 6, 5, 'MailboxBlockedError'],
  ])('stays closed when %s', async (_, mailboxes, failing, kind) => {
    const world = await uploaded(mailboxes);
    const fails = blocked(world, 'TARGET_SIGN_IN_FAILED', kind);

    await runExecutions(world, (job, batch) => (job.row <= failing ? fails : copyAll(() => world.now))(job, batch));

    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'SyncedWithErrors' });
  });

  it('opens for a smaller batch when all of it failed', async () => {
    const world = await uploaded(2);

    await runExecutions(world, blocked(world, 'SECRET_NOT_FOUND', 'ConfigurationError'));

    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Paused', errorCode: 'SECRET_NOT_FOUND' });
  });
});

describe('the prerequisites', () => {
  const check = (change: Partial<EndpointCheck>): EndpointCheck => ({
    side: 'source',
    check: 'reachable',
    result: 'fail',
    code: 'SOURCE_UNREACHABLE',
    transient: false,
    evidence: 'There is no host old.contoso.test.',
    fix: 'Correct source.host.',
    ...change,
  });

  it('that no mailbox can get past fail the batch before any is opened', async () => {
    const world = await uploaded(2);
    world.checks = [check({})];

    await runExecutions(world, () => {
      throw new Error('no mailbox may be opened');
    });

    await expect(world.batch('wave1')).resolves.toMatchObject({
      status: 'Failed',
      errorCode: 'SOURCE_UNREACHABLE',
      run: null,
      checks: [{ check: 'source-reachable', result: 'fail' }],
    });
  });

  it('try the first mailbox with its own password, and take a refused sign-in for that mailbox’s trouble', async () => {
    const world = await uploaded(2);
    world.checks = [check({ check: 'sign-in', code: 'SOURCE_SIGN_IN_FAILED', evidence: 'The server said no.' })];

    await runExecutions(
      world,
      copyAll(() => world.now),
    );

    expect(world.probed[0]).toEqual({
      source: { emailAddress: 'user0@contoso.test', userName: 'user0', password: 'pw0', userRoot: undefined },
      target: { emailAddress: 'user0@contoso.test', userName: 'user0@contoso.test', password: 'pw0' },
    });
    await expect(world.batch('wave1')).resolves.toMatchObject({
      status: 'Synced',
      checks: [{ check: 'source-sign-in', result: 'warn' }],
    });
  });

  it('give a server that is down a second look, and do not fail what was synced before', async () => {
    const world = await uploaded(1);
    await runExecutions(
      world,
      copyAll(() => world.now),
    );
    world.checks = [check({ transient: true })];
    const looks = world.probed.length;

    await startBatch(world.services, { batch: 'wave1', pass: 'incremental', by: 'ann' });
    await runExecutions(
      world,
      copyAll(() => world.now),
    );

    expect(world.probed.length).toBe(looks + 2);
    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Synced', passNumber: 2 });
  });
});

describe('what could not go on', () => {
  const failure = async (error: { Error: string; Cause: string }) => {
    const world = await uploaded(1);
    const [execution] = world.workflow.running();
    const found = await findWhereTheBatchStands(world.services, { ...input, execution: execution!.id });
    await recordFailure(world.services, { ...found, error });
    await recordFailure(world.services, { ...found, error });
    return world.batch('wave1');
  };

  it('is written on the batch in the words of our own errors', async () => {
    const Cause = JSON.stringify({ errorMessage: 'There is no secret env:X.', code: 'SECRET_NOT_FOUND' });

    await expect(failure({ Error: 'ConfigurationError', Cause })).resolves.toMatchObject({
      status: 'Failed',
      reason: 'There is no secret env:X.',
      errorCode: 'SECRET_NOT_FOUND',
      run: null,
    });
  });

  it('never quotes an unexpected error, which may hold anything', async () => {
    const batch = await failure({ Error: 'TypeError', Cause: JSON.stringify({ errorMessage: 'password hunter2' }) });

    expect(batch).toMatchObject({ status: 'Failed', errorCode: 'UNEXPECTED' });
    expect(batch.reason).toContain('TypeError');
    expect(JSON.stringify(batch)).not.toContain('hunter2');
  });
});

describe('the tick', () => {
  it('gives a batch whose execution is lost a new one, once', async () => {
    const world = await uploaded(1);
    world.workflow.endAll();

    const first = await tick(world.services);
    const second = await tick(world.services);
    await runExecutions(
      world,
      copyAll(() => world.now),
    );

    expect([first.started, second.started]).toEqual([1, 0]);
    await expect(world.batch('wave1')).resolves.toMatchObject({ status: 'Synced' });
  });

  it('passes over names whose executions ended before they took the run', async () => {
    const world = await uploaded(1);
    world.workflow.endAll();
    for (let outage = 0; outage < 3; outage += 1) {
      await tick(world.services);
      world.workflow.endAll();
    }

    await expect(tick(world.services)).resolves.toMatchObject({ started: 1 });
  });

  it('looks after the other batches when one has trouble, and sends open mails', async () => {
    const world = await uploaded(1);
    world.workflow.endAll();
    const mailed: string[] = [];
    const sendOpenMails = (batch: { name: string }): Promise<number> => {
      mailed.push(batch.name);
      return batch.name === 'wave1' ? Promise.reject(new Error('smtp')) : Promise.resolve(1);
    };
    world.objects.upload('incoming/contoso/wave2.csv', 'x', 'v1');
    await startFromUpload(world.services, { ...upload, key: 'incoming/contoso/wave2.csv' });

    const ticked = await tick(world.services, { sendOpenMails });

    expect(mailed).toEqual(['wave1', 'wave2']);
    expect(ticked).toEqual({ batches: 2, started: 2, mails: 1, stalled: 0, purged: 0, failed: 1 });
  });
});
