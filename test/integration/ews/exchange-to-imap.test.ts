import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { regeneratedMime } from '../../../simulator/exchange/mime-reading.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { fillExchange } from '../../support/exchange/fill-exchange.ts';
import { addDraft, addMail, idsAt, wellKnown } from '../../support/exchange/practice-mail.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';
import { countMessages, snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';

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

  const sourceAt = ({ ewsUrl }: ExchangeSimulator) => ({
    ...{ kind: 'exchange', ewsUrl, auth: 'ntlm', login: { mode: 'user' } },
  });

  async function open(mailbox: PracticeMailbox, imapPort = target.imapPort): Promise<CopyHarness> {
    harness = await CopyHarness.open({
      source: sourceAt(simulator),
      target: { imapPort },
      mailbox: mailbox.address,
      password,
    });
    return harness;
  }

  const held = async ({ address }: PracticeMailbox): Promise<Record<string, number>> =>
    Object.fromEntries(
      [...(await snapshotDovecot(target, address))].map(([path, { messages }]) => [path, messages.length]),
    );
  const countAt = (mailbox: PracticeMailbox): Promise<number> => countMessages(target, mailbox.address);
  const idsOf = (mailbox: PracticeMailbox): Promise<Record<string, string[]>> => idsAt(target, mailbox.address);

  it('arrives once, and a second pass copies nothing again', async () => {
    const mailbox = nextMailbox();
    fillExchange(mailbox, generateMailbox({ seed: 'exchange', folders: 6, messages: 300, ugly: true }));
    const copy = await open(mailbox);

    const first = await copy.run(mailbox.address);
    const there = await held(mailbox);
    await copy.beginPass('incremental');
    const second = await copy.run(mailbox.address);

    expect(first).toMatchObject({ status: 'Synced', error: null, items: { copied: 300, failed: 0, doubtful: 0 } });
    expect(Object.values(there).reduce((a, b) => a + b, 0)).toBe(300);
    expect(second).toMatchObject({ status: 'Synced', green: true, items: { copied: 300, total: 300 } });
    expect(await held(mailbox)).toEqual(there);
  });

  it('follows what happened since: new, read, deleted, moved, renamed', async () => {
    const mailbox = nextMailbox();
    const inbox = wellKnown(mailbox, 'inbox');
    const project = mailbox.addFolder('Project');
    const archive = mailbox.addFolder('Old');
    const items = ['m1', 'm2', 'm3', 'm4'].map((id) => addMail(mailbox, inbox, id));
    addMail(mailbox, archive.id, 'm5');
    const copy = await open(mailbox);
    expect(await copy.run(mailbox.address)).toMatchObject({ status: 'Synced', green: true, items: { copied: 5 } });

    addMail(mailbox, inbox, 'm6');
    mailbox.changeItem(items[0]?.id ?? '', { read: true });
    mailbox.removeItem(items[1]?.id ?? '');
    mailbox.moveItem(items[2]?.id ?? '', project.id);
    mailbox.renameFolder(archive.id, 'Archive 2020');
    await copy.beginPass('incremental');
    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { failed: 0, doubtful: 0 } });
    expect(await idsOf(mailbox)).toEqual({
      INBOX: ['m1', 'm2', 'm4', 'm6'],
      Project: ['m3'],
      'Archive 2020': ['m5'],
    });
    const flags = (await snapshotDovecot(target, mailbox.address))
      .get('INBOX')
      ?.messages.map((message) => message.flags);
    expect(flags?.filter((some) => some.includes('\\Seen'))).toHaveLength(1);
  });

  it('leaves calendars and the like aside, lists what is no mail and what cannot be read, and goes on', async () => {
    const mailbox = nextMailbox();
    const inbox = wellKnown(mailbox, 'inbox');
    addMail(mailbox, inbox, 'm1');
    addMail(mailbox, inbox, 'm2', { problem: 'ErrorCorruptData' });
    addMail(mailbox, inbox, 'm3', { problem: 'ErrorContentConversionFailed' });
    addMail(mailbox, inbox, 'm4', { problem: 'ErrorInternalServerError' });
    addMail(mailbox, inbox, 'm5', { itemClass: 'IPM.Schedule.Meeting.Request' });
    addMail(mailbox, wellKnown(mailbox, 'deleteditems'), 'm6', { itemClass: 'IPM.Contact' });
    addMail(mailbox, wellKnown(mailbox, 'calendar'), 'm7', { itemClass: 'IPM.Appointment' });
    mailbox.addFolder('Hidden', { hidden: true });
    mailbox.addFolder('Unread', { search: true });
    mailbox.addFolder('bell \u0007', { parent: inbox });
    const copy = await open(mailbox);

    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({
      status: 'Synced',
      green: false,
      items: { total: 6, copied: 2, skipped: 1, failed: 3 },
    });
    const lines = await copy.itemsReport(job);
    expect(lines.map(({ code, text }) => [code, text]).sort()).toEqual([
      ['ITEM_CORRUPT', 'ErrorCorruptData: ErrorCorruptData'],
      ['ITEM_NOT_CONVERTIBLE', 'ErrorContentConversionFailed: ErrorContentConversionFailed'],
      ['ITEM_NOT_MAIL', 'IPM.Contact'],
      ['ITEM_UNREADABLE', 'ErrorInternalServerError: ErrorInternalServerError'],
    ]);
    expect(job.leftOutFolders).toEqual(
      expect.arrayContaining([
        { name: 'Calendar', reason: 'not-mail', items: 1 },
        { name: 'Contacts', reason: 'not-mail', items: 0 },
        { name: 'Hidden', reason: 'hidden', items: 0 },
        { name: 'Unread', reason: 'virtual', items: 0 },
      ]),
    );
    expect(await idsOf(mailbox)).toEqual({ INBOX: ['m1', 'm5'] });
  });

  it('waits as long as a busy server asks for', async () => {
    const mailbox = nextMailbox();
    for (let at = 0; at < 30; at += 1) addMail(mailbox, wellKnown(mailbox, 'inbox'), `m${String(at)}`);
    const copy = await open(mailbox);
    simulator.play({ operation: 'GetItem', code: 'ErrorServerBusy', whole: true, backOffMs: 4_000 });

    const first = await copy.slice(mailbox.address);
    simulator.play({ operation: 'GetItem', code: 'ErrorServerBusy', backOffMs: 3_000 });
    const second = await copy.slice(mailbox.address);

    expect([first, second]).toMatchObject([
      { outcome: 'waiting', waitSeconds: 4 },
      { outcome: 'waiting', waitSeconds: 3 },
    ]);
    expect(await copy.run(mailbox.address)).toMatchObject({ status: 'Synced', green: true, items: { copied: 30 } });
  });

  it('comes slower and whole from a server that has one call in so many wait', async () => {
    const mailbox = nextMailbox();
    for (let at = 0; at < 60; at += 1) addMail(mailbox, wellKnown(mailbox, 'inbox'), `m${String(at)}`);
    const accounts = [{ name: mailbox.address, password, opens: [mailbox.address] }];
    const throttle = { everyCalls: 25, backOffMs: 200 };
    const throttled = await ExchangeSimulator.start({ mailboxes: [mailbox], accounts, throttle });
    const copy = await open(mailbox);
    await copy.changeEndpoint({ source: sourceAt(throttled) });

    const job = await copy.run(mailbox.address);

    await throttled.stop();
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 60, failed: 0 } });
    expect((await idsOf(mailbox))['INBOX']).toHaveLength(60);
  });

  it.each([1, 3])('comes once over %d connections, whatever breaks off', async (connections) => {
    const mailbox = nextMailbox();
    fillExchange(mailbox, generateMailbox({ seed: 'broken', folders: 5, messages: 200 }));
    const copy = await open(mailbox);
    await copy.changeEndpoint({ maxConnectionsPerMailbox: connections });
    for (const operation of ['SyncFolderItems', 'GetItem', 'SyncFolderHierarchy', 'GetFolder']) {
      simulator.play({ operation, cutAfter: 300, skip: 2 }, { operation, cutAfter: 700, skip: 3 });
    }

    const job = await copy.run(mailbox.address);
    await copy.beginPass('incremental');
    const again = await copy.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 200 } });
    expect(again).toMatchObject({ status: 'Synced', green: true, items: { copied: 200 } });
    expect(await countAt(mailbox)).toBe(200);
  });

  it('is not doubled where the replies of the target are lost', async () => {
    const mailbox = nextMailbox();
    fillExchange(mailbox, generateMailbox({ seed: 'lost replies', folders: 3, messages: 150 }));
    const line = await TcpFaultProxy.start(target.imapPort);
    const copy = await open(mailbox, line.port);
    line.cut({ direction: 'to-client', onText: 'APPENDUID', skip: 1, times: 2, style: 'close' });

    const job = await copy.run(mailbox.address);

    await line.stop();
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 150 } });
    expect(await countAt(mailbox)).toBe(150);
  });

  it('is known as a late twin, though a server stores late what an earlier reading gave', async () => {
    const mailbox = nextMailbox();
    const inbox = wellKnown(mailbox, 'inbox');
    for (let at = 0; at < 60; at += 1) addMail(mailbox, inbox, `m${String(at)}`);
    const line = await TcpFaultProxy.start(target.imapPort);
    const copy = await open(mailbox, line.port);
    line.cut({ direction: 'to-client', onText: 'APPENDUID', style: 'close' });
    expect(await copy.run(mailbox.address)).toMatchObject({ status: 'Synced', green: true, items: { copied: 60 } });
    const client = await PlainImapClient.signIn(target, mailbox.address);
    const [item] = mailbox.items(inbox);
    if (item === undefined) throw new Error('no item');
    await client.append('INBOX', regeneratedMime(item.mime(), 9), { flags: [], internalDate: item.received });
    await client.append('INBOX', Buffer.from('Message-ID: <other@x>\r\n\r\nAnother\r\n'), {
      flags: [],
      internalDate: item.received,
    });
    client.close();

    await copy.beginPass('incremental');
    const job = await copy.run(mailbox.address);

    await line.stop();
    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 60 } });
    const there = (await idsOf(mailbox))['INBOX'] ?? [];
    expect(there).toHaveLength(61);
    expect(there.filter((id) => id === 'm0' || id === 'other')).toEqual(['m0', 'other']);
  });

  it.each([
    ['the server has forgotten its SyncState', 'sync'],
    ['the list of items is lost', 'map'],
  ] as const)('is not doubled where %s', async (_, what) => {
    const mailbox = nextMailbox();
    const inbox = wellKnown(mailbox, 'inbox');
    for (let at = 0; at < 20; at += 1) addMail(mailbox, inbox, `m${String(at)}`);
    addDraft(mailbox);
    const copy = await open(mailbox);
    expect(await copy.run(mailbox.address)).toMatchObject({ status: 'Synced', green: true, items: { copied: 21 } });

    addMail(mailbox, inbox, 'm20');
    if (what === 'sync') {
      simulator.play({ operation: 'SyncFolderItems', code: 'ErrorInvalidSyncStateData', times: 1 });
    } else {
      for await (const key of copy.services.objects.list('ledger/exchange/')) await copy.services.objects.remove(key);
    }
    await copy.beginPass('incremental');
    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { total: 22, copied: 22, doubtful: 0 } });
    const there = await held(mailbox);
    expect([there['INBOX'], there['Drafts']]).toEqual([21, 1]);
  });

  it('is the same pair at another server of the organisation', async () => {
    const mailbox = nextMailbox();
    const inbox = wellKnown(mailbox, 'inbox');
    for (let at = 0; at < 30; at += 1) addMail(mailbox, inbox, `m${String(at)}`);
    const copy = await open(mailbox);
    const first = await copy.run(mailbox.address);
    const accounts = [{ name: mailbox.address, password, opens: [mailbox.address] }];
    const other = await ExchangeSimulator.start({ mailboxes: [mailbox], accounts });
    await copy.changeEndpoint({ source: sourceAt(other) });
    addMail(mailbox, inbox, 'm30');

    await copy.beginPass('incremental');
    const second = await copy.run(mailbox.address);

    await other.stop();
    expect(second).toMatchObject({ status: 'Synced', green: true, items: { copied: 31 }, pairId: first.pairId });
    expect((await idsOf(mailbox))['INBOX']).toHaveLength(31);
  });

  it('is recognised at the target by another batch that knows nothing of the first', async () => {
    const mailbox = nextMailbox();
    fillExchange(mailbox, generateMailbox({ seed: 'again', folders: 4, messages: 100 }));
    const one = await open(mailbox);
    expect(await one.run(mailbox.address)).toMatchObject({ status: 'Synced', items: { copied: 100 } });
    one.close();

    const other = await open(mailbox);
    const job = await other.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 100, doubtful: 0 } });
    expect(await countAt(mailbox)).toBe(100);
  });
});
