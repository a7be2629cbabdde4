import { afterEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { webdavMailSource } from '../../../shared/adapters/webdav/webdav-mail-source.ts';
import { ExchangeServer } from '../../../shared/domain/endpoint.ts';
import type { SourceFolder } from '../../../shared/domain/mail.ts';
import type { ItemSink, SourceMailbox } from '../../../shared/ports/mail-source.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { WebdavSimulator, type WebdavOptions } from '../../../simulator/exchange-2003/webdav-simulator.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';

const address = 'anna@contoso.test';
const header = 'Message-ID: <1@contoso.test>\r\nSubject: large\r\n\r\n';
const large = Buffer.concat([Buffer.from(header), Buffer.alloc(24_000_000, 'All work and no play.\r\n')]);
const small = Buffer.from('Message-ID: <2@contoso.test>\r\nSubject: small\r\n\r\nsmall\r\n');

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');

describe('A large message of Exchange 2003', () => {
  const open: (() => unknown)[] = [];

  afterEach(async () => {
    for (const close of open.splice(0)) await close();
  });

  interface Opened {
    readonly simulator: WebdavSimulator;
    readonly line: TcpFaultProxy;
    readonly source: SourceMailbox;
    readonly folder: SourceFolder;
    readonly uidValidity: number;
  }

  async function openInbox(options: Partial<WebdavOptions> = {}): Promise<Opened> {
    const mailbox = new PracticeMailbox(address);
    const inbox = mailbox.wellKnown('inbox')!.id;
    mailbox.addItem(inbox, { mime: () => large, received: new Date(1e12) });
    mailbox.addItem(inbox, { mime: () => small, received: new Date(2e12) });
    const accounts = [{ name: address, password: 'pw', opens: [address] }];
    const simulator = await WebdavSimulator.start({
      mailboxes: [mailbox],
      accounts,
      regeneratesMime: false,
      ...options,
    });
    const line = await TcpFaultProxy.start(simulator.port);
    const webdavUrl = `http://127.0.0.1:${String(line.port)}/exchange/`;
    const server = ExchangeServer.parse({ kind: 'exchange', webdavUrl, login: { mode: 'user' } });
    const services = { secrets: () => Promise.resolve(''), clock: systemClock, objects: new MemoryObjectStore() };
    const credentials = { emailAddress: address, userName: address, password: 'pw' };
    const source = await webdavMailSource(server, services).open(credentials, new AbortController().signal);
    open.push(
      () => source.close(),
      () => line.stop(),
      () => simulator.stop(),
    );
    const folder = (await source.listFolders()).folders.find(({ role }) => role === 'inbox')!;
    const [state] = await source.folderStates([folder]);
    return { simulator, line, source, folder, uidValidity: (state as { uidValidity: number }).uidValidity };
  }

  function collecting(): { readonly sink: ItemSink; readonly read: { size: number; octets: Buffer[] }[] } {
    const read: { size: number; octets: Buffer[] }[] = [];
    const sink: ItemSink = {
      begin: ({ size }) => void read.push({ size, octets: [] }),
      chunk: (octets) => void read.at(-1)?.octets.push(Buffer.from(octets)),
      end: () => undefined,
    };
    return { sink, read };
  }

  it('is handed on as it arrives, and no faster than it is taken', async () => {
    const { line, source, folder, uidValidity } = await openInbox();
    const { sink, read } = collecting();
    let atFirst = 0;
    const before = line.counters().bytesToClient;
    const slow: ItemSink = {
      ...sink,
      async chunk(octets) {
        if (atFirst === 0) {
          // Long enough for all of it to arrive, if it could.
          await sleep(400);
          atFirst = line.counters().bytesToClient - before;
        }
        await sink.chunk(octets);
      },
    };

    const { unreadable } = await source.readItems(folder, { uidValidity, uids: [1, 2] }, slow);

    expect(unreadable).toEqual([]);
    // What the sockets between us hold, and not the message.
    expect(atFirst).toBeLessThan(18_000_000);
    expect(read.map(({ size }) => size)).toEqual([large.length, small.length]);
    expect(read.map(({ octets }) => sha256(Buffer.concat(octets)))).toEqual([sha256(large), sha256(small)]);
  });

  it('is the same where the server does not tell how large it is', async () => {
    const { source, folder, uidValidity } = await openInbox({ tellsLength: false });
    const { sink, read } = collecting();

    await source.readItems(folder, { uidValidity, uids: [1, 2] }, sink);

    expect(read.map(({ size }) => size)).toEqual([large.length, small.length]);
    expect(read.map(({ octets }) => sha256(Buffer.concat(octets)))).toEqual([sha256(large), sha256(small)]);
  });

  it('is not read to its end for its header, and the next one follows', async () => {
    const { line, source, folder, uidValidity } = await openInbox();
    const { sink, read } = collecting();
    const before = line.counters().bytesToClient;

    await source.readItems(folder, { uidValidity, uids: [1, 2], headersOnly: true }, sink);

    expect(read.map(({ octets }) => Buffer.concat(octets).toString())).toEqual([
      header,
      'Message-ID: <2@contoso.test>\r\nSubject: small\r\n\r\n',
    ]);
    expect(line.counters().bytesToClient - before).toBeLessThan(18_000_000);
  });

  it('that breaks off, or that is not wanted any more, leaves a connection that goes on', async () => {
    const { simulator, source, folder, uidValidity } = await openInbox();
    const { sink, read } = collecting();
    simulator.play({ method: 'GET', cutAfter: 1_000_000 });

    await expect(source.readItems(folder, { uidValidity, uids: [1] }, sink)).rejects.toMatchObject({
      name: 'TransientError',
      code: 'SOURCE_CONNECTION_LOST',
    });
    const full = { ...sink, chunk: () => Promise.reject(new Error('the target is full')) };
    await expect(source.readItems(folder, { uidValidity, uids: [1] }, full)).rejects.toThrow('the target is full');
    await source.readItems(folder, { uidValidity, uids: [2] }, sink);

    expect(Buffer.concat(read.at(-1)?.octets ?? []).equals(small)).toBe(true);
  });
});
