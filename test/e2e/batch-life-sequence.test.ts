import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchView } from '../../shared/contract/batch-view.ts';
import { Timeline } from '../../shared/contract/timeline-view.ts';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import type { DovecotServer } from '../support/dovecot/dovecot-server.ts';
import type { Answer } from '../support/e2e/batch-life.ts';
import { BatchLife } from '../support/e2e/batch-life.ts';
import type { Command } from '../support/e2e/command.ts';
import { Random } from '../support/mail/random.ts';

const password = 'pw';
const names = Array.from({ length: 6 }, (_, at) => `user${String(at)}@contoso.test`);
const users = Object.fromEntries(names.map((name) => [name, password]));
const messages = 150;
const limits = { n: 3, m: 2 };
const steps = 10;
/** Another one gives other verbs at other moments. */
const seed = process.env['STAGECOACH_TEST_SEED'] ?? 'batch-life';
/** What may be asked for at any time without the batch being over; whether it fits the state is the batch's to say. */
const verbs = ['stop', 'resume', 'start', 'retry', 'sync', 'set', 'approve'] as const;

describeWithDovecot('A batch that is given verbs at random while its service is killed', () => {
  let life: BatchLife;
  let service: Command;
  let watched: Promise<unknown> = Promise.resolve();
  const random = new Random(seed);
  const answered: { readonly verb: string; readonly code: number | null }[] = [];
  const letters = new Map<string, number>();
  /** `counting`: not while what a killed worker left at a server is still open there. */
  const open = { watching: true, counting: true, source: 0, target: 0 };

  beforeAll(async () => {
    process.stderr.write(`STAGECOACH_TEST_SEED=${seed}\n`);
    life = await BatchLife.start(users);
    life.targetLine.setDelay({ toServerMs: 25, toClientMs: 25 });
    for (const name of names) life.seed(name, messages, 6);
    await life.putEndpoint('contoso', limits);
    service = await life.workspace.serve();
    watched = Promise.all([watch('source', life.source), watch('target', life.target)]);
  });

  afterAll(async () => {
    open.watching = false;
    await watched;
    await life.stop();
  });

  /** As often as the server's own register can be asked. */
  const watch = async (side: 'source' | 'target', server: DovecotServer): Promise<void> => {
    while (open.watching) {
      const { size } = await server.connectionsByUser();
      if (open.counting) open[side] = Math.max(open[side], size);
      await sleep(5);
    }
  };

  /** Half of them are about one mailbox. */
  const anOrder = (): readonly string[] => {
    const verb = random.pick(verbs);
    const single = random.chance(0.5) ? ['--mailbox', random.pick(names)] : [];
    const options = verb === 'set' ? ['--option', `badItemLimit=${String(random.between(1, 50))}`] : [];
    return [verb, 'people', ...single, ...options];
  };

  const give = async (order: readonly string[]): Promise<Answer> => {
    const answer = await life.batch(...order);
    answered.push({ verb: order[0] ?? '', code: answer.code });
    return answer;
  };

  /** A verb, and a moment later the service's death: the verb may be done, or never have been heard. */
  const giveAndKill = async (): Promise<void> => {
    const given = give(anOrder());
    await sleep(random.between(0, 400));
    open.counting = false;
    service.kill();
    await service.end;
    // Where nobody has the data folder, the command itself works until the batch rests.
    expect([0, 3, 4, 5]).toContain((await given).code);
    for (const server of [life.source, life.target]) while ((await server.connectionsByUser()).size > 0) await sleep(5);
    open.counting = true;
    service = await life.workspace.serve();
  };

  const aLetter = (): void => {
    const name = random.pick(names);
    const number = (letters.get(name) ?? 0) + 1;
    letters.set(name, number);
    life.drop(name, { [`letter${String(number)}`]: `news ${String(number)}` });
  };

  it('has nothing lost, and never more mailboxes open than the endpoint allows', async () => {
    await life.batch('create', 'people', '--endpoint', 'contoso', '--csv', life.csv('people.csv', users));
    // Else nothing would have been limited.
    while (open.target < 2) await sleep(2);
    for (let step = 0; step < steps; step += 1) {
      await sleep(random.between(0, 300));
      aLetter();
      if (random.chance(0.3)) await giveAndKill();
      else expect([0, 4]).toContain((await give(anOrder())).code);
    }
    for (;;) {
      const { document } = await life.rested('people');
      if ((document as BatchView).status === 'Synced') break;
      expect(await give(['resume', 'people'])).toMatchObject({ code: 0 });
    }

    for (const most of [open.source, open.target]) expect(most).toBeLessThanOrEqual(limits.n);
  });

  it('opens fewer mailboxes once the endpoint says so', async () => {
    Object.assign(open, { source: 0, target: 0 });
    await life.putEndpoint('contoso', { n: 1 });
    for (const name of names) life.drop(name, { last: 'the last news' });
    expect(await give(['sync', 'people'])).toMatchObject({ code: 0 });
    expect(await life.rested('people')).toMatchObject({ code: 0, document: { status: 'Synced' } });

    expect({ source: open.source, target: open.target }).toEqual({ source: 1, target: 1 });
  });

  it('is completed green, with each message at the target once', async () => {
    expect(await give(['complete', 'people'])).toMatchObject({ code: 0 });
    const completed = await life.rested('people');

    const total = names.length * (messages + 1) + [...letters.values()].reduce((sum, number) => sum + number, 0);
    expect(completed).toMatchObject({ code: 0, document: { status: 'Completed', counts: { completed: 6 } } });
    expect(completed).toMatchObject({ document: { items: { total, copied: total, failed: 0, doubtful: 0 } } });
    expect(await life.differences(names)).toEqual([]);
  });

  it('has a line in its audit trail for everything that was done or refused', async () => {
    const lines = await life.report('people', 'audit');
    const told = (verb: string, outcome: string): number =>
      lines.filter((line) => line['Verb'] === verb && line['Outcome'] === outcome).length;
    const given = (verb: string, code: number): number =>
      answered.filter((answer) => answer.verb === verb && answer.code === code).length;

    // A verb whose service was killed may have been done; a start of what is going on does nothing.
    for (const verb of ['stop', 'retry', 'set', 'approve', 'complete'])
      expect(`${verb}: ${String(told(verb, 'done') >= given(verb, 0))}`).toBe(`${verb}: true`);
    for (const verb of [...verbs, 'complete'])
      expect(`${verb}: ${String(told(verb, 'refused') >= given(verb, 4))}`).toBe(`${verb}: true`);
  });

  it('has a time-line without gaps for every mailbox, whose durations add up to its time', async () => {
    for (const name of names) {
      const { document } = await life.batch('timeline', 'people', '--mailbox', name);
      const { from, until, entries } = Timeline.parse(document);
      const spent = entries.reduce((sum, { duration }) => sum + duration, 0);

      expect(entries.at(0)?.since).toBe(from);
      expect(entries.at(-1)).toMatchObject({ status: 'Completed', until });
      expect(entries.slice(1).map(({ since }) => since)).toEqual(entries.slice(0, -1).map((entry) => entry.until));
      expect(spent).toBe(Date.parse(until) - Date.parse(from));
    }
  });
});
