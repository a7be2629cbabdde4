import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { fillExchange } from '../../support/exchange-mailbox.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';
import type { MailboxSnapshot } from '../../support/mail/snapshot-mailbox.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';

const password = 'pw';
let numbers = 0;

describeWithDovecot('Mail of an Exchange mailbox', () => {
  let target: DovecotServer;
  let simulator: ExchangeSimulator;
  let harness: CopyHarness | undefined;
  const users = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`user${String(at)}@contoso.test`, password]));

  beforeAll(async () => {
    target = await DovecotServer.start({ users, layout: 'fs', listescape: true });
    simulator = await ExchangeSimulator.start({
      mailboxes: Object.keys(users).map((address) => new PracticeMailbox(address)),
      accounts: Object.keys(users).map((name) => ({ name, password, opens: [name] })),
    });
  });

  afterEach(() => {
    harness?.close();
    harness = undefined;
  });

  afterAll(async () => {
    await Promise.all([target.stop(), simulator.stop()]);
  });

  function nextMailbox(): PracticeMailbox {
    const mailbox = simulator.mailboxes[numbers];
    numbers += 1;
    if (mailbox === undefined) throw new Error('no mailbox left');
    return mailbox;
  }

  async function open(mailbox: PracticeMailbox): Promise<CopyHarness> {
    const opened = await CopyHarness.open({
      source: { imapPort: 1 },
      target,
      mailbox: mailbox.address,
      password,
    });
    const before = await opened.store.getEndpoint('e');
    await opened.store.putEndpoint(
      Endpoint.parse({
        ...before,
        source: { kind: 'exchange', ewsUrl: simulator.ewsUrl, auth: 'ntlm', login: { mode: 'user' } },
      }),
    );
    harness = opened;
    return opened;
  }

  const held = (mailbox: MailboxSnapshot): Record<string, number> =>
    Object.fromEntries([...mailbox].map(([path, { messages }]) => [path, messages.length]));

  it('arrives once, and a second pass copies nothing again', async () => {
    const mailbox = nextMailbox();
    fillExchange(mailbox, generateMailbox({ seed: 'exchange', folders: 6, messages: 300, ugly: true }));
    const copy = await open(mailbox);

    const first = await copy.run(mailbox.address);
    const there = held(await snapshotDovecot(target, mailbox.address));
    await copy.beginPass('incremental');
    const second = await copy.run(mailbox.address);

    expect(first).toMatchObject({ status: 'Synced', error: null, items: { copied: 300, failed: 0, doubtful: 0 } });
    expect(Object.values(there).reduce((a, b) => a + b, 0)).toBe(300);
    expect(second).toMatchObject({ status: 'Synced', green: true, items: { copied: 300, total: 300 } });
    expect(held(await snapshotDovecot(target, mailbox.address))).toEqual(there);
  });
});
