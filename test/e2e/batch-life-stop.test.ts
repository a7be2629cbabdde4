import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Command } from '../support/e2e/command.ts';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { answerOf, BatchLife } from '../support/e2e/batch-life.ts';

const password = 'pw';
const small = 'small@contoso.test';
const big = 'big@contoso.test';
const last = 'last@contoso.test';
const killed = 'killed@contoso.test';
const listed = 'listed@contoso.test';
const ran = 'ran@contoso.test';
const lone = 'lone@contoso.test';
const other = 'other@contoso.test';
const cut = 'cut@contoso.test';
const names = [small, big, last, killed, listed, ran, lone, other, cut];
const users = Object.fromEntries(names.map((name) => [name, password]));
/** Messages of a page at most. */
const page = 200;
/** More than eight pages, which may be in flight. */
const many = 1_800;
/** Of a page of the large mailboxes; listings and a small mailbox pass beside it. */
const pageOctets = 400_000;
const aPageAndAHalf = 1.5 * pageOctets;

describeWithDovecot('A batch that is stopped', () => {
  let life: BatchLife;
  let service: Command;

  beforeAll(async () => {
    life = await BatchLife.start(users);
    for (const name of [small, last, other]) life.seed(name, 20);
    for (const name of [big, killed, ran, lone, cut]) life.seedEvenly(name, many);
    life.seed(listed, 60, 30);
    // One mailbox at a time: the first is through when the second is in mid-copy and the third waits.
    await life.putEndpoint('contoso', { n: 1 });
    service = await life.workspace.serve();
  });

  afterAll(async () => {
    await life.stop();
  });

  const create = async (batch: string, mailboxes: readonly string[]): Promise<void> => {
    const csv = life.csv(`${batch}.csv`, Object.fromEntries(mailboxes.map((name) => [name, password])));
    const created = await life.batch('create', batch, '--endpoint', 'contoso', '--csv', csv);
    expect(created).toMatchObject({ code: 0 });
  };

  /** Messages of the pages that were begun, the last one included, when so much had come from the source. */
  const begun = (octets: number): number => page * Math.ceil(octets / pageOctets);

  it('in mid-copy sends no further page, and is Stopped once the page that is open is through', async () => {
    const held = life.holdSourceAfter(aPageAndAHalf);
    await create('people', [small, big, last]);
    const passed = await held;

    const stopped = await life.batch('stop', 'people');
    life.sourceLine.unstall();
    const rested = await life.rested('people');

    expect(stopped).toMatchObject({ code: 0, document: { status: 'Stopping' } });
    expect(rested).toMatchObject({
      code: 5,
      document: { status: 'Stopped', counts: { total: 3, synced: 1, stopped: 2 } },
    });
    expect(life.arrived(big)).toBeLessThanOrEqual(begun(passed));
    expect(life.arrived(big)).toBeLessThan(many);
    expect(life.arrived(last)).toBe(0);
    // What was finished is left alone, what was sent is known.
    expect(life.arrived(small)).toBe(20);
    expect(rested.document).toMatchObject({ items: { copied: 20 + life.arrived(big) } });
  });

  it('says in its reports what is done, what was in progress and what waits, and where new mail goes', async () => {
    const statistics = await life.report('people', 'statistics');
    const errors = await life.report('people', 'errors');

    expect(statistics.map((row) => row['EmailAddress'])).toEqual([small]);
    expect(errors.map((row) => [row['EmailAddress'], row['Status']])).toEqual([
      [big, 'Stopped'],
      [last, 'Stopped'],
    ]);
    for (const row of errors) expect(row['NewMail']).toMatch(/source/);
    expect(await life.mails('people')).toEqual(['stopped']);
  });

  it('goes on where it stood when it is resumed, and copies nothing twice when it is started once more', async () => {
    const resumed = await life.batch('resume', 'people');
    const rested = await life.rested('people');
    const { bytesToServer } = life.targetLine.counters();
    const again = await life.batch('start', 'people');

    expect(resumed).toMatchObject({ code: 0 });
    expect(rested).toMatchObject({ code: 0, document: { status: 'Synced', items: { copied: many + 40 } } });
    expect(again).toMatchObject({ code: 0, document: { status: 'Synced', items: { copied: many + 40 } } });
    expect(life.targetLine.counters().bytesToServer).toBe(bytesToServer);
    expect(await life.differences([small, big, last])).toEqual([]);
    expect(await life.mails('people')).toEqual(['finished', 'stopped']);
  });

  it('while it lists a mailbox copies nothing of it', async () => {
    const held = life.holdSourceAfter(3_000);
    await create('listing', [listed]);
    await held;

    const stopped = await life.batch('stop', 'listing');
    life.sourceLine.unstall();
    const rested = await life.rested('listing');

    expect(stopped).toMatchObject({ code: 0, document: { status: 'Stopping' } });
    expect(rested).toMatchObject({ code: 5, document: { status: 'Stopped', counts: { stopped: 1 } } });
    expect(life.arrived(listed)).toBe(0);
    expect(await life.batch('resume', 'listing')).toMatchObject({ code: 0 });
    expect(await life.rested('listing')).toMatchObject({ code: 0, document: { items: { copied: 60 } } });
    expect(await life.differences([listed])).toEqual([]);
  });

  it('twice at once is stopped by one, and the other is told; completing it meanwhile is refused', async () => {
    const held = life.holdTargetAfter(aPageAndAHalf);
    await create('twice', [killed]);
    await held;

    const verbs = ['stop', 'stop', 'complete'].map(async (verb) => life.batch(verb, 'twice'));
    const [first, second, completed] = await Promise.all(verbs);

    const [won, told] = [first, second].sort((a, b) => Number(a?.code) - Number(b?.code));
    expect(won).toMatchObject({ code: 0, document: { status: 'Stopping' } });
    for (const refused of [told, completed]) {
      expect(refused).toMatchObject({ code: 4, document: { error: { code: 'REFUSED_IN_THIS_STATE', exitCode: 4 } } });
    }
    expect(told?.document).toMatchObject({ error: { message: 'The batch twice is Stopping already.' } });
    expect(completed?.document).toMatchObject({ error: { message: expect.stringMatching(/from Synced/) } });
  });

  it('ends as Stopped also when its service is killed before its worker was gone, and goes on from there', async () => {
    service.kill();
    await service.end;
    life.targetLine.unstall();
    const killedAs = await life.batch('show', 'twice');
    service = await life.workspace.serve();
    const rested = await life.rested('twice');

    const resumed = await life.batch('resume', 'twice', '--mailbox', killed);
    const synced = await life.rested('twice');

    expect(killedAs).toMatchObject({ document: { status: 'Stopping' } });
    expect(rested).toMatchObject({ code: 5, document: { status: 'Stopped' } });
    expect(resumed).toMatchObject({ code: 0 });
    expect(synced).toMatchObject({ code: 0, document: { status: 'Synced', items: { copied: many } } });
    expect(await life.differences([killed])).toEqual([]);
  });

  it('in the process that runs it is stopped from another one, and run again goes on', async () => {
    service.kill('SIGTERM');
    await service.end;
    const order = [
      ...['run', '--endpoint', life.endpoint('contoso', { n: 1 })],
      ...['--csv', life.csv('ran.csv', { [ran]: password })],
    ];
    const held = life.holdSourceAfter(aPageAndAHalf);
    const run = life.begin(...order);
    const passed = await held;

    const stop = life.begin('batch', 'stop', 'ran');
    await stop.says('Stopping');
    life.sourceLine.unstall();
    const [ofRun, ofStop] = [answerOf(await run.end), answerOf(await stop.end)];
    const after = life.arrived(ran);
    const again = await life.ask(...order);

    expect(ofRun).toMatchObject({ code: 5, document: { status: 'Stopped' } });
    expect(ofStop).toMatchObject({ code: 0, document: { status: 'Stopped' } });
    expect(after).toBeLessThanOrEqual(begun(passed));
    expect(after).toBeLessThan(many);
    expect(again).toMatchObject({ code: 0, document: { status: 'Synced', items: { copied: many } } });
    expect(await life.differences([ran])).toEqual([]);
  });

  it('in a single mailbox goes on with the others, also where the process that ran it was killed', async () => {
    const endpoint = life.endpoint('contoso', { n: 1 });
    const csv = life.csv('lonely.csv', { [lone]: password, [other]: password });
    const held = life.holdSourceAfter(aPageAndAHalf);
    const run = life.begin('run', '--endpoint', endpoint, '--csv', csv);
    await held;
    run.kill();
    await run.end;
    life.sourceLine.unstall();

    const stopped = await life.batch('stop', 'lonely', '--mailbox', lone);
    const mailboxes = await life.workspace.listMailboxes('lonely');
    const resumed = await life.batch('resume', 'lonely', '--mailbox', lone);

    expect(stopped).toMatchObject({ code: 5, document: { status: 'SyncedWithErrors' } });
    expect(mailboxes.map(({ status }) => status)).toEqual(['Stopped', 'Synced']);
    expect(resumed).toMatchObject({ code: 0, document: { status: 'Synced', items: { copied: many + 20 } } });
    expect(await life.differences([lone, other])).toEqual([]);
  });

  it('rests, and goes on, also where all that had it were killed while it was stopping and no service runs', async () => {
    const order = [
      ...['run', '--endpoint', life.endpoint('contoso', { n: 1 })],
      ...['--csv', life.csv('cut.csv', { [cut]: password })],
    ];
    const killWhileStopping = async (): Promise<void> => {
      const held = life.holdSourceAfter(aPageAndAHalf);
      const run = life.begin(...order);
      await held;
      const stop = life.begin('batch', 'stop', 'cut');
      await stop.says('Stopping');
      stop.kill();
      run.kill();
      await Promise.all([stop.end, run.end]);
      life.sourceLine.unstall();
    };

    await killWhileStopping();
    const shown = await life.batch('show', 'cut');
    const stopped = await life.batch('stop', 'cut');
    expect(shown).toMatchObject({ document: { status: 'Stopping' } });
    expect(stopped).toMatchObject({ code: 0, document: { status: 'Stopped' } });
    await killWhileStopping();
    const again = await life.ask(...order);

    expect(again).toMatchObject({ code: 0, document: { status: 'Synced', items: { copied: many } } });
    expect(await life.differences([cut])).toEqual([]);
  });
});
