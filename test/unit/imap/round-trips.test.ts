import { afterEach, describe, expect, it } from '@jest/globals';
import { imapMailSource } from '../../../shared/adapters/imap/imap-mail-source.ts';
import { imapMailTarget } from '../../../shared/adapters/imap/imap-mail-target.ts';
import { ImapServer } from '../../../shared/domain/endpoint.ts';
import type { SourceFolder } from '../../../shared/domain/mail.ts';
import { realClock } from './support/clocks.ts';
import { type Peer, type PlayedServer, playServer } from './support/conversation.ts';

const services = { clock: realClock, secrets: () => Promise.resolve('') };
const who = { emailAddress: 'u@contoso.test', userName: 'u', password: 'pw' };
const { signal } = new AbortController();
const capabilities = 'IMAP4rev1 LITERAL+ UIDPLUS NAMESPACE UNSELECT ENABLE QRESYNC SASL-IR';

const servers: PlayedServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

/** Reads commands without answering any: fails, by waiting for ever, where the client waits for an answer in between. */
async function commands(peer: Peer, count: number): Promise<readonly string[]> {
  const lines: string[] = [];
  while (lines.length < count) lines.push(await peer.line());
  return lines;
}

/** Answers in order, STATUS with a state and SELECT and EXAMINE with an empty folder. */
function answer(peer: Peer, lines: readonly string[]): void {
  for (const line of lines) {
    const [tag = '', command = '', name = ''] = line.split(' ');
    if (command === 'STATUS') peer.send(`* STATUS ${name} (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 5 HIGHESTMODSEQ 1)`);
    if (command === 'LIST') peer.send('* LIST () "/" INBOX');
    if (command === 'SELECT' || command === 'EXAMINE') peer.send('* 0 EXISTS', '* OK [UIDVALIDITY 5] x');
    peer.send(`${tag} OK ${command === 'LOGIN' ? `[CAPABILITY ${capabilities}] ` : ''}done`);
  }
}

/** Without tags and arguments. */
function verbs(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.split(' ')[1] ?? '');
}

/** A server that greets, signs in, plays the script and says goodbye. */
async function serve(script: (peer: Peer) => Promise<void>): Promise<ImapServer> {
  const server = await playServer(async (peer) => {
    peer.send(`* OK [CAPABILITY ${capabilities}] ready`);
    answer(peer, await commands(peer, 1));
    await script(peer);
    answer(peer, await commands(peer, 1));
  });
  servers.push(server);
  return ImapServer.parse({
    kind: 'imap',
    host: '127.0.0.1',
    port: server.port,
    security: 'none',
    login: { mode: 'user' },
  });
}

describe('Round trips of an IMAP mailbox', () => {
  it('a source is opened and its folders are listed in one, behind the login', async () => {
    const seen: string[] = [];
    const server = await serve(async (peer) => {
      const lines = await commands(peer, 3);
      seen.push(...lines);
      answer(peer, lines);
    });

    const source = await imapMailSource(server, services).open(who, signal);

    expect((await source.foldersAtOpening?.())?.folders).toHaveLength(1);
    expect(verbs(seen)).toEqual(['ENABLE', 'NAMESPACE', 'LIST']);
    await source.close();
  });

  it('a target makes folders and tells the states of all in one, with no folder selected', async () => {
    const seen: string[] = [];
    const server = await serve(async (peer) => {
      answer(peer, await commands(peer, 3));
      const lines = await commands(peer, 5);
      seen.push(...lines);
      answer(peer, lines);
    });
    const target = await imapMailTarget(server, services).open(who, signal);
    const [inbox] = (await target.foldersAtOpening?.()) ?? [];
    if (inbox === undefined) throw new Error('no inbox');

    const [[made], states] = await Promise.all([target.createFolders([['a']]), target.folderStates([inbox])]);

    expect(made).toMatchObject({ outcome: 'created', state: { messages: 0, uidNext: 1, uidValidity: 5 } });
    expect(states).toMatchObject([{ messages: 0, uidNext: 1, uidValidity: 5 }]);
    expect(verbs(seen).toSorted()).toEqual(['CREATE', 'STATUS', 'STATUS', 'SUBSCRIBE', 'UNSELECT']);
    await target.close();
  });

  it('a source that has a folder open is asked for states in one', async () => {
    const folder: SourceFolder = { id: 'INBOX', path: ['INBOX'], selectable: true };
    const seen: string[] = [];
    const server = await serve(async (peer) => {
      answer(peer, await commands(peer, 3));
      answer(peer, await commands(peer, 2));
      const lines = await commands(peer, 3);
      seen.push(...lines);
      answer(peer, lines);
    });
    const source = await imapMailSource(server, services).open(who, signal);
    await source.listItems(folder, { uidValidity: 5, from: 1, to: 9 });

    const states = await source.folderStates([folder, { ...folder, id: 'b', path: ['b'] }]);

    expect(states).toMatchObject([{ uidValidity: 5 }, { uidValidity: 5 }]);
    expect(verbs(seen)).toEqual(['UNSELECT', 'STATUS', 'STATUS']);
    await source.close();
  });
});
