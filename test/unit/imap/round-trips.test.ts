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
    peer.send(`${tag} OK done`);
  }
}

function folder(name: string): SourceFolder {
  return { id: name, path: [name], selectable: true };
}

/** Without tags and arguments. */
function verbs(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.split(' ')[1] ?? '');
}

/** A server that greets, signs in, plays the script and says goodbye. */
async function serve(script: (peer: Peer) => Promise<void>, more = ''): Promise<ImapServer> {
  const server = await playServer(async (peer) => {
    peer.send(`* OK [CAPABILITY ${capabilities}${more}] ready`);
    const [login = ''] = await commands(peer, 1);
    peer.send(`${login.split(' ')[0] ?? ''} OK [CAPABILITY ${capabilities}${more}] done`);
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

  it('a source whose server tells states with its folders is asked for these only once more', async () => {
    const seen: string[] = [];
    const server = await serve(async (peer) => {
      const lines = await commands(peer, 3);
      seen.push(...lines);
      peer.send('* STATUS INBOX (MESSAGES 7 UIDNEXT 9 UIDVALIDITY 5 HIGHESTMODSEQ 12)');
      answer(peer, lines);
      const later = await commands(peer, 1);
      seen.push(...later);
      answer(peer, later);
    }, ' LIST-EXTENDED LIST-STATUS');

    const source = await imapMailSource(server, services).open(who, signal);
    await source.foldersAtOpening?.();
    const told = await source.folderStates([folder('INBOX')]);
    const asked = await source.folderStates([folder('INBOX')]);

    expect(told).toEqual([{ uidValidity: 5, uidNext: 9, messages: 7, highestModSeq: '12' }]);
    expect(asked).toEqual([{ uidValidity: 5, uidNext: 1, messages: 0, highestModSeq: '1' }]);
    expect(verbs(seen)).toEqual(['ENABLE', 'NAMESPACE', 'LIST', 'STATUS']);
    expect(seen[2]).toMatch(/ LIST "" "\*" RETURN \(STATUS \(MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ\)\)$/);
    await source.close();
  });

  it('a source whose server tells too little of a state with its folders is asked for all', async () => {
    const server = await serve(async (peer) => {
      const lines = await commands(peer, 3);
      peer.send('* STATUS INBOX (MESSAGES 7 UIDVALIDITY 5)');
      answer(peer, lines);
      answer(peer, await commands(peer, 1));
    }, ' LIST-EXTENDED LIST-STATUS');

    const source = await imapMailSource(server, services).open(who, signal);
    await source.foldersAtOpening?.();

    expect(await source.folderStates([folder('INBOX')])).toMatchObject([{ messages: 0, uidNext: 1 }]);
    await source.close();
  });

  it('a source whose server refuses that is asked for its folders alone', async () => {
    const server = await serve(async (peer) => {
      const [enable = '', namespace = '', list = ''] = await commands(peer, 3);
      answer(peer, [enable, namespace]);
      peer.send(`${list.split(' ')[0] ?? ''} NO [CANNOT] not now`);
      for (const count of [2, 1]) answer(peer, await commands(peer, count));
    }, ' LIST-EXTENDED LIST-STATUS');

    const source = await imapMailSource(server, services).open(who, signal);

    expect((await source.foldersAtOpening?.())?.folders).toHaveLength(1);
    expect(await source.folderStates([folder('INBOX')])).toMatchObject([{ messages: 0 }]);
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
    const inbox = folder('INBOX');
    const seen: string[] = [];
    const server = await serve(async (peer) => {
      answer(peer, await commands(peer, 3));
      answer(peer, await commands(peer, 2));
      const lines = await commands(peer, 3);
      seen.push(...lines);
      answer(peer, lines);
    });
    const source = await imapMailSource(server, services).open(who, signal);
    await source.listItems(inbox, { uidValidity: 5, from: 1, to: 9 });

    const states = await source.folderStates([inbox, folder('b')]);

    expect(states).toMatchObject([{ uidValidity: 5 }, { uidValidity: 5 }]);
    expect(verbs(seen)).toEqual(['UNSELECT', 'STATUS', 'STATUS']);
    await source.close();
  });
});
