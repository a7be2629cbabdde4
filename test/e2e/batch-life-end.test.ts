import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { canariesInFile, filesBelow } from '../support/e2e/canaries.ts';
import type { Command } from '../support/e2e/command.ts';
import { BatchLife } from '../support/e2e/batch-life.ts';

const password = 'zaunkoenig-4be1d09a';
const wrongPassword = 'rotkehlchen-77c0e2f5';
const [ann, bob, cid, dan, eve, fay, gus] = ['ann', 'bob', 'cid', 'dan', 'eve', 'fay', 'gus'].map(
  (name) => `${name}@contoso.test`,
) as [string, string, string, string, string, string, string];
const names = [ann, bob, cid, dan, eve, fay, gus];
const users = Object.fromEntries(names.map((name) => [name, password]));
const messages = 10;

describeWithDovecot('A batch that is synced', () => {
  let life: BatchLife;
  let service: Command;

  beforeAll(async () => {
    life = await BatchLife.start(users);
    for (const name of names) life.seed(name, messages);
    await life.putEndpoint('contoso');
    service = await life.workspace.serve();
    await Promise.all([
      create('first', { [ann]: password, [bob]: password }),
      create('errors', { [cid]: wrongPassword, [dan]: password }),
      create('timed', { [eve]: password }),
      create('forgotten', { [fay]: password }),
    ]);
    await Promise.all(['first', 'errors', 'timed', 'forgotten'].map(async (name) => life.rested(name)));
  });

  afterAll(async () => {
    await life.stop();
  });

  const create = async (batch: string, passwords: Readonly<Record<string, string>>, ...more: string[]) => {
    const csv = life.csv(`${batch}.csv`, passwords);
    const created = await life.batch('create', batch, '--endpoint', 'contoso', '--csv', csv, ...more);
    expect(created).toMatchObject({ code: 0 });
  };

  it('copies what came since when it is synchronised: of one mailbox, then of all', async () => {
    await life.deliver(life.source, ann, { one: 'first letter' });
    await life.deliver(life.source, bob, { one: 'first letter' });

    const single = await life.batch('sync', 'first', '--mailbox', ann);
    await life.rested('first');
    const afterSingle = [life.arrived(ann), life.arrived(bob)];
    const whole = await life.batch('sync', 'first');
    const rested = await life.rested('first');

    expect([single.code, whole.code]).toEqual([0, 0]);
    expect(afterSingle).toEqual([messages + 1, messages]);
    expect([life.arrived(ann), life.arrived(bob)]).toEqual([messages + 1, messages + 1]);
    expect(rested).toMatchObject({ code: 0, document: { status: 'Synced', items: { copied: 2 * messages + 2 } } });
    expect(await life.differences([ann, bob])).toEqual([]);
  });

  it('is completed by one of two who ask at once, with a last pass', async () => {
    await life.deliver(life.source, ann, { two: 'second letter' });

    const asked = await Promise.all([life.batch('complete', 'first'), life.batch('complete', 'first')]);
    const rested = await life.rested('first');

    const [won, told] = asked.sort((a, b) => Number(a.code) - Number(b.code));
    expect(won).toMatchObject({ code: 0 });
    expect(told).toMatchObject({
      code: 4,
      document: { error: { message: expect.stringMatching(/^The batch first is (Completing|Completed) already\.$/) } },
    });
    expect(rested).toMatchObject({ code: 0, document: { status: 'Completed', counts: { completed: 2 } } });
    expect(await life.differences([ann, bob])).toEqual([]);
    expect(await life.mails('first')).toContain('completed');
  });

  it('takes no verb any more once it is completed, and says what would be allowed', async () => {
    const csv = life.csv('more.csv', { [gus]: password });
    const verbs = [
      ['start', 'first'],
      ['resume', 'first', '--mailbox', ann],
      ['stop', 'first'],
      ['sync', 'first'],
      ['retry', 'first'],
      ['complete', 'first', '--ignore-errors'],
      ['set', 'first', '--option', 'badItemLimit=3'],
      ['add', 'first', '--csv', csv],
    ];
    const answers = await Promise.all(verbs.map(async (verb) => life.batch(...verb)));

    expect(answers.map(({ code }) => code)).toEqual(verbs.map(() => 4));
    for (const { document } of answers) {
      expect(document).toMatchObject({
        error: { code: 'REFUSED_IN_THIS_STATE', message: expect.stringContaining('first is Completed'), exitCode: 4 },
      });
    }
  });

  it('gives its mailboxes to another batch when it is completed, which copies nothing twice', async () => {
    const before = life.arrived(ann);
    await create('second', { [ann]: password });
    const rested = await life.rested('second');

    expect(rested).toMatchObject({ code: 0, document: { status: 'Synced', items: { copied: before } } });
    expect(await life.differences([ann])).toEqual([]);
    expect(await life.batch('users', 'first')).toMatchObject({ document: [{ status: 'Completed' }, {}] });
  });

  it('with errors left is completed only when they are to be ignored', async () => {
    const asked = await life.batch('complete', 'errors');
    const rested = await life.rested('errors');
    const ignoring = await life.batch('complete', 'errors', '--ignore-errors');
    const completed = await life.rested('errors');

    expect([asked.code, ignoring.code]).toEqual([0, 0]);
    expect(rested).toMatchObject({
      code: 5,
      document: {
        status: 'SyncedWithErrors',
        reason: expect.stringMatching(/row 1\b/),
        counts: { synced: 1, failed: 1 },
      },
    });
    expect(completed).toMatchObject({
      code: 5,
      document: { status: 'CompletedWithErrors', counts: { completed: 1, failed: 1 } },
    });
    expect(await life.mails('errors')).toEqual(['completed', 'finished', 'finished']);
  });

  it('is completed by itself once completeAfter has come', async () => {
    const set = await life.batch('set', 'timed', '--option', 'completeAfter=2020-01-01T00:00Z');
    service.kill('SIGTERM');
    await service.end;
    // A service looks for what is due when it starts, and every five minutes.
    service = await life.workspace.serve();
    const rested = await life.rested('timed');

    expect(set).toMatchObject({ code: 0, document: { status: 'Synced' } });
    expect(rested).toMatchObject({ code: 0, document: { status: 'Completed' } });
  });

  it('is removed only when what failed is waived; its reports, and who did what, stay', async () => {
    const refused = await life.batch('remove', 'errors');
    const withoutReason = await life.batch('waive', 'errors', '--mailbox', cid);
    const waived = await life.batch('waive', 'errors', '--mailbox', cid, '--why', 'the mailbox is closed');
    const removed = await life.batch('remove', 'errors');
    const shown = await life.batch('show', 'errors');
    const audit = await life.report('errors', 'audit');
    const statistics = await life.report('errors', 'statistics');

    expect(refused).toMatchObject({
      code: 4,
      document: { error: { message: expect.stringMatching(/row 1\b.*waive/s) } },
    });
    expect(withoutReason).toMatchObject({ code: 2 });
    expect(waived).toMatchObject({ code: 0 });
    expect(removed).toEqual({ code: 0, document: { batch: 'errors', removed: 'batch' } });
    expect(shown).toMatchObject({ code: 3, document: { error: { code: 'BATCH_NOT_FOUND' } } });
    expect(audit.map((line) => [line['Verb'], line['Outcome'], line['Why']])).toEqual([
      ['create', 'done', ''],
      ['add', 'done', ''],
      ['complete', 'done', ''],
      ['complete', 'done', ''],
      ['remove', 'refused', ''],
      ['waive', 'done', 'the mailbox is closed'],
      ['remove', 'done', ''],
    ]);
    expect(statistics.map((row) => row['EmailAddress'])).toEqual([dan]);
  });

  it('leaves no password when it is removed, and its name may be used again beside the old reports', async () => {
    await create('errors', { [cid]: '', [dan]: '' }, '--no-start');
    const users = await life.batch('users', 'errors');
    const folder = join(life.workspace.data, 'reports', 'errors');

    // Blank keeps what is sealed: nothing is.
    expect(users.document).toMatchObject(Array(2).fill({ status: 'Failed', error: { code: 'CSV_PASSWORD_EMPTY' } }));
    expect(readdirSync(folder).filter((name) => name.startsWith('removed-'))).toHaveLength(1);
    expect(filesBelow(life.workspace.data).flatMap((file) => canariesInFile(file, [password, wrongPassword]))).toEqual(
      [],
    );
  });

  it('that never started is removed at once: start over', async () => {
    await create('typo', { [gus]: password }, '--no-start');
    const removed = await life.batch('remove', 'typo');
    await create('typo', { [gus]: password });
    const rested = await life.rested('typo');

    expect(removed).toEqual({ code: 0, document: { batch: 'typo', removed: 'batch' } });
    expect(rested).toMatchObject({ code: 0, document: { status: 'Synced', items: { copied: messages } } });
  });

  it('removed with --forget is begun anew, and what is at the target already is found there', async () => {
    const removed = await life.batch('remove', 'forgotten', '--forget');
    await create('forgotten', { [fay]: password });
    const rested = await life.rested('forgotten');

    expect(removed).toMatchObject({ code: 0 });
    expect(rested).toMatchObject({ code: 0, document: { status: 'Synced', items: { copied: messages } } });
    expect(life.arrived(fay)).toBe(messages);
    const audit = await life.report('forgotten', 'audit');
    expect(audit).toContainEqual(
      expect.objectContaining({ Verb: 'remove', Detail: expect.stringContaining('forget'), Outcome: 'done' }),
    );
  });
});
