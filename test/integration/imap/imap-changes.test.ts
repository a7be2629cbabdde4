import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { imapMailSource } from '../../../shared/adapters/imap/imap-mail-source.ts';
import { ImapServer } from '../../../shared/domain/endpoint.ts';
import type { FolderState, SourceFolder } from '../../../shared/domain/mail.ts';
import type { SourceMailbox } from '../../../shared/ports/mail-source.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import type { Fault } from '../../support/scripted-imap-server/faults.ts';
import {
  allCapabilities,
  allCapabilitiesBut,
  ScriptedImapServer,
} from '../../support/scripted-imap-server/scripted-imap-server.ts';
import { realClock } from '../../unit/imap/support/clocks.ts';

const services = { clock: realClock, secrets: () => Promise.resolve('') };
const inbox: SourceFolder = { id: 'INBOX', path: ['INBOX'], role: 'inbox', selectable: true };
const names = Array.from({ length: 9 }, (_, at) => `user${String(at)}@contoso.test`);

const open: SourceMailbox[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((mailbox) => mailbox.close()));
});

async function sourceOf(port: number, userName: string): Promise<SourceMailbox> {
  const server = { kind: 'imap', host: '127.0.0.1', port, security: 'none', login: { mode: 'user' } };
  const credentials = { emailAddress: userName, userName, password: 'pw' };
  const source = await imapMailSource(ImapServer.parse(server), services).open(
    credentials,
    new AbortController().signal,
  );
  open.push(source);
  return source;
}

async function stateOf(source: SourceMailbox): Promise<FolderState> {
  const [state] = await source.folderStates([inbox]);
  if (state === undefined || state === 'missing') throw new Error('no state');
  return state;
}

const kinds = {
  QRESYNC: {},
  CONDSTORE: { capability: 'IMAP4rev1 NAMESPACE ENABLE ESEARCH CONDSTORE' },
  neither: { capability: 'IMAP4rev1 NAMESPACE' },
} as const;

describeWithDovecot('what changed in a folder of Dovecot', () => {
  const servers = new Map<string, DovecotServer>();
  let next = 0;

  beforeAll(async () => {
    const users = Object.fromEntries(names.map((name) => [name, 'pw']));
    for (const [name, options] of Object.entries(kinds)) {
      servers.set(name, await DovecotServer.start({ users, ...options }));
    }
  });

  afterAll(async () => {
    await Promise.all([...servers.values()].map((server) => server.stop()));
  });

  /** Messages 1 to 5, of which one is read, one is removed and one comes when their state is known. */
  const changed = async (kind: string) => {
    const server = servers.get(kind);
    if (server === undefined) throw new Error(`no server ${kind}`);
    const user = names[next] ?? '';
    next += 1;
    const [folder] = generateMailbox({ seed: 1, folders: 1, messages: 6 }).folders;
    const messages = (folder?.messages ?? []).map((message, at) => ({ ...message, uid: at + 1, flags: [] }));
    const mailbox = { seed: 1, folders: [{ path: ['INBOX'], uidValidity: 7, messages: messages.slice(0, 5) }] };
    seedMailbox(server, user, mailbox);
    const source = await sourceOf(server.imapPort, user);
    // The server has met every message once: its mod-sequences stand.
    await source.listItems(inbox, { uidValidity: 7, from: 1, to: 5 });
    const known = await stateOf(source);
    const inInbox = ['-u', user, 'mailbox', 'INBOX'] as const;
    await server.doveadm(['flags', 'add', ...inInbox.slice(0, 2), '\\Seen', ...inInbox.slice(2), 'uid', '2']);
    await server.doveadm(['expunge', ...inInbox, 'uid', '4']);
    return { source, known };
  };

  it('is the flags that are other and the messages that are gone, with QRESYNC', async () => {
    const { source, known } = await changed('QRESYNC');

    const changes = await source.changesSince(inbox, known);

    expect(changes.present).toBeUndefined();
    expect(changes.vanished).toEqual([4]);
    expect(changes.flags.map(({ uid }) => uid)).toEqual([2]);
    expect(changes.flags[0]?.flags).toContain('\\Seen');
  });

  it('is the flags that are other and the messages that are there, with CONDSTORE alone', async () => {
    const { source, known } = await changed('CONDSTORE');

    const changes = await source.changesSince(inbox, known);

    expect(changes.vanished).toBeUndefined();
    expect(changes.present).toEqual([1, 2, 3, 5]);
    expect(changes.flags.map(({ uid }) => uid)).toEqual([2]);
  });

  it('is all flags and the messages that are there, with neither', async () => {
    const { source, known } = await changed('neither');

    const changes = await source.changesSince(inbox, known);

    expect(known.highestModSeq).toBeUndefined();
    expect(changes.present).toEqual([1, 2, 3, 5]);
    expect(changes.flags.map(({ uid }) => uid)).toEqual([1, 2, 3, 5]);
  });

  it.each(['QRESYNC', 'CONDSTORE'])('is looked for in all of it where the folder counts anew (%s)', async (kind) => {
    const { source, known } = await changed(kind);

    const changes = await source.changesSince(inbox, { ...known, highestModSeq: '999999999' });

    expect(changes.present).toEqual([1, 2, 3, 5]);
    expect(changes.flags.map(({ uid }) => uid)).toEqual([1, 2, 3, 5]);
  });

  it('is told again and again over one connection, folders being opened in between', async () => {
    const { source, known } = await changed('QRESYNC');

    const first = await source.changesSince(inbox, known);
    const read = await source.listItems(inbox, { uidValidity: 7, from: 1, to: 5 });
    const second = await source.changesSince(inbox, known);
    const third = await source.changesSince(inbox, await stateOf(source));

    expect(read.map(({ uid }) => uid)).toEqual([1, 2, 3, 5]);
    expect(second).toEqual(first);
    expect(third).toEqual({ flags: [], vanished: [] });
  });
});

describe('what changed in a folder, as it is asked for', () => {
  const [user = ''] = names;

  const ask = async (options: {
    readonly capabilities?: readonly string[];
    readonly fault?: readonly [string, Fault];
  }) => {
    const server = await ScriptedImapServer.start({
      users: { [user]: 'pw' },
      capabilities: options.capabilities ?? allCapabilities,
    });
    const box = server.account(user).create('INBOX');
    const octets = Buffer.from('Subject: x\r\n\r\nx\r\n');
    const internalDate = '17-Jul-2020 02:44:25 +0000';
    box.addAll([1, 2, 3, 4].map(() => ({ octets, internalDate, flags: [] })));
    const { uidValidity, uidNext, highestModSeq } = box;
    const known = { uidValidity, uidNext, messages: 4, highestModSeq: String(highestModSeq) };
    box.remove(new Set([1]));
    const [, second] = box.messages;
    if (second !== undefined) box.setFlags(second, ['\\Flagged']);
    box.addAll([{ octets, internalDate, flags: [] }]);
    if (options.fault !== undefined) server.plan.atCommand(options.fault[0], 1, options.fault[1]);
    const source = await sourceOf(server.port, user);
    const changes = await source.changesSince(inbox, known);
    const asked = server.plan.events.flatMap((event) =>
      event.kind === 'command' ? [event.line.replace(/^\w+ /, '')] : [],
    );
    await source.close();
    await server.stop();
    return { changes, asked };
  };
  const flagged = { uid: 3, flags: ['\\Flagged'] };
  const bad: Fault = { do: 'answer', status: 'BAD', text: 'not today' };

  it('takes one command behind the opening of the folder with QRESYNC, and none that goes over all of it', async () => {
    const { changes, asked } = await ask({});

    expect(changes).toEqual({ flags: [flagged], vanished: [1] });
    expect(asked.filter((line) => line.startsWith('UID'))).toEqual([
      expect.stringMatching(/^UID FETCH 1:4 \(UID FLAGS\) \(CHANGEDSINCE \d+ VANISHED\)$/),
    ]);
    expect(asked.indexOf('ENABLE QRESYNC')).toBeLessThan(asked.findIndex((line) => line.startsWith('EXAMINE')));
  });

  it.each<readonly [string, Parameters<typeof ask>[0]]>([
    ['does not offer it', { capabilities: allCapabilitiesBut('QRESYNC') }],
    ['cannot enable it', { capabilities: allCapabilitiesBut('ENABLE') }],
    ['refuses to enable it', { fault: ['ENABLE', bad] }],
  ])('asks for what is there where the server %s', async (_, options) => {
    const { changes, asked } = await ask(options);

    expect(changes).toEqual({ flags: [flagged], present: [2, 3, 4] });
    expect(asked.some((line) => line.includes('VANISHED'))).toBe(false);
  });

  it('lists everything where the server knows of no mod-sequences in this folder', async () => {
    const { changes } = await ask({ fault: ['UID FETCH', bad] });

    expect(changes.present).toEqual([2, 3, 4]);
    expect(changes.flags).toEqual([{ uid: 2, flags: [] }, flagged, { uid: 4, flags: [] }]);
  });
});
