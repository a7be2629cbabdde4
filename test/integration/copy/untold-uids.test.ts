import { afterEach, describe, expect, it } from '@jest/globals';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import type { Mailbox } from '../../support/scripted-imap-server/account.ts';
import type { Quirks } from '../../support/scripted-imap-server/session.ts';
import {
  allCapabilities,
  allCapabilitiesBut,
  ScriptedImapServer,
} from '../../support/scripted-imap-server/scripted-imap-server.ts';

const user = 'alice@contoso.test';
const password = 'pw';
const withoutUidPlus = allCapabilitiesBut('UIDPLUS');
const green = { status: 'Synced', green: true, error: null };

/** All of one second, and each third one the same as the one before it. */
function message(at: number): { readonly octets: Buffer; readonly internalDate: string } {
  const text = String(at % 3 === 0 ? at : at - (at % 3 === 2 ? 1 : 0));
  return {
    octets: Buffer.from(`Message-ID: <${text}@contoso.test>\r\nSubject: ${text}\r\n\r\nbody of ${text}\r\n`),
    internalDate: '17-Jul-2020 02:44:25 +0000',
  };
}

function contents(mailbox: Mailbox | undefined): readonly string[] {
  const messages = mailbox?.messages ?? [];
  return messages.map(({ octets, flags }) => `${octets.toString()} ${[...flags].sort().join(' ')}`).sort();
}

describe.each<[string, { capabilities: readonly string[]; quirks?: Quirks }, Quirks]>([
  ['announces UIDPLUS and leaves APPENDUID out', { capabilities: allCapabilities, quirks: { noAppendUid: true } }, {}],
  [
    'leaves APPENDUID out, from a source that delivers in descending order',
    { capabilities: allCapabilities, quirks: { noAppendUid: true } },
    { descending: true },
  ],
  [
    'lacks UIDPLUS, from a source that delivers in descending order',
    { capabilities: withoutUidPlus },
    { descending: true },
  ],
])('A target that %s', (_, targetServer, sourceQuirks) => {
  let source: ScriptedImapServer;
  let target: ScriptedImapServer;
  let harness: CopyHarness;

  afterEach(async () => {
    harness.close();
    await source.stop();
    await target.stop();
  });

  const inboxes = () => [source, target].map((server) => server.account(user).mailbox('INBOX'));

  const start = async (connections: number): Promise<void> => {
    source = await ScriptedImapServer.start({ users: { [user]: password }, quirks: sourceQuirks });
    target = await ScriptedImapServer.start({ users: { [user]: password }, ...targetServer });
    for (let at = 0; at < 30; at += 1) source.account(user).mailbox('INBOX')?.add(message(at));
    const pages = { items: 4, octets: 1 << 20, inFlight: 3, listing: 100 };
    harness = await CopyHarness.open({ source, target, mailbox: user, password, connections, pages });
  };

  const expectSame = (): void => {
    const [there, copied] = inboxes();
    expect(contents(copied)).toEqual(contents(there));
  };

  it.each([1, 3])(
    'has each message once, and the ledger knows which is which, over %i connections',
    async (connections) => {
      await start(connections);

      expect(await harness.run(user)).toMatchObject({ ...green, items: { copied: 30 } });
      expectSame();

      // What the source flags and removes later is what the target flags, and keeps.
      const [inbox] = inboxes();
      for (const changed of inbox?.messages.filter(({ uid }) => [4, 11, 28].includes(uid)) ?? [])
        inbox?.setFlags(changed, ['\\Flagged']);
      await harness.beginPass('incremental');
      expect(await harness.run(user)).toMatchObject(green);
      expectSame();
    },
  );

  it('has each message once where the connection is lost when a page was stored and not answered', async () => {
    await start(1);
    let stores = 0;
    target.plan.when((event) => event.kind === 'reply' && event.name === 'APPEND' && (stores += 1) === 4, {
      do: 'cut',
    });

    expect(await harness.run(user)).toMatchObject({ ...green, items: { copied: 30 } });

    expect(stores).toBeGreaterThanOrEqual(4);
    expectSame();
  });
});

describe('A target that tells no UIDs, over two connections', () => {
  it('has each message known for what it is, though a page took an equal one of the page behind it for its own', async () => {
    const withoutUids = withoutUidPlus.filter((capability) => !['MULTIAPPEND', 'MOVE'].includes(capability));
    const source = await ScriptedImapServer.start({ users: { [user]: password } });
    const target = await ScriptedImapServer.start({ users: { [user]: password }, capabilities: withoutUids });
    const inbox = source.account(user).mailbox('INBOX');
    const [equal, other] = [message(0), message(3)];
    // The page of the last two is still at the first of them while the one of the first two is stored.
    const large = { ...message(6), octets: Buffer.concat([message(6).octets, Buffer.alloc(4_000_000, 'x')]) };
    inbox?.addAll([equal, other, large, equal]);
    const pages = { items: 4, octets: 8 << 20, inFlight: 3, listing: 100 };
    const options = { verify: 'full' };
    const harness = await CopyHarness.open({
      source,
      target,
      mailbox: user,
      password,
      connections: 2,
      pages,
      options,
    });

    expect(await harness.run(user)).toMatchObject({ ...green, items: { copied: 4 } });
    expect(contents(target.account(user).mailbox('INBOX'))).toEqual(contents(inbox));
    harness.close();
    await source.stop();
    await target.stop();
  });
});
