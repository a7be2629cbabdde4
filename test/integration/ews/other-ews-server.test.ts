import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ewsMailSource } from '../../../shared/adapters/ews/ews-mail-source.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { ExchangeServer } from '../../../shared/domain/endpoint.ts';
import type { ItemClass } from '../../../shared/domain/items/item-class.ts';
import { readItemEntity } from '../../../shared/domain/items/item-entity.ts';
import type { NeutralItem } from '../../../shared/domain/items/neutral-item.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { writeCertificates } from '../../support/dovecot/certificates.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';
import { describeWithOtherServer } from '../../support/other-ews-server/describe-with-other-server.ts';
import { OtherEwsServer, type MailTruth, type OtherSettings } from '../../support/other-ews-server/other-ews-server.ts';

const address = 'leon@contoso.test';
const password = 'pw';
const accounts = [
  { name: address, password, mailbox: address, opens: [address] },
  { name: 'CONTOSO\\migadmin', password: 'admin', mailbox: null, opens: [address] },
  { name: 'CONTOSO\\standin', password: 'admin', mailbox: null, opens: [], impersonates: [address] },
];
const classes: readonly ItemClass[] = ['contacts', 'calendar', 'tasks', 'notes'];

type Way = Omit<OtherSettings, 'mailboxes' | 'accounts'>;
const old: Way = { dialect: 'plain', version: 'Exchange2007_SP1', close: true, auth: ['Negotiate', 'Basic'] };
const recent: Way = { dialect: 'dense', version: 'Exchange2013', gzip: true, chunked: true };

const running: OtherEwsServer[] = [];

async function start(way: Way): Promise<OtherEwsServer> {
  const server = await OtherEwsServer.start({ page: 4, ...way, mailboxes: [address], accounts });
  running.push(server);
  return server;
}

async function stopAll(): Promise<void> {
  for (const server of running.splice(0)) {
    const { refused } = await server.log();
    await server.stop();
    // Exchange validates what it is asked with a schema, and so does this server.
    expect(refused).toEqual([]);
  }
}

function sourceOf({ ewsUrl }: OtherEwsServer, more: object = {}): ReturnType<typeof ewsMailSource> {
  const server = { kind: 'exchange', ewsUrl, auth: 'basic', login: { mode: 'user' }, ...more };
  const services = { secrets: () => Promise.resolve('admin'), clock: systemClock, objects: new MemoryObjectStore() };
  return ewsMailSource(ExchangeServer.parse(server), services);
}

const credentials = { emailAddress: address, userName: address, password };

describeWithOtherServer('The source of Exchange at an EWS server of others', () => {
  afterEach(stopAll);

  /** Every item that is no mail, as the source tells it, by folder. */
  async function itemsOf(server: OtherEwsServer): Promise<Record<string, NeutralItem[]>> {
    const source = await sourceOf(server).open(credentials, new AbortController().signal);
    try {
      const { folders } = await source.listFolders(classes);
      const found: Record<string, NeutralItem[]> = {};
      for (const folder of folders.filter(({ itemClass }) => itemClass !== undefined)) {
        const [state] = await source.folderStates([folder]);
        if (state === undefined || state === 'missing') throw new Error('missing');
        const { uidValidity } = state;
        const uids = (await source.listItems(folder, { uidValidity, from: 1, to: state.uidNext - 1 })).map(
          ({ uid }) => uid,
        );
        const entities: Buffer[] = [];
        const { unreadable } = await source.readItems(
          folder,
          { uidValidity, uids },
          {
            begin: () => void entities.push(Buffer.alloc(0)),
            chunk: (octets) => void entities.push(Buffer.concat([entities.pop() ?? Buffer.alloc(0), octets])),
            end: () => undefined,
          },
        );
        expect(unreadable).toEqual([]);
        found[folder.path.join('/')] = entities.map((octets) => {
          const entity = readItemEntity(octets);
          if (entity === null) throw new Error('no item');
          return entity.item;
        });
      }
      return found;
    } finally {
      await source.close();
    }
  }

  it('reads items of every class, and the same of a server that writes another way', async () => {
    const [of2007, of2013] = [await itemsOf(await start(old)), await itemsOf(await start(recent))];

    expect(of2013).toEqual(of2007);
    const of = (folder: string, index: number): NeutralItem | undefined => of2007[folder]?.[index];
    expect(Object.fromEntries(Object.entries(of2007).map(([name, items]) => [name, items.length]))).toEqual({
      Calendrier: 3,
      Contacts: 2,
      Notes: 1,
      Tâches: 1,
    });
    expect(of2007['Calendrier']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          subject: 'Point hebdomadaire',
          series: expect.objectContaining({
            modified: [expect.objectContaining({ subject: 'Point hebdomadaire (déplacé)' })],
            deleted: [expect.anything()],
            missing: [],
          }),
        }),
        expect.objectContaining({ subject: 'Jour férié', isAllDay: true, showAs: 'oof' }),
        expect.objectContaining({ subject: 'Déjeuner', isMeeting: true, importance: 'high' }),
      ]),
    );
    expect(of2007['Contacts']).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          displayName: 'Zoë Fabre',
          birthday: '1980-02-29',
          emails: [expect.objectContaining({ address: 'zoe@fabrikam.test', type: 'smtp' })],
          picture: expect.objectContaining({ contentType: 'image/jpeg' }),
        }),
        expect.objectContaining({ kind: 'distribution-list', membersKnown: true }),
      ]),
    );
    expect(of('Tâches', 0)).toMatchObject({ subject: 'Préparer le budget', percentComplete: 25, status: 'inProgress' });
    expect(of('Notes', 0)).toMatchObject({ kind: 'note', subject: 'Codes' });
  });

  it.each([
    ['fullAccess', 'CONTOSO\\migadmin'],
    ['impersonation', 'CONTOSO\\standin'],
  ])('opens a mailbox with %s', async (access, user) => {
    // One that does not say its version is asked in the oldest schema.
    const server = await start({ ...old, mute: access === 'fullAccess' });
    const login = { mode: 'admin', user, secret: 'env:PASSWORD' };
    const source = await sourceOf(server, { access, login }).open(
      { emailAddress: address, userName: address },
      new AbortController().signal,
    );

    const { folders } = await source.listFolders();
    await source.close();

    expect(folders.find(({ role }) => role === 'inbox')?.path).toEqual(['INBOX']);
  });

  it.each(['NTLM', 'Negotiate'])('signs in by %s, bound to the TLS channel', async (scheme) => {
    const folder = mkdtempSync(join(tmpdir(), 'other-'));
    const ca = readFileSync(writeCertificates(folder, 'valid'), 'utf8');
    const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    const server = await start({ dialect: 'plain', version: 'Exchange2016', auth: [scheme], tls });

    const source = await sourceOf(server, { auth: 'ntlm', tls: { ca } }).open(
      credentials,
      new AbortController().signal,
    );
    const { folders } = await source.listFolders();
    await source.close();
    rmSync(folder, { recursive: true });

    expect(folders).toHaveLength(9);
  });

  it.each([
    ['fullAccess', 'CONTOSO\\standin', 'SOURCE_NO_RIGHTS'],
    ['impersonation', 'CONTOSO\\migadmin', 'SOURCE_IMPERSONATION_DENIED'],
  ])('says that %s is not granted', async (access, user, code) => {
    const server = await start(recent);
    const login = { mode: 'admin', user, secret: 'env:PASSWORD' };

    await expect(
      sourceOf(server, { access, login }).open(
        { emailAddress: address, userName: address },
        new AbortController().signal,
      ),
    ).rejects.toMatchObject({ name: 'MailboxBlockedError', code });
  });
});

describeWithDovecot('Mail of an EWS server of others, copied by the engine', () => {
  let target: DovecotServer;
  let harness: CopyHarness | undefined;
  let user = '';
  let users = 0;

  beforeAll(async () => {
    const names = Array.from({ length: 8 }, (_, at) => [`user${String(at)}@contoso.test`, password]);
    target = await DovecotServer.start({ users: Object.fromEntries(names), layout: 'fs', listescape: true });
  });

  afterEach(async () => {
    harness?.close();
    harness = undefined;
    await stopAll();
  });

  afterAll(() => target.stop());

  async function copyFrom(server: OtherEwsServer): Promise<CopyHarness> {
    user = `user${String((users += 1) - 1)}@contoso.test`;
    const copy = await CopyHarness.open({
      source: { kind: 'exchange', ewsUrl: server.ewsUrl, auth: 'basic', login: { mode: 'user' } },
      target,
      mailbox: address,
      password,
    });
    harness = copy;
    const job = await copy.store.getJob('b', address);
    if (job === undefined) throw new Error('no job');
    await copy.store.saveJob({ ...job, targetUserName: user });
    await copy.store.putSealedPassword(`b/${job.id}/target`, password);
    return copy;
  }

  /** What is at the target, in the form of the truth. */
  async function copied(): Promise<MailTruth> {
    const listed = await snapshotDovecot(target, user);
    const ids = await target.doveadm(['fetch', '-u', user, 'mailbox uid hdr.message-id', 'all']);
    const idOf = new Map(
      [...ids.matchAll(/mailbox: (.*)\nuid: (\d+)\nhdr\.message-id: (.*)\n/g)].map(
        ([, path = '', uid = '', id = '']) => [`${path} ${uid}`, id],
      ),
    );
    return Object.fromEntries(
      [...listed.values()]
        .filter(({ messages }) => messages.length > 0)
        .map(({ path, messages }) => [
          path,
          messages
            .map((one): MailTruth[string][number] => [
              idOf.get(`${path} ${String(one.uid)}`) ?? '',
              one.internalDate,
              [...one.flags, ...one.keywords].sort(),
              one.sha256,
            ])
            .sort(),
        ]),
    );
  }

  /** By the names that the target gives. A slash cannot stand in a name of this Dovecot. */
  async function truth(server: OtherEwsServer): Promise<MailTruth> {
    const found = await server.do<MailTruth>({ do: 'truth', address });
    const names: Readonly<Record<string, string>> = {
      inbox: 'INBOX',
      drafts: 'Drafts',
      sentitems: 'Sent',
      deleteditems: 'Trash',
      'inbox/Clients': 'INBOX/Clients',
    };
    return Object.fromEntries(
      Object.entries(found).map(([path, messages]) => [
        names[path] ?? path.replace('2019/2020', '2019_2020'),
        [...messages].sort(),
      ]),
    );
  }

  it.each([
    ['of 2007', old],
    ['of 2013', recent],
  ])('arrives %s', async (_name, way) => {
    const server = await start(way);
    const copy = await copyFrom(server);

    const job = await copy.run(address);

    expect(await copied()).toEqual(await truth(server));
    expect(job).toMatchObject({
      status: 'Synced',
      green: false,
      items: { copied: 22, skipped: 1, failed: 2, total: 25 },
    });
    expect((await copy.itemsReport(job)).map(({ code }) => code).sort()).toEqual([
      'ITEM_CORRUPT',
      'ITEM_NOT_CONVERTIBLE',
      'ITEM_NOT_MAIL',
    ]);
    expect(job.leftOutFolders.map(({ name, reason, items }) => [name, reason, items]).sort()).toEqual([
      ['Calendrier', 'not-mail', 3],
      ['Contacts', 'not-mail', 2],
      ['Journal', 'not-mail', 1],
      ['Non lus', 'virtual', 0],
      ['Notes', 'not-mail', 1],
      ["Paramètres d'action de conversation", 'hidden', 0],
      ['Tâches', 'not-mail', 1],
    ]);

    // Nothing happened since, but that the server has lost where it stood, and that something was moved.
    await server.do({ do: 'forget_states', address });
    await server.do({ do: 'move', address, path: ['INBOX', 'Clients'], subject: 'Client 2', to: ['INBOX'] });
    await copy.beginPass('incremental');
    const second = await copy.run(address);

    expect(second).toMatchObject({ status: 'Synced', items: { copied: 22, failed: 2, doubtful: 0 } });
    expect(await copied()).toEqual(await truth(server));
  });

  it('waits where the server is busy amid a batch, and takes nothing for unreadable that was not tried', async () => {
    const server = await start(recent);
    const copy = await copyFrom(server);
    await server.fail({ operation: 'SyncFolderItems', kind: 'soap', code: 'ErrorServerBusy', wait: 1_500 });
    const first = await copy.slice(address);
    await server.fail({ operation: 'GetItem', at: 3, kind: 'soap', code: 'ErrorServerBusy', wait: 2_500 });
    const second = await copy.slice(address);
    await server.fail({ operation: 'GetItem', at: 2, kind: 'soap', code: 'ErrorMailboxStoreUnavailable' });
    const third = await copy.slice(address);
    const job = await copy.run(address);

    expect([first, second, third]).toMatchObject([
      { outcome: 'waiting', waitSeconds: 2 },
      { outcome: 'waiting', waitSeconds: 3 },
      { outcome: 'waiting' },
    ]);
    expect(job).toMatchObject({ status: 'Synced', items: { copied: 22, failed: 2, total: 25 } });
    expect(await copied()).toEqual(await truth(server));
  });

  it('arrives once, whatever breaks on the way', async () => {
    const server = await start(old);
    const copy = await copyFrom(server);
    await server.fail({ operation: 'SyncFolderItems', kind: 'cut' });
    await server.fail({ operation: 'GetItem', kind: 'cut' });
    await server.fail({ operation: 'SyncFolderHierarchy', kind: 'http', status: 503 });
    await server.fail({ operation: 'GetItem', kind: 'soap', code: 'ErrorInternalServerTransientError' });

    const job = await copy.run(address);

    expect(job).toMatchObject({ status: 'Synced', items: { copied: 22, failed: 2, total: 25 } });
    expect(await copied()).toEqual(await truth(server));
  });
});
