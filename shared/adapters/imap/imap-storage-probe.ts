import type { ImapServer, Keeps } from '../../domain/endpoint.ts';
import { type KnownError, isKnownError, TransientError } from '../../domain/errors.ts';
import { internalDateSeconds } from '../../domain/internal-date.ts';
import { canonicalDigest, canonicalForm, ItemDigester } from '../../domain/item-digest.ts';
import type { ItemEnvelope, ItemListing } from '../../domain/mail.ts';
import type { StorageProbe } from '../../ports/endpoint-probe.ts';
import type { ItemSink, MailboxCredentials } from '../../ports/mail-source.ts';
import { FolderSession } from './folder-session.ts';
import { translating } from './imap-errors.ts';
import { listFolders, nameOf } from './imap-folders.ts';
import { openSignedIn, serverName, type ImapServices } from './imap-login.ts';
import { isExchange } from './imap-mail-target.ts';
import { ImapPageWriter } from './imap-page-writer.ts';
import { listRange, readBodies } from './imap-reading.ts';
import { createMailbox, deleteMailbox } from './protocol/change-mailboxes.ts';
import { closeMailbox, storeFlags } from './protocol/change-messages.ts';
import type { ImapConnection } from './protocol/imap-connection.ts';

/** The folder of the test messages: made, and removed again within seconds. */
export const testFolder = 'Stagecoach Test';
/** Stands in each test message: a folder that holds anything else is not ours to remove. */
const mark = 'X-Stagecoach-Test';
const keyword = '$StagecoachTest';
const longestMs = 60_000;
const attempts = 3;

/** What a test message is written with, and whether a server may refuse it. */
interface TestMessage {
  readonly octets: Buffer;
  readonly internalDate: string;
  readonly flags: readonly string[];
}

/** What servers alter: lines of any length, octets above 127 in a header, folding, white space at an end, a part's end. */
const plain: TestMessage = {
  internalDate: '17-Jul-2019 02:44:25 -0330',
  flags: ['\\Seen', '\\Flagged', keyword],
  octets: Buffer.from(
    [
      'Received: by mail.example (test); Wed, 17 Jul 2019 02:44:25 -0330',
      `${mark}: 1`,
      'Message-ID: <test.1@stagecoach.invalid>',
      'Date: Wed, 17 Jul 2019 02:44:25 -0330',
      'From: =?iso-8859-1?Q?J=F6rg?= <test@stagecoach.invalid>',
      'Subject:  Pr\u00fcfung,\r\n\tfolded ',
      'Disposition-Notification-To: test@stagecoach.invalid',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="b"',
      '',
      'before the first part ',
      '--b',
      '',
      'long line '.repeat(150),
      '--b',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      'Gr\u00fc\u00dfe \t',
      '--b--',
      'after the last part',
      '',
      '',
    ].join('\r\n'),
  ),
};

/** What should not be in mail and is: bare line feeds, an octet in the place of a NUL, no line end at the end. */
const ugly: TestMessage = {
  internalDate: ' 1-Feb-2004 23:59:59 +0545',
  flags: [],
  octets: Buffer.concat([
    Buffer.from(`${mark}: 2\nSubject: bare line feeds\n\nfirst\nsecond `),
    Buffer.from([0x80]),
    Buffer.from(' last'),
  ]),
};

/** Finds out what a target keeps by messages that are written, read back and removed. See EndpointProbe.probeStorage. */
export async function probeImapStorage(
  services: ImapServices,
  target: ImapServer,
  mailbox: MailboxCredentials,
): Promise<StorageProbe> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await probeOnce(services, target, mailbox);
    } catch (error) {
      if (!isKnownError(error)) throw error;
      // A connection that was lost may have left the folder behind: the next attempt removes it first.
      if (error instanceof TransientError && attempt < attempts) continue;
      return unknown(`No test message could be written and read back: ${error.message}`, error);
    }
  }
}

async function probeOnce(
  services: ImapServices,
  target: ImapServer,
  mailbox: MailboxCredentials,
): Promise<StorageProbe> {
  const signal = AbortSignal.timeout(longestMs);
  const connection = await openSignedIn(services, target, { role: 'target', mailbox, signal });
  try {
    return await translating(serverName(target, 'target'), () => probe(connection, target));
  } finally {
    await connection.close();
  }
}

async function probe(connection: ImapConnection, server: ImapServer): Promise<StorageProbe> {
  // Gmail keeps what is removed from a folder in "All Mail"; there, and on Exchange, the answer is known.
  if (connection.capabilities.has('X-GM-EXT-1')) return unknown('Gmail would keep the test messages: none is written.');
  if (isExchange(connection)) return unknown('Exchange alters messages: they are compared by fingerprint.');
  const { root, folders } = await listFolders(connection);
  const folder = new TestFolder(connection, { server, name: nameOf([testFolder], root) });
  if (folders.some(({ path }) => path.join('/') === testFolder) && !(await folder.removeOurs()))
    return unknown(`A folder ${testFolder} holds messages that are not of a test: it is left alone.`);
  await folder.create();
  try {
    return judged(await folder.writeAndRead(plain), await folder.writeAndRead(ugly));
  } finally {
    await folder.remove();
  }
}

/** How one message came back; undefined where the server refused it. */
type Returned = Keeps | undefined;

class TestFolder {
  readonly #connection: ImapConnection;
  readonly #session: FolderSession;
  readonly #server: ImapServer;
  readonly #name: string;

  constructor(connection: ImapConnection, about: { readonly server: ImapServer; readonly name: string }) {
    this.#connection = connection;
    this.#server = about.server;
    this.#name = about.name;
    this.#session = new FolderSession(connection, serverName(about.server, 'target'));
  }

  async create(): Promise<void> {
    await createMailbox(this.#connection, this.#name);
  }

  /** What an earlier test left behind, and nothing else; false where something else is in it. */
  async removeOurs(): Promise<boolean> {
    const left = await this.#list(1);
    const headers = await this.#read(left, { headersOnly: true });
    const ours = left.every(({ uid }) => headers.get(uid)?.header.includes(`${mark}:`) === true);
    if (ours) await this.remove();
    return ours;
  }

  /** First the messages, since a server may keep a folder that is deleted among the deleted things. */
  async remove(): Promise<void> {
    await this.#session.within({ name: this.#name, mode: 'SELECT', anew: true }, async () => {
      await storeFlags(this.#connection, { set: '1:*', operation: '+', flags: ['\\Deleted'] });
    });
    await closeMailbox(this.#connection);
    await deleteMailbox(this.#connection, this.#name);
  }

  async writeAndRead(message: TestMessage): Promise<Returned> {
    const before = (await this.#list(1)).at(-1)?.uid ?? 0;
    if (!(await this.#write(message))) return undefined;
    const [listing] = await this.#list(before + 1);
    if (listing === undefined) return { octets: false, size: false, dates: false, keywords: false };
    const there = (await this.#read([listing], { headersOnly: false })).get(listing.uid);
    const written = digestOf([message.octets]);
    const has = new Set(listing.flags.map((flag) => flag.toLowerCase()));
    return {
      octets: there !== undefined && canonicalDigest(there) === canonicalDigest(written),
      size: [message.octets, canonicalForm(message.octets)].some(({ length }) => length === listing.size),
      dates: internalDateSeconds(listing.internalDate) === internalDateSeconds(message.internalDate),
      keywords: message.flags.every((flag) => has.has(flag.toLowerCase())),
    };
  }

  /** False: the server refuses the message. */
  async #write({ octets, internalDate, flags }: TestMessage): Promise<boolean> {
    const envelope: ItemEnvelope = { internalDate, flags, size: octets.length };
    const about = { folder: this.#name, server: serverName(this.#server, 'target') };
    const writer = new ImapPageWriter(this.#session, about);
    await writer.begin(envelope);
    await writer.write(octets);
    writer.end();
    const [outcome] = await writer.finish();
    return outcome?.outcome === 'written';
  }

  #list(from: number): Promise<readonly ItemListing[]> {
    return listRange(this.#session, { name: this.#name, mode: 'EXAMINE', anew: true }, { from });
  }

  async #read(
    items: readonly ItemListing[],
    { headersOnly }: { readonly headersOnly: boolean },
  ): Promise<ReadonlyMap<number, ReturnType<ItemDigester['finish']>>> {
    const read = new Map<number, ReturnType<ItemDigester['finish']>>();
    let current: { readonly uid: number; readonly digester: ItemDigester } | undefined;
    const sink: ItemSink = {
      begin: ({ uid }) => {
        current = { uid, digester: new ItemDigester() };
      },
      chunk: (octets) => current?.digester.update(octets),
      end: () => {
        if (current !== undefined) read.set(current.uid, current.digester.finish());
      },
    };
    const folder = { name: this.#name, mode: 'EXAMINE', anew: true } as const;
    if (items.length > 0)
      await readBodies(this.#session, { folder, uids: items.map(({ uid }) => uid), headersOnly }, sink);
    return read;
  }
}

function digestOf(chunks: readonly Buffer[]): ReturnType<ItemDigester['finish']> {
  const digester = new ItemDigester();
  for (const chunk of chunks) digester.update(chunk);
  return digester.finish();
}

function judged(first: Returned, second: Returned): StorageProbe {
  if (first === undefined) return unknown('The server refuses a test message.');
  const keeps: Keeps = {
    octets: first.octets && second?.octets !== false,
    size: first.size && second?.size !== false,
    dates: first.dates && second?.dates !== false,
    keywords: first.keywords,
  };
  const lost = [
    ...(keeps.octets ? [] : ['their octets (they are compared by fingerprint)']),
    ...(keeps.dates ? [] : ['when they were received']),
    ...(keeps.keywords ? [] : ['their keywords']),
  ];
  const refused = second === undefined ? ' One with bare line feeds is refused: such messages are sent with CRLF.' : '';
  if (lost.length === 0) {
    const evidence = `Test messages came back as they were written.${refused}`;
    return { keeps, check: { ...storage, result: 'pass', evidence, fix: '' } };
  }
  const evidence = `The server does not keep of messages ${lost.join(', ')}.${refused}`;
  const fix = keeps.dates ? '' : 'Ask its operator whether an import by IMAP may set the date (INTERNALDATE).';
  return { keeps, check: { ...storage, result: 'warn', evidence, fix } };
}

const storage = { side: 'target', check: 'storage', code: null, transient: false } as const;

function unknown(evidence: string, error?: KnownError): StorageProbe {
  const code = error?.code ?? null;
  return { keeps: undefined, check: { ...storage, code, result: 'cannot-check', evidence, fix: '' } };
}
