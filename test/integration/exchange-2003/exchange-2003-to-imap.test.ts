import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import {
  WebdavSimulator,
  type WebdavFault,
  type WebdavOptions,
} from '../../../simulator/exchange-2003/webdav-simulator.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { fillExchange } from '../../support/exchange/fill-exchange.ts';
import { addDraft, addMail, idsAt, wellKnown } from '../../support/exchange/practice-mail.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { countMessages, snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';

const password = 'pw';
const germanNames = {
  inbox: 'Posteingang',
  sentitems: 'Gesendete Objekte',
  drafts: 'Entwürfe',
  deleteditems: 'Gelöschte Objekte',
  junkemail: 'Junk-E-Mail',
};
let numbers = 0;

describeWithDovecot('Mail of an Exchange 2003 mailbox', () => {
  let target: DovecotServer;
  const users = Object.fromEntries(Array.from({ length: 24 }, (_, at) => [`user${String(at)}@contoso.test`, password]));
  const open: { close(): unknown }[] = [];

  beforeAll(async () => {
    target = await DovecotServer.start({ users, layout: 'fs', listescape: true });
  });

  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });

  afterAll(() => target.stop());

  function nextMailbox(): PracticeMailbox {
    const address = `user${String(numbers)}@contoso.test`;
    numbers += 1;
    return new PracticeMailbox(address, germanNames);
  }

  async function start(mailbox: PracticeMailbox, options: Partial<WebdavOptions> = {}): Promise<WebdavSimulator> {
    const accounts = [{ name: mailbox.address, password, opens: [mailbox.address] }];
    const ownOrigin = 'http://back1.contoso.local';
    const simulator = await WebdavSimulator.start({ mailboxes: [mailbox], accounts, ownOrigin, ...options });
    open.push({ close: () => simulator.stop() });
    return simulator;
  }

  async function harness(mailbox: PracticeMailbox, source: WebdavSimulator, auth = 'basic'): Promise<CopyHarness> {
    const copy = await CopyHarness.open({
      source: { kind: 'exchange', webdavUrl: source.webdavUrl, auth, login: { mode: 'user' } },
      target,
      mailbox: mailbox.address,
      password,
    });
    open.push({
      close: () => {
        copy.close();
      },
    });
    return copy;
  }

  const countAt = (mailbox: PracticeMailbox): Promise<number> => countMessages(target, mailbox.address);

  it.each([
    ['as Exchange 2003 usually is', {}],
    [
      'without permanent URLs, queries in depth or sizes',
      { permanentUrls: false, deepQueries: false, tellsLength: false },
    ],
    ['without manifests', { manifests: false }],
  ] as const)('arrives once, %s, and a second pass copies nothing again', async (_, options) => {
    const mailbox = nextMailbox();
    fillExchange(mailbox, generateMailbox({ seed: 'exchange 2003', folders: 6, messages: 80, ugly: true }));
    const copy = await harness(mailbox, await start(mailbox, options));

    const first = await copy.run(mailbox.address);
    const there = await snapshotDovecot(target, mailbox.address);
    await copy.beginPass('incremental');
    const second = await copy.run(mailbox.address);

    expect(first).toMatchObject({ status: 'Synced', error: null, items: { copied: 80, failed: 0, doubtful: 0 } });
    expect(await countAt(mailbox)).toBe(80);
    const flags = [...there.values()].flatMap(({ messages }) => messages.flatMap((message) => message.flags));
    expect(new Set(flags)).toEqual(new Set(['\\Answered', '\\Draft', '\\Flagged', '\\Seen']));
    expect(second).toMatchObject({ status: 'Synced', green: true, items: { copied: 80, total: 80 } });
    expect(await snapshotDovecot(target, mailbox.address)).toEqual(there);
  });

  it.each([
    ['and manifests tell what was read', true],
    ['and they do not', false],
  ])('follows what happened since: new, read, deleted, moved, renamed, %s', async (_, manifestsTellReading) => {
    const mailbox = nextMailbox();
    const inbox = wellKnown(mailbox, 'inbox');
    const project = mailbox.addFolder('Project');
    const archive = mailbox.addFolder('Old');
    const items = ['m1', 'm2', 'm3', 'm4'].map((id) => addMail(mailbox, inbox, id));
    addMail(mailbox, archive.id, 'm5');
    const copy = await harness(mailbox, await start(mailbox, { manifestsTellReading }));
    expect(await copy.run(mailbox.address)).toMatchObject({ status: 'Synced', green: true, items: { copied: 5 } });

    addMail(mailbox, inbox, 'm6');
    mailbox.changeItem(items[0]?.id ?? '', { read: true });
    mailbox.removeItem(items[1]?.id ?? '');
    mailbox.moveItem(items[2]?.id ?? '', project.id);
    mailbox.renameFolder(archive.id, 'Archive 2020');
    await copy.beginPass('incremental');
    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { failed: 0, doubtful: 0 } });
    expect(await idsAt(target, mailbox.address)).toEqual({
      INBOX: ['m1', 'm2', 'm4', 'm6'],
      Project: ['m3'],
      'Archive 2020': ['m5'],
    });
    const inboxNow = (await snapshotDovecot(target, mailbox.address)).get('INBOX');
    expect(inboxNow?.messages.filter(({ flags }) => flags.includes('\\Seen'))).toHaveLength(1);
  });

  it.each([
    ['by permanent URLs', true],
    ['by names', false],
  ])(
    'arrives %s whatever folders and messages are called, and after a folder was renamed',
    async (_, permanentUrls) => {
      const mailbox = nextMailbox();
      const inbox = wellKnown(mailbox, 'inbox');
      const odd = ["Bob's & Söhne", '100% sure', 'a%20b', 'q? #1 + c;d=e', 'a/b~c', '日本語', 'x.EML', '50% [x]{y}^|`'];
      const folders = odd.map((name) => mailbox.addFolder(name, { parent: inbox }));
      for (const [at, folder] of folders.entries())
        for (const [copy, subject] of odd.entries())
          addMail(mailbox, folder.id, `m${String(at)}-${String(copy)}`, { subject });
      const copy = await harness(mailbox, await start(mailbox, { permanentUrls }));
      expect(await copy.run(mailbox.address)).toMatchObject({ status: 'Synced', green: true, items: { copied: 64 } });

      for (const { id, name } of folders) mailbox.renameFolder(id, `${name} (old)`);
      addMail(mailbox, folders[1]?.id ?? '', 'm99', { subject: '99%' });
      await copy.beginPass('incremental');
      const job = await copy.run(mailbox.address);

      expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 65 } });
      const paths = [...(await snapshotDovecot(target, mailbox.address)).keys()];
      expect(paths).toContain('INBOX/100% sure (old)');
      expect(await countAt(mailbox)).toBe(65);
    },
  );

  it('leaves calendars and the like aside, lists what is no mail and what cannot be read, and goes on', async () => {
    const mailbox = nextMailbox();
    const inbox = wellKnown(mailbox, 'inbox');
    addMail(mailbox, inbox, 'm1');
    addMail(mailbox, inbox, 'm2', { problem: 'broken' });
    addMail(mailbox, inbox, 'm3', { itemClass: 'IPM.Schedule.Meeting.Request' });
    addMail(mailbox, inbox, 'm4');
    addMail(mailbox, wellKnown(mailbox, 'deleteditems'), 'm6', { itemClass: 'IPM.Contact' });
    addMail(mailbox, wellKnown(mailbox, 'calendar'), 'm7', { itemClass: 'IPM.Appointment' });
    mailbox.addFolder('Hidden', { hidden: true });
    const gone = addMail(mailbox, inbox, 'm5');
    const simulator = await start(mailbox, { permanentUrls: false });
    const copy = await harness(mailbox, simulator);
    // Deleted after the folder was listed.
    simulator.play({ method: 'GET', on: /m5\.EML/, before: () => mailbox.removeItem(gone.id) });

    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Synced', items: { total: 6, copied: 3, skipped: 1, failed: 1, vanished: 1 } });
    const lines = await copy.itemsReport(job);
    expect(lines.map(({ code, text }) => `${code ?? ''} ${text ?? ''}`)).toEqual(
      expect.arrayContaining([
        'ITEM_NOT_MAIL IPM.Contact',
        'ITEM_UNREADABLE HTTP 500: the server does not deliver this item.',
      ]),
    );
    expect(job.leftOutFolders).toEqual(
      expect.arrayContaining([
        { name: 'Calendar', reason: 'not-mail', items: 1 },
        { name: 'Contacts', reason: 'not-mail', items: 0 },
        { name: 'Hidden', reason: 'hidden', items: 0 },
      ]),
    );
  });

  it('lists a message whose name the server does not let through, and never takes it for gone', async () => {
    const mailbox = nextMailbox();
    addMail(mailbox, wellKnown(mailbox, 'inbox'), 'm1');
    addMail(mailbox, wellKnown(mailbox, 'inbox'), 'm2', { subject: '..' });
    const copy = await harness(mailbox, await start(mailbox, { permanentUrls: false, blocks: /\.\.\.?EML$/ }));

    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({
      status: 'Synced',
      green: false,
      items: { total: 2, copied: 1, failed: 1, vanished: 0 },
    });
  });

  it('tells what is the fault of an item from what is none', async () => {
    const mailbox = nextMailbox();
    for (let at = 0; at < 10; at += 1) addMail(mailbox, wellKnown(mailbox, 'inbox'), `m${String(at)}`);
    const simulator = await start(mailbox);
    const copy = await harness(mailbox, simulator);

    // A moment of weakness; then the right to the mailbox is taken away while it is read.
    simulator.play({ method: 'GET', skip: 2, status: 500 });
    simulator.play({ method: 'GET', skip: 2, status: 403, times: 100 });
    simulator.play({ method: 'PROPFIND', on: /Posteingang\/?\n/, status: 403, times: 100 });
    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Failed', error: { code: 'SOURCE_NO_RIGHTS' }, items: { failed: 0 } });
  });

  it('lists a page of Outlook Web Access, and copies none', async () => {
    const mailbox = nextMailbox();
    addMail(mailbox, wellKnown(mailbox, 'inbox'), 'm1');
    const simulator = await start(mailbox);
    const copy = await harness(mailbox, simulator);
    const original = simulator.store.answer.bind(simulator.store);
    simulator.store.answer = (request) => original({ ...request, translates: request.method === 'GET' });

    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Synced', green: false, items: { total: 1, copied: 0, failed: 1 } });
  });

  it('is listed whole though messages go and come while it is listed', async () => {
    const mailbox = nextMailbox();
    const inbox = wellKnown(mailbox, 'inbox');
    const items = Array.from({ length: 1_200 }, (_, at) => addMail(mailbox, inbox, `m${String(at)}`));
    const simulator = await start(mailbox);
    const copy = await harness(mailbox, simulator);
    const whenListed = (skip: number, before: () => void): WebdavFault => ({
      ...{ method: 'SEARCH', on: /ORDER BY[^]*Posteingang|Posteingang[^]*ORDER BY/, skip, before },
    });
    simulator.play(
      whenListed(1, () => {
        for (const { id } of items.slice(100, 110)) mailbox.removeItem(id);
      }),
      whenListed(1, () => {
        addMail(mailbox, inbox, 'm5000');
        for (const { id } of items.slice(990, 1_010)) mailbox.removeItem(id);
      }),
    );

    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { total: 1_171, copied: 1_171 } });
    expect(await countAt(mailbox)).toBe(1_171);
  });

  it.each([1, 3])('comes once over %d connections, whatever breaks off', async (maxConnectionsPerMailbox) => {
    const mailbox = nextMailbox();
    fillExchange(mailbox, generateMailbox({ seed: 'broken', folders: 5, messages: 80 }));
    const simulator = await start(mailbox, { auth: ['NTLM'] });
    const copy = await harness(mailbox, simulator, 'ntlm');
    await copy.changeEndpoint({ maxConnectionsPerMailbox });
    for (const method of ['PROPFIND', 'SEARCH', 'GET'] as const)
      simulator.play({ method, cutAfter: 200, skip: 2 }, { method, cutAfter: 500, skip: 3 }, { method, status: 503 });

    const job = await copy.run(mailbox.address);
    await copy.beginPass('incremental');
    const again = await copy.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { copied: 80 } });
    expect(again).toMatchObject({ status: 'Synced', green: true, items: { copied: 80 } });
    expect(await countAt(mailbox)).toBe(80);
  });

  it.each([
    ['the server has forgotten its manifests', 'manifest'],
    ['the server fails at them', 'failure'],
    ['the list of items is lost', 'map'],
  ] as const)('is not doubled where %s', async (_, what) => {
    const mailbox = nextMailbox();
    const inbox = wellKnown(mailbox, 'inbox');
    for (let at = 0; at < 20; at += 1) addMail(mailbox, inbox, `m${String(at)}`);
    addDraft(mailbox);
    const simulator = await start(mailbox);
    const copy = await harness(mailbox, simulator);
    expect(await copy.run(mailbox.address)).toMatchObject({ status: 'Synced', green: true, items: { copied: 21 } });

    addMail(mailbox, inbox, 'm20');
    if (what === 'manifest') simulator.store.forgetManifests();
    else if (what === 'failure') simulator.play({ method: 'SEARCH', on: /<r:collblob>./, status: 500, times: 100 });
    else
      for await (const key of copy.services.objects.list('ledger/exchange/')) await copy.services.objects.remove(key);
    await copy.beginPass('incremental');
    const job = await copy.run(mailbox.address);

    expect(job).toMatchObject({ status: 'Synced', green: true, items: { total: 22, copied: 22, doubtful: 0 } });
    expect(await countAt(mailbox)).toBe(22);
  });

  it('waits as long as a busy server asks for', async () => {
    const mailbox = nextMailbox();
    for (let at = 0; at < 30; at += 1) addMail(mailbox, wellKnown(mailbox, 'inbox'), `m${String(at)}`);
    const simulator = await start(mailbox);
    const copy = await harness(mailbox, simulator);
    simulator.play({ method: 'GET', skip: 5, status: 503, headers: { 'Retry-After': '3' } });

    expect(await copy.slice(mailbox.address)).toMatchObject({ outcome: 'waiting', waitSeconds: 3 });
    expect(await copy.run(mailbox.address)).toMatchObject({ status: 'Synced', green: true, items: { copied: 30 } });
    expect(await countAt(mailbox)).toBe(30);
  });
});
