import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MailboxView } from '../../shared/contract/mailbox-view.ts';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { answerOf, BatchLife } from '../support/e2e/batch-life.ts';
import type { Answer } from '../support/e2e/batch-life.ts';
import { batchFile } from '../support/e2e/csv.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { Workspace } from '../support/e2e/workspace.ts';
import { ScriptedImapServer } from '../support/scripted-imap-server/scripted-imap-server.ts';

const password = 'pw';

/** Status and error code by mailbox. */
async function standing(workspace: Workspace, batch: string): Promise<Readonly<Record<string, string>>> {
  const views = await workspace.listMailboxes(batch);
  const inWords = ({ status, error }: MailboxView) => (error === null ? status : `${status} ${error.code}`);
  return Object.fromEntries(views.map((view) => [view.mailbox, inWords(view)]));
}

describeWithDovecot('A batch with mailboxes that failed', () => {
  const good = 'good@contoso.test';
  const mistyped = 'mistyped@contoso.test';
  const locked = 'locked@contoso.test';
  const doubted = 'doubted@contoso.test';
  const names = [good, mistyped, locked, doubted];
  const users = Object.fromEntries(names.map((name) => [name, password]));
  let life: BatchLife;

  beforeAll(async () => {
    life = await BatchLife.start(users);
    for (const name of [good, mistyped, locked]) life.seed(name, 12);
    await life.target.setPasswords({ ...users, [locked]: 'another' });
    await life.deliver(life.source, doubted, { letter: 'the whole text', other: 'x' });
    await life.deliver(life.target, doubted, { letter: 'half the te' });
  });

  afterAll(async () => {
    await life.stop();
  });

  it('names each with its code, and lists its rows for another upload without their passwords', async () => {
    const csv = life.csv('people.csv', { ...users, [mistyped]: 'wrong' });
    const end = await life.ask('run', '--endpoint', life.endpoint('contoso'), '--csv', csv);
    const rows = await life.report('people', 'failed-rows');

    expect(end).toMatchObject({ code: 5, document: { status: 'SyncedWithErrors', counts: { synced: 2, failed: 2 } } });
    expect(await standing(life.workspace, 'people')).toEqual({
      [good]: 'Synced',
      [mistyped]: 'Failed SOURCE_SIGN_IN_FAILED',
      [locked]: 'Failed TARGET_SIGN_IN_FAILED',
      [doubted]: 'Synced DOUBTFUL_ITEM',
    });
    expect(rows.map((row) => [row['EmailAddress'], row['Password'], row['_ErrorCode']])).toEqual([
      [mistyped, '', 'SOURCE_SIGN_IN_FAILED'],
      [locked, '', 'TARGET_SIGN_IN_FAILED'],
    ]);
  });

  it('takes up the failed rows uploaded again: a filled-in password replaces, a blank one keeps the sealed one', async () => {
    const { stdout } = await life.workspace.call('batch', 'report', 'people', 'failed-rows');
    const filledIn = stdout.replace(`${mistyped},${mistyped},,`, `${mistyped},${mistyped},${password},`);

    const added = await life.batch('add', 'people', '--csv', life.workspace.write('failed-rows.csv', filledIn));

    expect(filledIn).not.toBe(stdout);
    expect(added).toMatchObject({ code: 5, document: { counts: { total: 4, synced: 3, failed: 1 } } });
    expect(await standing(life.workspace, 'people')).toMatchObject({
      [mistyped]: 'Synced',
      [locked]: 'Failed TARGET_SIGN_IN_FAILED',
    });
  });

  it('retries those that failed with one code, from what is sealed, and no others', async () => {
    const other = await life.batch('retry', 'people', '--code', 'SOURCE_SIGN_IN_FAILED');
    await life.target.setPasswords(users);
    const retried = await life.batch('retry', 'people', '--code', 'TARGET_SIGN_IN_FAILED');

    expect(other).toMatchObject({ code: 4, document: { error: { code: 'REFUSED_IN_THIS_STATE' } } });
    expect(retried).toMatchObject({ code: 5, document: { counts: { synced: 4, failed: 0 } } });
    expect(await life.differences([good, mistyped, locked])).toEqual([]);
  });

  it('copies doubtful items once it is told to, and has nothing to retry then', async () => {
    const plain = await life.batch('retry', 'people');
    const before = life.arrived(doubted);
    const retried = await life.batch('retry', 'people', '--doubtful', '--mailbox', doubted);
    const after = life.arrived(doubted);
    const again = await life.batch('retry', 'people', '--doubtful', '--items');

    expect(plain).toMatchObject({ code: 4 });
    expect(retried).toMatchObject({ code: 0, document: { status: 'Synced', items: { doubtful: 0 } } });
    expect([before, after]).toEqual([2, 3]);
    expect(again).toMatchObject({
      code: 4,
      document: { error: { message: expect.stringContaining('nothing to retry') } },
    });
    expect(life.arrived(doubted)).toBe(3);
  });
});

describe('A mailbox with items that its target refuses', () => {
  const torn = 'torn@contoso.test';
  const whole = 'whole@contoso.test';
  const users = { [torn]: password, [whole]: password };
  const messages = 12;
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let workspace: Workspace;
  let refuses = true;

  beforeAll(async () => {
    [source, target] = await Promise.all([ScriptedImapServer.start({ users }), ScriptedImapServer.start({ users })]);
    for (const user of Object.keys(users)) {
      for (let at = 0; at < messages; at += 1) {
        const body = 'x'.repeat(user === torn ? at : 100 + at);
        const octets = Buffer.from(`Message-ID: <${String(at)}.${user}>\r\n\r\n${body}\r\n`);
        source.account(user).mailbox('INBOX')?.add({ octets, internalDate: '17-Jul-2020 02:44:25 +0000' });
      }
    }
    refuseThreeMessages();
    workspace = new Workspace();
  });

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([source.stop(), target.stop()]);
  });

  /** Whatever is written together with one of them is refused with it. */
  const refuseThreeMessages = (): void => {
    const refused = new Set(
      [3, 5, 7].map((at) => Buffer.byteLength(`Message-ID: <${String(at)}.${torn}>\r\n\r\n\r\n`) + at),
    );
    const sizes = new Map<number, number[]>();
    target.plan.decideBy((event) => {
      if (event.kind === 'command') sizes.set(event.connection, []);
      if (event.kind === 'literal-in' && event.at === 'end') sizes.get(event.connection)?.push(event.size);
      const meets = sizes.get(event.connection)?.some((size) => refused.has(size)) === true;
      const isHit = refuses && event.kind === 'store' && meets;
      return isHit ? { do: 'store-some', messages: 0, then: 'NO' } : undefined;
    });
  };

  const ask = async (...args: readonly string[]): Promise<Answer> => answerOf(await workspace.call(...args, '--json'));
  const copied = (user: string): number | undefined => target.account(user).mailbox('INBOX')?.messages.length;

  it('fails where they are more than badItemLimit', async () => {
    const file = imapEndpoint({ name: 'contoso', source: { port: source.port }, target: { port: target.port } });
    const order = [
      '--endpoint',
      workspace.writeEndpoint(file),
      '--csv',
      workspace.write('people.csv', batchFile(users)),
    ];

    const end = await ask('run', ...order, '--option', 'badItemLimit=2');

    expect(end).toMatchObject({ code: 5 });
    expect(await standing(workspace, 'people')).toEqual({ [torn]: 'Failed TOO_MANY_BAD_ITEMS', [whole]: 'Synced' });
  });

  it('is synced, not green, once the limit is raised for it alone', async () => {
    const retried = await ask('batch', 'retry', 'people', '--mailbox', torn, '--option', 'badItemLimit=3');
    const skipped = await ask('batch', 'report', 'people', 'skipped');

    expect(retried).toMatchObject({ code: 5, document: { status: 'SyncedWithErrors', items: { failed: 3 } } });
    expect(await standing(workspace, 'people')).toEqual({ [torn]: 'Synced ITEMS_NOT_COPIED', [whole]: 'Synced' });
    expect(skipped.document).toMatchObject(Array(3).fill({ EmailAddress: torn, ReasonCode: 'ITEM_REFUSED' }));
    expect(copied(torn)).toBe(messages - 3);
  });

  it('has its failed items copied by retry --items once the target takes them', async () => {
    refuses = false;
    const retried = await ask('batch', 'retry', 'people', '--items');

    expect(retried).toMatchObject({
      code: 0,
      document: { status: 'Synced', items: { copied: 2 * messages, failed: 0 } },
    });
    expect([copied(torn), copied(whole)]).toEqual([messages, messages]);
  });
});
