import { describe, expect, it } from '@jest/globals';
import { putEndpoint } from '../../../shared/application/put-endpoint.ts';
import { removeEndpoint } from '../../../shared/application/remove-endpoint.ts';
import { createBatch } from '../../../shared/application/create-batch.ts';
import { listEndpoints } from '../../../shared/application/list-endpoints.ts';
import { parseEndpoint } from '../../../shared/domain/parse-endpoint.ts';
import { noteKeeps } from '../../../shared/application/probe-storage.ts';
import type { Endpoint } from '../../../shared/domain/endpoint.ts';
import { anEndpoint, BatchWorld } from '../../support/builders/batch-world.ts';

const server = (host: string, change: object = {}) => ({ kind: 'imap', host, login: { mode: 'user' }, ...change });
const file = (change: object = {}) => ({
  name: 'contoso',
  type: 'imap',
  source: server('old.contoso.test'),
  target: server('new.contoso.test'),
  ...change,
});

type Store = BatchWorld['services']['store'];

describe('an endpoint file', () => {
  it.each([
    [{ source: server('old', { prot: 993 }) }, 'source.prot', /did you mean port/],
    [
      { source: server('old', { login: { mode: 'admin', user: 'a', secret: 'hunter2' } }) },
      'source.login.secret',
      /reference/,
    ],
    [{ target: server('new', { login: { mode: 'user', password: 'hunter2' } }) }, 'target.login.password', /env:NAME/],
    [{ maxConcurrentMigrations: 0 }, 'maxConcurrentMigrations', /at least 1/],
    [{ maxConcurrentMigrations: 2.5 }, 'maxConcurrentMigrations', /whole/],
    [
      { maxConcurrentMigrations: 3, maxConcurrentIncrementalSyncs: 4 },
      'maxConcurrentIncrementalSyncs',
      /at most maxConcurrentMigrations/,
    ],
    [{ defaults: { badItemLimt: 3 } }, 'defaults.badItemLimt', /badItemLimit/],
    [{ defaults: { badItemLimit: 'many' } }, 'defaults.badItemLimit', /badItemLimit takes/],
    [{ name: '-x' }, 'name', /starts with a letter/],
  ])('%j names the setting %s and never its value', (change, setting, message) => {
    const parsed = parseEndpoint(file(change));

    expect(parsed.outcome).toBe('invalid');
    const problems = parsed.outcome === 'invalid' ? parsed.problems : [];
    expect(problems.map((problem) => problem.setting)).toEqual([setting]);
    expect(problems[0]?.message).toMatch(message);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it('names everything that is wrong at once', () => {
    const parsed = parseEndpoint(file({ name: '', source: server(''), maxConcurrentMigrations: 101 }));

    expect(parsed.outcome === 'invalid' && parsed.problems.map(({ setting }) => setting)).toEqual([
      'name',
      'source.host',
      'maxConcurrentMigrations',
    ]);
  });
});

describe('an endpoint', () => {
  it('is stored once its servers answer, and not when one does not', async () => {
    const world = new BatchWorld();
    const fails = {
      side: 'target',
      check: 'certificate',
      result: 'fail',
      code: 'TARGET_CERTIFICATE_INVALID',
      transient: false,
      evidence: 'It is self-signed.',
      fix: 'Set target.tls.caFile.',
    } as const;
    world.checks = [fails];

    const failed = await putEndpoint(world.services, { definition: file(), test: true });
    const listedThen = await listEndpoints(world.services);
    world.checks = [{ ...fails, result: 'warn' }];
    const stored = await putEndpoint(world.services, { definition: file(), test: true });

    expect(failed).toMatchObject({ outcome: 'failed', checks: [fails] });
    expect(listedThen).toEqual([]);
    expect(stored).toMatchObject({ outcome: 'stored', endpoint: { name: 'contoso' } });
    expect((await listEndpoints(world.services)).map(({ name }) => name)).toEqual(['contoso']);
  });

  it('is not stored while a file of authorities has not been read', async () => {
    const world = new BatchWorld();
    const definition = file({ source: server('old', { tls: { caFile: 'ca.pem' } }) });

    await expect(putEndpoint(world.services, { definition, test: false })).resolves.toMatchObject({
      outcome: 'invalid',
      problems: [{ setting: 'source.tls.caFile' }],
    });
  });

  it('opens more mailboxes of the batches that run through it as soon as it is stored with a larger number', async () => {
    const world = new BatchWorld();
    const { store } = world.services;
    await putEndpoint(world.services, { definition: file(), test: false });
    await putEndpoint(world.services, { definition: file({ name: 'fabrikam' }), test: false });
    const run = {
      number: 1,
      startedAt: '2026-11-20T10:00:00Z',
      phase: 'synchronise',
      round: 1,
      idleRounds: 0,
    } as const;
    for (const [name, endpoint, pass] of [
      ['first', 'contoso', 'initial'],
      ['second', 'contoso', 'incremental'],
      ['elsewhere', 'fabrikam', 'initial'],
    ] as const) {
      await createBatch(world.services, { name, endpoint, options: {}, start: false, startedBy: 'ann' });
      const batch = (await store.getBatch(name))!;
      await store.saveBatch({ ...batch, pass, run: { ...run, execution: `${name}-run-1` } });
    }
    await createBatch(world.services, {
      name: 'rests',
      endpoint: 'contoso',
      options: {},
      start: false,
      startedBy: 'a',
    });

    const limits = { maxConcurrentMigrations: 50, maxConcurrentIncrementalSyncs: 30 };
    await putEndpoint(world.services, { definition: file(limits), test: false });

    expect(world.workflow.raised.toSorted((a, b) => a.n - b.n)).toEqual([
      { execution: 'second-run-1', n: 30 },
      { execution: 'first-run-1', n: 50 },
    ]);
  });

  it('notes in the trail of each batch that uses it who changed which settings, and nothing where nothing changed', async () => {
    const world = new BatchWorld();
    const { store } = world.services;
    await putEndpoint(world.services, { definition: file(), test: false, by: 'ada' });
    for (const name of ['going', 'over'])
      await createBatch(world.services, { name, endpoint: 'contoso', options: {}, start: false, startedBy: 'ann' });
    await store.saveBatch({ ...(await store.getBatch('over'))!, status: 'Completed' });

    const changed = { maxConcurrentMigrations: 50, target: server('newer.contoso.test') };
    await putEndpoint(world.services, { definition: file(), test: false, by: 'bea' });
    await putEndpoint(world.services, { definition: file(changed), test: false, by: 'cem' });
    await putEndpoint(world.services, { definition: file(changed), test: false, by: 'dan' });

    const notes: unknown[] = [];
    for (const batch of ['going', 'over'])
      for await (const { who, verb, detail } of store.auditOf(batch))
        if (verb === 'endpoint') notes.push({ batch, who, detail });
    expect(notes).toEqual([{ batch: 'going', who: 'cem', detail: 'target.host, maxConcurrentMigrations' }]);
  });

  it('goes on knowing what its target was found to keep, until it has another target', async () => {
    const world = new BatchWorld();
    const { store } = world.services;
    const keeps = { octets: false, size: false, dates: true, keywords: true };
    const admin = { mode: 'admin', user: 'mailadmin', secret: 'env:ADMIN' };
    const definition = file({ target: server('new.contoso.test', { login: admin }) });
    world.checks = [
      { ...{ side: 'target', check: 'sign-in', result: 'pass', code: null }, transient: false, evidence: '', fix: '' },
    ];
    world.keeps = keeps;
    const order = { definition, test: true };

    await putEndpoint(world.services, { ...order, mailboxes: [{ mailbox: 'ann@contoso.test' }] });
    const found = await store.getEndpoint('contoso');
    await putEndpoint(world.services, order);
    const again = await store.getEndpoint('contoso');
    await putEndpoint(world.services, { ...order, definition: file({ target: server('other.contoso.test') }) });
    const moved = await store.getEndpoint('contoso');

    expect([found, again, moved].map((endpoint) => endpoint?.target.keeps)).toEqual([keeps, keeps, undefined]);
  });

  it.each([
    ['put', (store: Store, other: Endpoint) => store.putEndpoint(other)],
    ['removed', (store: Store, { name }: Endpoint) => store.removeEndpoint(name)],
  ])('that is %s while a test of it is noted stays so', async (what, change) => {
    const world = new BatchWorld();
    const { store } = world.services;
    const tested = anEndpoint();
    const other = anEndpoint({ maxConcurrentMigrations: 3 });
    await store.putEndpoint(tested);
    world.watch({
      getEndpoint: async (name) => {
        const found = await store.getEndpoint(name);
        await change(store, other);
        return found;
      },
    });

    await noteKeeps(world.services, tested, { octets: false, size: false, dates: true, keywords: true });

    expect(await store.getEndpoint('contoso')).toEqual(what === 'put' ? other : undefined);
  });

  it('is not removed while a batch uses it', async () => {
    const world = new BatchWorld();
    await putEndpoint(world.services, { definition: file(), test: false });
    const order = { endpoint: 'contoso', options: {}, start: false, startedBy: 'ann' };
    await createBatch(world.services, { ...order, name: 'wave1' });

    await expect(removeEndpoint(world.services, { endpoint: 'contoso' })).resolves.toEqual({
      outcome: 'in-use',
      batches: ['wave1'],
    });
    await expect(removeEndpoint(world.services, { endpoint: 'none' })).resolves.toEqual({ outcome: 'not-found' });
  });
});
