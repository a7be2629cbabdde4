import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ewsMailSource } from '../../../shared/adapters/ews/ews-mail-source.ts';
import { imapMailSource } from '../../../shared/adapters/imap/imap-mail-source.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { ExchangeServer, ImapServer } from '../../../shared/domain/endpoint.ts';
import { internalDateSeconds } from '../../../shared/domain/item-digest.ts';
import type { FolderState, SourceFolder } from '../../../shared/domain/mail.ts';
import type { SourceMailbox } from '../../../shared/ports/mail-source.ts';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { OtherEwsServer, type OtherSettings } from '../../support/other-ews-server/other-ews-server.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';

const address = 'anna@contoso.test';
const password = 'pw';
const services = { secrets: () => Promise.resolve(''), clock: systemClock };

interface NewMessage {
  readonly id: string;
  readonly at: number;
  readonly read?: boolean;
}

/** One mailbox at one kind of server: how it is opened as a source, and how its user works in it. */
interface World {
  open(signal?: AbortSignal): Promise<SourceMailbox>;
  addFolder(path: readonly string[]): Promise<void>;
  removeFolder(path: readonly string[]): Promise<void>;
  add(path: readonly string[], message: NewMessage): Promise<void>;
  remove(path: readonly string[], id: string): Promise<void>;
  read(path: readonly string[], id: string): Promise<void>;
  stop(): Promise<void>;
}

const credentials = { emailAddress: address, userName: address, password };

function mimeOf({ id }: NewMessage): Buffer {
  const head = `Message-ID: <${id}@contoso.test>\r\nFrom: a@contoso.test\r\nSubject: ${id}\r\n`;
  return Buffer.from(`${head}Date: Fri, 20 Nov 2026 10:00:00 +0000\r\n\r\nThis is ${id}.\r\n`);
}

async function dovecotWorld(): Promise<World> {
  const server = await DovecotServer.start({ users: { [address]: password } });
  const client = await PlainImapClient.connect(server.imapPort);
  await client.login(address, password);
  const settings = {
    kind: 'imap',
    host: '127.0.0.1',
    port: server.imapPort,
    security: 'none',
    login: { mode: 'user' },
  };
  const source = imapMailSource(ImapServer.parse(settings), services);
  const name = (path: readonly string[]): string => path.join('/');
  const uidOf = async (path: readonly string[], id: string): Promise<string> => {
    await client.command(`SELECT "${name(path)}"`);
    const { untagged } = await client.command(`UID SEARCH HEADER Message-ID "<${id}@contoso.test>"`);
    return untagged.map(({ line }) => /^\* SEARCH (\d+)/.exec(line)?.[1]).find((uid) => uid !== undefined) ?? '';
  };
  return {
    open: (signal = new AbortController().signal) => source.open(credentials, signal),
    addFolder: async (path) => {
      await client.command(`CREATE "${name(path)}"`);
    },
    removeFolder: async (path) => {
      await client.command(`DELETE "${name(path)}"`);
    },
    add: async (path, message) => {
      const flags = message.read === true ? ['\\Seen'] : [];
      await client.append(name(path), mimeOf(message), { flags, internalDate: new Date(message.at * 1000) });
    },
    remove: async (path, id) => {
      await client.command(`UID STORE ${await uidOf(path, id)} +FLAGS.SILENT (\\Deleted)`);
      await client.command('EXPUNGE');
    },
    read: async (path, id) => {
      await client.command(`UID STORE ${await uidOf(path, id)} +FLAGS (\\Seen)`);
    },
    stop: async () => {
      client.close();
      await server.stop();
    },
  };
}

async function exchangeWorld(): Promise<World> {
  const mailbox = new PracticeMailbox(address, { inbox: 'Posteingang', sentitems: 'Gesendete Elemente' });
  const accounts = [{ name: address, password, opens: [address] }];
  const simulator = await ExchangeSimulator.start({ mailboxes: [mailbox], accounts, mostChanges: 3 });
  const objects = new MemoryObjectStore();
  const server = ExchangeServer.parse({ kind: 'exchange', ewsUrl: simulator.ewsUrl, login: { mode: 'user' } });
  const source = ewsMailSource(server, { ...services, objects });
  const folderAt = (path: readonly string[]): string =>
    path.reduce((parent, name) => {
      if (name === 'INBOX') return mailbox.wellKnown('inbox')!.id;
      return mailbox.folders.find((folder) => folder.parent === parent && folder.name === name)!.id;
    }, mailbox.wellKnown('msgfolderroot')!.id);
  const idOf = (path: readonly string[], id: string): string =>
    mailbox.items(folderAt(path)).find(({ subject }) => subject === id)!.id;
  const done = Promise.resolve();
  return {
    open: (signal = new AbortController().signal) => source.open(credentials, signal),
    addFolder: (path) => {
      mailbox.addFolder(path.at(-1)!, { parent: folderAt(path.slice(0, -1)) });
      return done;
    },
    removeFolder: (path) => {
      mailbox.removeFolder(folderAt(path));
      return done;
    },
    add: (path, message) => {
      const { id, at, read = false } = message;
      mailbox.addItem(folderAt(path), {
        mime: () => mimeOf(message),
        subject: id,
        received: new Date(at * 1000),
        read,
      });
      return done;
    },
    remove: (path, id) => {
      mailbox.removeItem(idOf(path, id));
      return done;
    },
    read: (path, id) => {
      mailbox.changeItem(idOf(path, id), { read: true });
      return done;
    },
    stop: () => simulator.stop(),
  };
}

async function otherWorld(settings: Omit<OtherSettings, 'mailboxes' | 'accounts'>): Promise<World> {
  const accounts = [{ name: address, password, mailbox: address, opens: [address] }];
  const server = await OtherEwsServer.start({ ...settings, mailboxes: [address], accounts, filled: false });
  const { ewsUrl } = server;
  const auth = settings.auth?.includes('NTLM') === true ? 'ntlm' : 'basic';
  const endpoint = ExchangeServer.parse({ kind: 'exchange', ewsUrl, auth, login: { mode: 'user' } });
  const source = ewsMailSource(endpoint, { ...services, objects: new MemoryObjectStore() });
  return {
    open: (signal = new AbortController().signal) => source.open(credentials, signal),
    addFolder: (path) => server.do({ do: 'add_folder', address, path }),
    removeFolder: (path) => server.do({ do: 'remove_folder', address, path }),
    add: (path, message) => {
      const { id, at, read = false } = message;
      const mime = mimeOf(message).toString('base64');
      return server.do({ do: 'add', address, path, subject: id, mime, received: at, read });
    },
    remove: (path, id) => server.do({ do: 'remove', address, path, subject: id }),
    read: (path, id) => server.do({ do: 'read', address, path, subject: id }),
    stop: async () => {
      const { refused } = await server.log();
      await server.stop();
      // Exchange validates what it is asked with a schema, and so does this server.
      expect(refused).toEqual([]);
    },
  };
}

const worlds: readonly (readonly [string, () => Promise<World>])[] = [
  ['Dovecot over IMAP', dovecotWorld],
  ['Exchange over EWS', exchangeWorld],
  [
    'an EWS server of others, of 2007, closing connections',
    () => otherWorld({ dialect: 'plain', version: 'Exchange2007_SP1', close: true, auth: ['Negotiate', 'Basic'] }),
  ],
  [
    'an EWS server of others, of 2016, terse and zipped',
    () => otherWorld({ dialect: 'dense', version: 'Exchange2016', gzip: true, chunked: true }),
  ],
  [
    'an EWS server of others, of 2010, with NTLM',
    () => otherWorld({ dialect: 'dense', version: 'Exchange2010_SP2', chunked: true, auth: ['Negotiate', 'NTLM'] }),
  ],
];

describeWithDovecot('A source of mail', () => {
  describe.each(worlds)('at %s', (_, start) => {
    let world: World;
    const inbox = ['INBOX'];
    const first = 1_600_000_000;

    beforeAll(async () => {
      world = await start();
      await world.addFolder(['Projects']);
      await world.addFolder(['Projects', 'Empty']);
      for (let at = 0; at < 8; at += 1) await world.add(inbox, { id: `m${String(at)}`, at: first + at, read: at < 4 });
      await world.add(['Projects'], { id: 'p', at: first });
    });

    afterAll(() => world.stop());

    async function within<T>(work: (source: SourceMailbox) => Promise<T>): Promise<T> {
      const source = await world.open();
      try {
        return await work(source);
      } finally {
        await source.close();
      }
    }

    async function folderOf(source: SourceMailbox, path: readonly string[]): Promise<SourceFolder> {
      const { folders } = await source.listFolders();
      return folders.find((folder) => folder.path.join('/') === path.join('/'))!;
    }

    async function stateOf(source: SourceMailbox, folder: SourceFolder): Promise<FolderState> {
      const [state] = await source.folderStates([folder]);
      if (state === undefined || state === 'missing') throw new Error('missing');
      return state;
    }

    async function bodies(
      source: SourceMailbox,
      folder: SourceFolder,
      request: { readonly uidValidity: number; readonly uids: readonly number[]; readonly headersOnly?: boolean },
    ): Promise<readonly (readonly [number, string])[]> {
      const read: [number, string][] = [];
      let expected = 0;
      const { unreadable } = await source.readItems(folder, request, {
        begin: ({ uid, size }) => {
          read.push([uid, '']);
          expected = size;
        },
        chunk: (octets) => {
          read.at(-1)![1] += Buffer.from(octets).toString('latin1');
        },
        end: () => expect(read.at(-1)![1]).toHaveLength(expected),
      });
      expect(unreadable).toEqual([]);
      return read;
    }

    it('shows its folders by path, the inbox by its role', () =>
      within(async (source) => {
        const { folders } = await source.listFolders();

        expect(folders.map(({ path }) => path.join('/'))).toEqual(
          expect.arrayContaining(['INBOX', 'Projects', 'Projects/Empty']),
        );
        expect(folders.find(({ role }) => role === 'inbox')?.path).toEqual(['INBOX']);
        expect(new Set(folders.map(({ id }) => id)).size).toBe(folders.length);
      }));

    it('lists items ascending, the newest last, with date and flags', () =>
      within(async (source) => {
        const folder = await folderOf(source, inbox);
        const { uidValidity, uidNext, messages } = await stateOf(source, folder);

        const items = await source.listItems(folder, { uidValidity, from: 1, to: uidNext - 1 });

        expect(messages).toBe(8);
        expect(items.map(({ internalDate }) => internalDateSeconds(internalDate) - first)).toEqual([
          0, 1, 2, 3, 4, 5, 6, 7,
        ]);
        expect(items.map(({ flags }) => flags.includes('\\Seen'))).toEqual([
          ...Array<boolean>(4).fill(true),
          ...Array<boolean>(4).fill(false),
        ]);
        expect(items.every(({ uid }, at) => uid > (items[at - 1]?.uid ?? 0) && uid < uidNext)).toBe(true);
        const [, second, third] = items;
        const some = await source.listItems(folder, { uidValidity, from: second!.uid, to: third!.uid });
        expect(some.map(({ uid }) => uid)).toEqual([second!.uid, third!.uid]);
      }));

    it('delivers what is there, ascending, of the size that it announces, whole or the header alone', () =>
      within(async (source) => {
        const folder = await folderOf(source, inbox);
        const { uidValidity, uidNext } = await stateOf(source, folder);
        const uids = (await source.listItems(folder, { uidValidity, from: 1, to: uidNext - 1 })).map(({ uid }) => uid);

        const whole = await bodies(source, folder, { uidValidity, uids: [...uids, uidNext + 7] });
        const headers = await bodies(source, folder, { uidValidity, uids: uids.slice(0, 2), headersOnly: true });

        expect(whole.map(([uid]) => uid)).toEqual(uids);
        expect(whole.map(([, text]) => /This is (\w+)\./.exec(text)?.[1])).toEqual(
          uids.map((_uid, at) => `m${String(at)}`),
        );
        expect(headers.map(([uid]) => uid)).toEqual(uids.slice(0, 2));
        for (const [, text] of headers) {
          expect(text).toContain('Message-ID: <m');
          expect(text).not.toContain('This is');
          expect(text.endsWith('\r\n\r\n')).toBe(true);
        }
      }));

    it('answers calls that do not wait for each other', () =>
      within(async (source) => {
        const folder = await folderOf(source, inbox);
        const { uidValidity, uidNext } = await stateOf(source, folder);
        const items = await source.listItems(folder, { uidValidity, from: 1, to: uidNext - 1 });

        const [one, other, list] = await Promise.all([
          bodies(source, folder, { uidValidity, uids: items.slice(0, 3).map(({ uid }) => uid) }),
          bodies(source, folder, { uidValidity, uids: items.slice(3).map(({ uid }) => uid) }),
          source.listItems(folder, { uidValidity, from: 1, to: 2 }),
        ]);

        expect([...one, ...other].map(([uid]) => uid)).toEqual(items.map(({ uid }) => uid));
        expect(list.every(({ uid }) => uid <= 2)).toBe(true);
      }));

    it('keeps state and numbers while nothing happens, and from one opening to the next', async () => {
      const look = () =>
        within(async (source) => {
          const folder = await folderOf(source, inbox);
          const state = await stateOf(source, folder);
          const items = await source.listItems(folder, { uidValidity: state.uidValidity, from: 1, to: state.uidNext });
          return { identity: source.identity, id: folder.id, state, items };
        });

      const [before, after] = [await look(), await look()];

      expect(after).toEqual(before);
      expect(before.identity).not.toContain(password);
    });

    it('tells what was read, deleted and added since a state', () =>
      within(async (source) => {
        const folder = await folderOf(source, inbox);
        const before = await stateOf(source, folder);
        const { uidValidity } = before;
        const listed = await source.listItems(folder, { uidValidity, from: 1, to: before.uidNext - 1 });
        await world.remove(inbox, 'm1');
        await world.read(inbox, 'm6');
        await world.add(inbox, { id: 'older', at: first - 1_000 });

        const after = await stateOf(source, folder);
        const changes = await source.changesSince(folder, before);
        const fresh = await source.listItems(folder, { uidValidity, from: before.uidNext, to: after.uidNext - 1 });

        expect(after).toMatchObject({ uidValidity, messages: 8 });
        expect(after).not.toEqual(before);
        expect(fresh).toHaveLength(1);
        expect(internalDateSeconds(fresh[0]!.internalDate)).toBe(first - 1_000);
        const gone = listed[1]!.uid;
        const left = listed.map(({ uid }) => uid).filter((uid) => uid !== gone);
        const present =
          changes.present ?? listed.map(({ uid }) => uid).filter((uid) => !changes.vanished?.includes(uid));
        expect(present).toEqual(left);
        expect(changes.flags).toContainEqual({ uid: listed[6]!.uid, flags: ['\\Seen'] });
        expect(await bodies(source, folder, { uidValidity, uids: [gone] })).toEqual([]);
      }));

    it('says that a folder is not the one that it was, and that one is missing', async () => {
      await world.addFolder(['Short-lived']);
      const folder = await within(async (source) => {
        const found = await folderOf(source, ['Short-lived']);
        const { uidValidity } = await stateOf(source, found);
        await expect(source.listItems(found, { uidValidity: uidValidity + 1, from: 1, to: 9 })).rejects.toMatchObject({
          name: 'ConflictError',
          code: 'FOLDER_CHANGED',
        });
        return found;
      });
      await world.removeFolder(['Short-lived']);

      await within((source) => expect(source.folderStates([folder])).resolves.toEqual(['missing']));
    });

    it('gives no two folders the same UIDVALIDITY and numbers', () =>
      within(async (source) => {
        const { folders } = await source.listFolders();
        const states = await source.folderStates(folders.filter(({ selectable }) => selectable));

        const validities = states.map((state) => (state === 'missing' ? 0 : state.uidValidity));
        expect(new Set(validities).size).toBe(validities.length);
      }));

    it('ends as a lost connection when the signal aborts', async () => {
      const abort = new AbortController();
      const source = await world.open(abort.signal);
      abort.abort();

      await expect(source.listFolders()).rejects.toMatchObject({
        name: 'TransientError',
        code: 'SOURCE_CONNECTION_LOST',
      });
      await source.close();
    });
  });
});
