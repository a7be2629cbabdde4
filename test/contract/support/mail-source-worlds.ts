import { expect } from '@jest/globals';
import { ewsMailSource } from '../../../shared/adapters/ews/ews-mail-source.ts';
import { imapMailSource } from '../../../shared/adapters/imap/imap-mail-source.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { webdavMailSource } from '../../../shared/adapters/webdav/webdav-mail-source.ts';
import { ExchangeServer, ImapServer } from '../../../shared/domain/endpoint.ts';
import type { SourceMailbox } from '../../../shared/ports/mail-source.ts';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { WebdavSimulator } from '../../../simulator/exchange-2003/webdav-simulator.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { OtherEwsServer, type OtherSettings } from '../../support/other-ews-server/other-ews-server.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';

const address = 'anna@contoso.test';
export const password = 'pw';
const germanNames = { inbox: 'Posteingang', sentitems: 'Gesendete Elemente' };
const services = { secrets: () => Promise.resolve(''), clock: systemClock };

export interface NewMessage {
  readonly id: string;
  readonly at: number;
  readonly read?: boolean;
}

/** One mailbox at one kind of server: how it is opened as a source, and how its user works in it. */
export interface SourceWorld {
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

async function dovecotWorld(): Promise<SourceWorld> {
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

/** The practice mailbox as its user works in it. */
function practiceUser(mailbox: PracticeMailbox): Omit<SourceWorld, 'open' | 'stop'> {
  const folderAt = (path: readonly string[]): string =>
    path.reduce((parent, name) => {
      if (name === 'INBOX') return mailbox.wellKnown('inbox')!.id;
      return mailbox.folders.find((folder) => folder.parent === parent && folder.name === name)!.id;
    }, mailbox.wellKnown('msgfolderroot')!.id);
  const idOf = (path: readonly string[], id: string): string =>
    mailbox.items(folderAt(path)).find(({ subject }) => subject === id)!.id;
  const done = Promise.resolve();
  return {
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
  };
}

async function exchangeWorld(): Promise<SourceWorld> {
  const mailbox = new PracticeMailbox(address, germanNames);
  const accounts = [{ name: address, password, opens: [address] }];
  const simulator = await ExchangeSimulator.start({ mailboxes: [mailbox], accounts, mostChanges: 3 });
  const objects = new MemoryObjectStore();
  const server = ExchangeServer.parse({ kind: 'exchange', ewsUrl: simulator.ewsUrl, login: { mode: 'user' } });
  const source = ewsMailSource(server, { ...services, objects });
  return {
    ...practiceUser(mailbox),
    open: (signal = new AbortController().signal) => source.open(credentials, signal),
    stop: () => simulator.stop(),
  };
}

async function exchange2003World(): Promise<SourceWorld> {
  const mailbox = new PracticeMailbox(address, germanNames);
  const accounts = [{ name: address, password, opens: [address] }];
  const ownOrigin = 'http://back-end.contoso.local';
  const simulator = await WebdavSimulator.start({ mailboxes: [mailbox], accounts, ownOrigin });
  const objects = new MemoryObjectStore();
  const { webdavUrl } = simulator;
  const server = ExchangeServer.parse({ kind: 'exchange', webdavUrl, login: { mode: 'user' } });
  const source = webdavMailSource(server, { ...services, objects });
  return {
    ...practiceUser(mailbox),
    open: (signal = new AbortController().signal) => source.open(credentials, signal),
    stop: () => simulator.stop(),
  };
}

async function otherWorld(settings: Omit<OtherSettings, 'mailboxes' | 'accounts'>): Promise<SourceWorld> {
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

export const sourceWorlds: readonly (readonly [string, () => Promise<SourceWorld>])[] = [
  ['Dovecot over IMAP', dovecotWorld],
  ['Exchange over EWS', exchangeWorld],
  ['Exchange 2003 over WebDAV', exchange2003World],
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
