import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ObjectStore } from '../../../shared/ports/object-store.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { message } from '../../support/copy/letters.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';
import { withMembers } from '../../support/with-members.ts';

const user = 'alice@contoso.test';
const password = 'pw';

type Damage = (octets: Uint8Array) => Uint8Array | undefined;
const missing: Damage = () => undefined;
const cutShort: Damage = (octets) => octets.subarray(0, octets.length / 2);

describe('A mailbox whose ledger was damaged', () => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;
  /** What the store gives of an object. */
  let damage: (key: string, octets: Uint8Array) => Uint8Array | undefined;

  beforeEach(async () => {
    damage = (_, octets) => octets;
    source = await ScriptedImapServer.start({ users: { [user]: password } });
    target = await ScriptedImapServer.start({ users: { [user]: password } });
    for (let at = 0; at < 5; at += 1)
      source
        .account(user)
        .mailbox('INBOX')
        ?.add(message(String(at)));
    harness = await CopyHarness.open({ source, target, mailbox: user, password, options: { settleAfter: 0 } });
    const { objects } = harness.services;
    const get: ObjectStore['get'] = async (key, version) => {
      const octets = await objects.get(key, version);
      return octets === undefined ? undefined : damage(key, octets);
    };
    Object.assign(harness.services, { objects: withMembers(objects, { get }) });
  });

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const damageAll = (kind: RegExp, how: Damage): void => {
    damage = (key, octets) => (kind.test(key) ? how(octets) : octets);
  };

  it.each([
    ['the index is missing', /index-\d+\.json$/, missing],
    ['the index was cut short', /index-\d+\.json$/, cutShort],
    ['a part of the index is missing', /\.jsonl$/, missing],
    ['a part of the index was cut short', /\.jsonl$/, cutShort],
  ] as const)('copies nothing and says so where %s, and goes on once it is back', async (_, kind, how) => {
    expect(await harness.run(user)).toMatchObject({ green: true, items: { copied: 5 } });
    source.account(user).mailbox('INBOX')?.add(message('later'));
    damageAll(kind, how);
    await harness.beginPass('incremental');

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'IncrementalFailed', green: false, error: { code: 'LEDGER_DAMAGED' } });
    expect(job.error?.message).toContain('ledger/');
    expect(target.account(user).mailbox('INBOX')?.messages).toHaveLength(5);
    damage = (_key, octets) => octets;
    await harness.store.saveJob({ ...job, status: 'Queued', error: null, passDone: 1 });
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: 6 } });
  });

  it.each([
    ['its plan is missing', /plan\.json$/, missing],
    ['its plan was cut short', /plan\.json$/, cutShort],
    ['the list of what was settled is missing', /settled-/, missing],
  ] as const)('copies nothing and says so in the middle of a pass where %s', async (_, kind, how) => {
    // The second worker settles what the first one left, and is lost as well.
    target.plan.when((event) => event.kind === 'store', { do: 'cut' }, Infinity);
    for (let slice = 0; slice < 2; slice += 1) await harness.slice(user);
    target.plan.forget();
    damageAll(kind, how);

    const job = await harness.run(user);

    expect(job).toMatchObject({ status: 'Failed', green: false, error: { code: 'LEDGER_DAMAGED' } });
  });
});
