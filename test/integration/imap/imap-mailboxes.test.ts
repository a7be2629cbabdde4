import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { endpointProbe } from '../../../shared/adapters/mail-servers.ts';
import { imapMailSource } from '../../../shared/adapters/imap/imap-mail-source.ts';
import { imapMailTarget } from '../../../shared/adapters/imap/imap-mail-target.ts';
import { Endpoint, ImapServer } from '../../../shared/domain/endpoint.ts';
import type { ItemSink, MailboxCredentials, SourceMailbox } from '../../../shared/ports/mail-source.ts';
import type { PageWriter, TargetMailbox } from '../../../shared/ports/mail-target.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { realClock } from '../../unit/imap/support/clocks.ts';

const services = { clock: realClock, secrets: () => Promise.resolve('masterpw') };
const date = '17-Jul-2020 02:44:25 +0000';

/** Servers that both ports must get along with. */
const kinds = {
  rich: {},
  poor: { capability: 'IMAP4rev1 NAMESPACE' },
  courier: { prefix: 'INBOX.', separator: '.' },
  slash: { layout: 'fs' },
} as const;

const users = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`u${index}@contoso.test`, 'pw']));

class Collector implements ItemSink {
  readonly items: { readonly uid: number; readonly size: number; text: string }[] = [];
  #slow: boolean;

  constructor(slow = false) {
    this.#slow = slow;
  }

  begin({ uid, size }: { readonly uid: number; readonly size: number }): void | Promise<void> {
    this.items.push({ uid, size, text: '' });
    return this.#slow ? Promise.resolve() : undefined;
  }

  chunk(octets: Uint8Array): void | Promise<void> {
    const item = this.items.at(-1);
    if (item !== undefined) item.text += Buffer.from(octets).toString('latin1');
    return this.#slow ? Promise.resolve() : undefined;
  }

  end(): void {
    this.#slow = !this.#slow;
  }
}

async function write(page: PageWriter, bodies: readonly string[], flags: readonly string[] = []) {
  for (const body of bodies) {
    await page.begin({ flags, internalDate: date, size: body.length });
    await page.write(Buffer.from(body, 'latin1'));
    await page.end();
  }
  return page.finish();
}

const message = (number: number): string => `Subject: ${number}\r\n\r\nbody of ${number}\r\n`;

describeWithDovecot('an IMAP mailbox as source and target', () => {
  const servers = new Map<string, DovecotServer>();
  const open: { close(): Promise<void> }[] = [];
  let nextUser = 0;

  beforeAll(async () => {
    for (const [name, options] of Object.entries(kinds)) {
      servers.set(name, await DovecotServer.start({ users, masters: { mailadmin: 'masterpw' }, ...options }));
    }
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((mailbox) => mailbox.close()));
  });
  afterAll(async () => {
    await Promise.all([...servers.values()].map((server) => server.stop()));
  });

  function serverOf(kind: string): DovecotServer {
    const server = servers.get(kind);
    if (server === undefined) throw new Error(`no server ${kind}`);
    return server;
  }

  function settings(server: DovecotServer, change: object = {}): ImapServer {
    return ImapServer.parse({
      kind: 'imap',
      host: '127.0.0.1',
      port: server.imapPort,
      security: 'none',
      login: { mode: 'user' },
      ...change,
    });
  }

  function someone(): MailboxCredentials {
    nextUser += 1;
    const userName = `u${nextUser}@contoso.test`;
    return { emailAddress: userName, userName, password: 'pw' };
  }

  async function both(
    kind: string,
  ): Promise<{ source: SourceMailbox; target: TargetMailbox; who: MailboxCredentials }> {
    const who = someone();
    const { signal } = new AbortController();
    const target = await imapMailTarget(settings(serverOf(kind)), services).open(who, signal);
    const source = await imapMailSource(settings(serverOf(kind)), services).open(who, signal);
    open.push(target, source);
    // A LIST beside a CREATE in one mailbox may have Dovecot say that the folder was there before.
    await source.foldersAtOpening?.();
    return { source, target, who };
  }

  async function inbox(source: SourceMailbox) {
    const { folders } = await source.listFolders();
    const folder = folders.find(({ path }) => path.length === 1 && path[0] === 'INBOX');
    if (folder === undefined) throw new Error('no inbox');
    return folder;
  }

  it.each(Object.keys(kinds))('creates folders, nested and not ASCII, and lists them as written (%s)', async (kind) => {
    const { source, target } = await both(kind);
    const separator = target.naming.separator ?? '';
    const paths = [['Größe & Co'], ['Größe & Co', '日本'], ['plain (x) "y" \\z'.replaceAll(separator, '-')]];

    const created = await target.createFolders(paths);
    const again = await target.createFolders(paths);
    const { folders } = await source.listFolders();

    expect(created.map(({ outcome }) => outcome)).toEqual(['created', 'created', 'created']);
    expect(again.map(({ outcome }) => outcome)).toEqual(['exists', 'exists', 'exists']);
    expect(folders.map(({ path }) => path)).toEqual(expect.arrayContaining([['INBOX'], ...paths]));
    expect(await target.listFolders()).toEqual(expect.arrayContaining([...folders]));
  });

  it.each(Object.keys(kinds))('writes pages behind each other and reads them as they were (%s)', async (kind) => {
    const { source, target } = await both(kind);
    const folder = await inbox(source);
    const bodies = Array.from({ length: 30 }, (_, index) => message(index));

    const pages = [0, 10, 20].map((from) =>
      write(target.beginPage({ ...folder }, { items: 10, octets: 500 }), bodies.slice(from, from + 10), ['\\Seen']),
    );
    const outcomes = (await Promise.all(pages)).flat();
    const [state] = await source.folderStates([folder]);
    if (state === undefined || state === 'missing') throw new Error('no state');
    const { uidValidity } = state;
    const [low, high, sinks] = [
      source.listItems(folder, { uidValidity, from: 1, to: 15 }),
      source.listItems(folder, { uidValidity, from: 16, to: 99 }),
      [new Collector(), new Collector(true), new Collector()] as const,
    ];
    await Promise.all(
      sinks.map((sink, index) =>
        source.readItems(
          folder,
          { uidValidity, uids: Array.from({ length: 10 }, (_, at) => index * 10 + at + 1) },
          sink,
        ),
      ),
    );

    expect(outcomes.every(({ outcome }) => outcome === 'written')).toBe(true);
    if (target.profile.uidPlus)
      expect(outcomes.map((written) => 'uid' in written && written.uid)).toEqual(bodies.map((_, at) => at + 1));
    expect(state).toMatchObject({ messages: 30, uidNext: 31 });
    expect([...(await low), ...(await high)]).toEqual(
      bodies.map((body, at) => ({ uid: at + 1, size: body.length, internalDate: date, flags: ['\\Seen'] })),
    );
    expect(sinks.flatMap(({ items }) => items.map(({ text }) => text))).toEqual(bodies);
  });

  it('changes nothing at the source', async () => {
    const { source, target } = await both('rich');
    const folder = await inbox(source);
    await write(target.beginPage(folder, { items: 1, octets: 10 }), [message(1)]);
    const [state] = await source.folderStates([folder]);
    if (state === undefined || state === 'missing') throw new Error('no state');

    const { uidValidity } = state;
    await source.readItems(folder, { uidValidity, uids: [1] }, new Collector());

    expect(await source.folderStates([folder])).toEqual([state]);
    expect(await source.listItems(folder, { uidValidity, from: 1, to: 9 })).toMatchObject([{ flags: [] }]);
  });

  it.each(Object.keys(kinds))('sees what came meanwhile, also into the folder that is open (%s)', async (kind) => {
    const { source, target } = await both(kind);
    const folder = await inbox(source);
    const state = async () => (await source.folderStates([folder]))[0];
    const before = await state();
    if (before === undefined || before === 'missing') throw new Error('no state');
    await source.listItems(folder, { uidValidity: before.uidValidity, from: 1, to: 9 });
    await write(target.beginPage(folder, { items: 1, octets: 10 }), [message(1)]);

    expect(await state()).toMatchObject({ messages: before.messages + 1, uidNext: before.uidNext + 1 });
    await source.listItems(folder, { uidValidity: before.uidValidity, from: 1, to: 9 });
    await write(target.beginPage(folder, { items: 1, octets: 10 }), [message(2)]);
    expect(await state()).toMatchObject({ messages: before.messages + 2, uidNext: before.uidNext + 2 });
  });

  it.each(Object.keys(kinds))('tells with a folder that it creates what is in it (%s)', async (kind) => {
    const { target } = await both(kind);
    const [there] = await target.createFolders([['there']]);
    if (there === undefined || there.outcome === 'refused') throw new Error('refused');
    await write(target.beginPage(there.folder, { items: 1, octets: 10 }), [message(1)]);

    const creations = await target.createFolders([['fresh'], ['there']]);

    const told = creations.map((creation) => (creation.outcome === 'refused' ? creation : creation.state));
    expect(told).toMatchObject([
      { messages: 0, uidNext: 1 },
      { messages: 1, uidNext: 2 },
    ]);
    const folders = creations.flatMap((creation) => (creation.outcome === 'refused' ? [] : [creation.folder]));
    expect(told).toEqual(await target.folderStates(folders));
  });

  it.each(Object.keys(kinds))('tells with a listing what state the folder has then (%s)', async (kind) => {
    const { target } = await both(kind);
    const [made] = await target.createFolders([['listed']]);
    if (made === undefined || made.outcome === 'refused') throw new Error('refused');
    const { folder } = made;
    const list = () => target.listWithState?.(folder, { from: 2, to: 3 });

    expect(await list()).toMatchObject({ state: { messages: 0, uidNext: 1 }, items: [] });
    await write(target.beginPage(folder, { items: 4, octets: 100 }), [1, 2, 3, 4].map(message));

    const listed = await list();
    expect(listed).toMatchObject({ state: { messages: 4, uidNext: 5 }, items: [{ uid: 2 }, { uid: 3 }] });
    expect(listed?.state).toEqual((await target.folderStates([folder]))[0]);
    await expect(target.listWithState?.({ ...folder, id: 'nowhere' }, { from: 1, to: 2 })).rejects.toMatchObject({
      code: 'FOLDER_CHANGED',
    });
  });

  it('tells the folders as they were at its opening until anything else is asked', async () => {
    const { source, target } = await both('rich');
    const [atSource, atTarget] = [source.foldersAtOpening?.(), target.foldersAtOpening?.()];

    expect((await atSource)?.folders.map(({ path }) => path)).toContainEqual(['INBOX']);
    expect((await atTarget)?.map(({ path }) => path)).toContainEqual(['INBOX']);
    await target.createFolders([['later']]);
    await source.folderStates(await source.listFolders().then(({ folders }) => folders));

    expect(source.foldersAtOpening?.()).toBeUndefined();
    expect(target.foldersAtOpening?.()).toBeUndefined();
    expect((await target.listFolders()).map(({ path }) => path)).toContainEqual(['later']);
  });

  it('tells states with the folders at its opening as it does when it is asked', async () => {
    const { target, who } = await both('rich');
    await target.createFolders([['a b'], ['Größe']]);
    const [folder] = (await target.listFolders()).filter(({ path }) => path[0] === 'Größe');
    if (folder === undefined) throw new Error('no folder');
    await write(target.beginPage(folder, { items: 3, octets: 100 }), [1, 2, 3].map(message));
    const source = await imapMailSource(settings(serverOf('rich')), services).open(who, new AbortController().signal);
    open.push(source);
    const folders = (await source.foldersAtOpening?.())?.folders ?? [];

    const atOpening = await source.folderStates(folders);
    await source.listFolders();

    expect(folders.length).toBeGreaterThanOrEqual(3);
    expect(await source.folderStates(folders)).toEqual(atOpening);
    expect(atOpening[folders.findIndex(({ path }) => path[0] === 'Größe')]).toMatchObject({ messages: 3, uidNext: 4 });
  });

  it('leaves out what is gone, and says when a folder was made anew or is gone', async () => {
    const { source, target } = await both('rich');
    await target.createFolders([['a'], ['b']]);
    const folders = (await source.listFolders()).folders;
    const [a, b] = [folders.find(({ id }) => id === 'a'), folders.find(({ id }) => id === 'b')];
    if (a === undefined || b === undefined) throw new Error('no folders');
    await write(target.beginPage(a, { items: 3, octets: 100 }), [message(1), message(2), message(3)]);
    const [state] = await source.folderStates([a]);
    if (state === undefined || state === 'missing') throw new Error('no state');
    await target.expunge(a, [2]);

    const sink = new Collector();
    const read = await source.readItems(a, { uidValidity: state.uidValidity, uids: [1, 2, 3] }, sink);
    const anew = source.listItems(a, { uidValidity: state.uidValidity + 1, from: 1, to: 9 });
    const wrong = new Collector();
    const readAnew = source.readItems(a, { uidValidity: 1, uids: [1] }, wrong);

    expect(read.unreadable).toEqual([]);
    expect(sink.items.map(({ uid }) => uid)).toEqual([1, 3]);
    await expect(anew).rejects.toMatchObject({ name: 'ConflictError', code: 'FOLDER_CHANGED' });
    await expect(readAnew).rejects.toMatchObject({ code: 'FOLDER_CHANGED' });
    expect(wrong.items).toEqual([]);
    expect(await source.folderStates([{ ...b, id: 'nowhere' }, b])).toMatchObject(['missing', { messages: 0 }]);
    await expect(source.listItems({ ...b, id: 'nowhere' }, { uidValidity: 1, from: 1, to: 2 })).rejects.toMatchObject({
      code: 'FOLDER_CHANGED',
    });
    // The connection is as good as before.
    expect(await source.listItems(a, { uidValidity: state.uidValidity, from: 1, to: 9 })).toHaveLength(2);
  });

  it.each(['rich', 'courier'])(
    'moves items, renames folders and removes exactly what it is told (%s)',
    async (kind) => {
      const { source, target } = await both(kind);
      const [made] = await target.createFolders([['from']]);
      const [place] = await target.createFolders([['to']]);
      if (made?.outcome !== 'created' || place?.outcome !== 'created') throw new Error('not created');
      await write(target.beginPage(made.folder, { items: 4, octets: 100 }), [1, 2, 3, 4].map(message), ['\\Deleted']);

      const moved = await target.moveItems(made.folder, place.folder, [1, 3]);
      await target.expunge(made.folder, [2]);
      const renamed = await target.renameFolder(place.folder, ['elsewhere', 'below']);

      expect(moved).toEqual([
        { from: 1, to: 1 },
        { from: 3, to: 2 },
      ]);
      expect((await target.listItems(made.folder, { from: 1 })).map(({ uid }) => uid)).toEqual([4]);
      expect((await target.listItems(renamed, { from: 2 })).map(({ uid }) => uid)).toEqual([2]);
      expect(await target.listItems(renamed, { from: 3 })).toEqual([]);
      expect((await source.listFolders()).folders.map(({ path }) => path)).toContainEqual(['elsewhere', 'below']);
    },
  );

  it('refuses to expunge where it would take more than it is told', async () => {
    const { source, target } = await both('poor');

    await expect(target.expunge(await inbox(source), [1])).rejects.toMatchObject({ name: 'ItemRefusedError' });
  });

  it('signs in as an admin by template and by authorization identity, under the same identity', async () => {
    const who = { ...someone(), password: undefined };
    const admin = { mode: 'admin', user: 'mailadmin', secret: 'env:X' };
    const { signal } = new AbortController();
    const server = serverOf('rich');
    for (const login of [
      { ...admin, style: 'template' },
      { ...admin, style: 'authzid' },
    ]) {
      const source = await imapMailSource(settings(server, { login }), services).open(who, signal);
      open.push(source);
      expect(source.identity).toBe(`imap://127.0.0.1:${server.imapPort}/${who.userName}`);
    }
  });

  it('blocks the mailbox when the password is wrong, without the password in the words', async () => {
    const wrong = { ...someone(), password: 's3cret-wrong' };
    const { signal } = new AbortController();

    const opening = imapMailSource(settings(serverOf('rich')), services).open(wrong, signal);
    const failure: unknown = await opening.catch((error: unknown) => error);

    expect(failure).toMatchObject({ name: 'MailboxBlockedError', code: 'SOURCE_SIGN_IN_FAILED' });
    expect(`${String(failure)}${JSON.stringify(failure)}`).not.toContain('s3cret');
  });

  it('tells a full mailbox, a refused message and a lost connection apart', async () => {
    const limited = await DovecotServer.start({ users, quota: '300K', maxMailSize: '100K' });
    try {
      const who = someone();
      const abort = new AbortController();
      const target = await imapMailTarget(settings(limited), services).open(who, abort.signal);
      const [folder] = await target.listFolders();
      if (folder === undefined) throw new Error('no folder');
      const large = `Subject: x\r\n\r\n${'y'.repeat(150_000)}\r\n`;
      const medium = `Subject: x\r\n\r\n${'y'.repeat(80_000)}\r\n`;

      const refused = await write(target.beginPage(folder, { items: 2, octets: 1 }), [message(1), large]);
      const full = write(
        target.beginPage(folder, { items: 9, octets: 1 }),
        Array.from({ length: 9 }, () => medium),
      );
      await expect(full).rejects.toMatchObject({ name: 'MailboxBlockedError', code: 'TARGET_MAILBOX_FULL' });
      const after = await write(target.beginPage(folder, { items: 1, octets: 1 }), [message(2)]);

      expect(refused).toMatchObject([
        { outcome: 'refused', code: 'ITEM_TOO_LARGE', atomic: true },
        { outcome: 'refused', atomic: true },
      ]);
      expect(after).toMatchObject([{ outcome: 'written' }]);
      expect(await target.listItems(folder, { from: 1 })).toHaveLength(1);

      const cut = target.beginPage(folder, { items: 1, octets: 1 });
      await cut.begin({ flags: [], internalDate: date, size: 1000 });
      abort.abort();
      await expect(cut.finish()).rejects.toMatchObject({ name: 'TransientError', code: 'TARGET_CONNECTION_LOST' });
    } finally {
      await limited.stop();
    }
  });

  it('probes an endpoint step by step', async () => {
    const server = serverOf('rich');
    const who = someone();
    const ca = readFileSync(server.caFile, 'utf8');
    const probe = (source: object, target: object, login: object = { mode: 'user' }) =>
      endpointProbe(services).probe(
        Endpoint.parse({
          name: 'e',
          type: 'imap',
          source: { kind: 'imap', host: '127.0.0.1', login, ...source },
          target: { kind: 'imap', host: '127.0.0.1', login, ...target },
        }),
        { source: who, target: { ...who, password: 'wrong' } },
      );
    const secure = { port: server.imapsPort, security: 'tls', tls: { ca } };

    const good = await probe(secure, { port: server.imapPort, security: 'none' });
    const bad = await probe({ ...secure, tls: {} }, { port: 1, security: 'none' });
    const mismatch = await probe({ ...secure, port: server.imapPort }, { ...secure, host: 'no-such-host.invalid' });

    expect(good.map(({ side, check, result }) => `${side} ${check} ${result}`)).toEqual([
      'source reachable pass',
      'source certificate pass',
      'source sign-in pass',
      'source capabilities pass',
      'target reachable pass',
      'target certificate warn',
      'target sign-in fail',
      'target capabilities cannot-check',
    ]);
    expect(bad.filter(({ result }) => result === 'fail')).toMatchObject([
      { side: 'source', check: 'certificate', code: 'SOURCE_CERTIFICATE_INVALID', transient: false },
      { side: 'target', check: 'reachable', code: 'TARGET_UNREACHABLE', transient: true },
    ]);
    expect(mismatch.filter(({ result }) => result === 'fail')).toMatchObject([
      { check: 'reachable', code: 'SOURCE_SECURITY_MISMATCH', transient: false },
      { check: 'reachable', code: 'TARGET_UNREACHABLE' },
    ]);
  });
});
