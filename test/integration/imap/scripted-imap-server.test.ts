import { afterEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ImapFlow } from 'imapflow';
import { imapMailSource } from '../../../shared/adapters/imap/imap-mail-source.ts';
import { imapMailTarget } from '../../../shared/adapters/imap/imap-mail-target.ts';
import { ImapServer } from '../../../shared/domain/endpoint.ts';
import type { TargetMailbox } from '../../../shared/ports/mail-target.ts';
import type { Quirks } from '../../support/scripted-imap-server/session.ts';
import {
  allCapabilitiesBut,
  ScriptedImapServer,
  type ScriptedServerOptions,
} from '../../support/scripted-imap-server/scripted-imap-server.ts';
import { ManualClock, realClock } from '../../unit/imap/support/clocks.ts';

const user = 'alice@contoso.test';
const date = '17-Jul-2020 02:44:25 +0000';
const message = (number: number): Buffer =>
  Buffer.from(
    `From: a@contoso.test\r\nTo: b@contoso.test\r\nSubject: number ${number}\r\nDate: Fri, 17 Jul 2020 02:44:25 +0000\r\nMessage-ID: <${number}@contoso.test>\r\n\r\nbody of ${number}\r\n`,
  );

const servers: ScriptedImapServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function start(options: Partial<ScriptedServerOptions> = {}): Promise<ScriptedImapServer> {
  const server = await ScriptedImapServer.start({ users: { [user]: 'pw' }, ...options });
  servers.push(server);
  return server;
}

const settings = (server: ScriptedImapServer): ImapServer =>
  ImapServer.parse({ kind: 'imap', host: server.host, port: server.port, security: 'none', login: { mode: 'user' } });
const credentials = { emailAddress: user, userName: user, password: 'pw' };
const services = { clock: realClock, secrets: () => Promise.resolve('') };

const openTarget = (server: ScriptedImapServer): Promise<TargetMailbox> =>
  imapMailTarget(settings(server), services).open(credentials, new AbortController().signal);

async function append(target: TargetMailbox, bodies: readonly Buffer[], folder = 'INBOX') {
  const page = target.beginPage(
    { id: folder, path: [folder], selectable: true },
    { items: bodies.length, octets: 1000 },
  );
  for (const body of bodies) {
    await page.begin({ flags: ['\\Seen', '$x'], internalDate: date, size: body.length });
    await page.write(body);
    await page.end();
  }
  return page.finish();
}

describe('the scripted IMAP server and other clients', () => {
  it('serves imapflow: folders, search, fetch, append, flags, move', async () => {
    const server = await start();
    const account = server.account(user);
    account.create('Gr&APYA3w-e', '\\Archive');
    account.mailbox('INBOX')?.addAll([1, 2, 3].map((number) => ({ octets: message(number), internalDate: date })));
    const client = new ImapFlow({
      host: server.host,
      port: server.port,
      secure: false,
      auth: { user, pass: 'pw' },
      logger: false,
      disableAutoIdle: true,
    });
    await client.connect();

    const folders = await client.list();
    await client.mailboxOpen('INBOX');
    const subjects: (string | undefined)[] = [];
    for await (const item of client.fetch('1:*', { uid: true, envelope: true, source: true, flags: true })) {
      subjects.push(item.envelope?.subject);
      expect(item.source).toEqual(message(item.uid));
    }
    const appended = await client.append('INBOX', message(4), ['\\Flagged'], new Date('2021-01-02T03:04:05Z'));
    await client.messageFlagsAdd('2', ['\\Seen'], { uid: true });
    const moved = await client.messageMove('1', 'Größe', { uid: true });
    const unseen = await client.search({ seen: false }, { uid: true });
    await client.logout();

    expect(folders.map(({ path, specialUse }) => [path, specialUse])).toEqual(
      expect.arrayContaining([['Größe', '\\Archive']]),
    );
    expect(subjects).toEqual(['number 1', 'number 2', 'number 3']);
    expect(appended).toMatchObject({ uid: 4 });
    expect(moved).toMatchObject({ uidMap: new Map([[1, 1]]) });
    expect(unseen).toEqual([3, 4]);
    expect(account.mailbox('INBOX')?.messages.map(({ uid, flags }) => [uid, ...flags])).toEqual([
      [2, '\\Seen'],
      [3],
      [4, '\\Flagged'],
    ]);
  });

  const mbsync = ['/usr/bin/mbsync', '/usr/local/bin/mbsync'].find((file) => existsSync(file));
  (mbsync === undefined ? it.skip : it)('serves mbsync, in both directions and twice', async () => {
    const server = await start();
    const account = server.account(user);
    account.create('Sent').addAll([{ octets: message(9), internalDate: date, flags: ['\\Seen'] }]);
    account.mailbox('INBOX')?.addAll([1, 2, 3].map((number) => ({ octets: message(number), internalDate: date })));
    const folder = mkdtempSync(join(tmpdir(), 'mbsync-'));
    try {
      const config = [
        `IMAPAccount s\nHost ${server.host}\nPort ${server.port}\nUser ${user}\nPass pw\nSSLType None\n`,
        'IMAPStore far\nAccount s\n',
        `MaildirStore near\nPath ${folder}/mail/\nInbox ${folder}/mail/INBOX\nSubFolders Verbatim\n`,
        'Channel c\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nExpunge Both\nSyncState *\n',
      ].join('\n');
      writeFileSync(join(folder, 'mbsyncrc'), config);
      mkdirSync(join(folder, 'mail'));
      const sync = () => promisify(execFile)(mbsync ?? 'mbsync', ['-c', join(folder, 'mbsyncrc'), '-a']);
      await sync();
      const files = (name: string): string[] =>
        ['cur', 'new'].flatMap((part) =>
          readdirSync(join(folder, 'mail', name, part)).map((file) => join(folder, 'mail', name, part, file)),
        );
      expect(files('INBOX')).toHaveLength(3);
      expect(files('Sent')).toHaveLength(1);

      writeFileSync(join(folder, 'mail/INBOX/cur/1700000000.new:2,FS'), message(4).toString().replaceAll('\r\n', '\n'));
      await sync();
      await sync();

      const inbox = account.mailbox('INBOX')?.messages ?? [];
      expect(inbox).toHaveLength(4);
      expect([...(inbox[3]?.flags ?? [])].sort()).toEqual(['\\Flagged', '\\Seen']);
      expect(inbox[3]?.octets.toString()).toContain('body of 4');
      expect(
        files('INBOX')
          .map((file) => readFileSync(file, 'utf8'))
          .join(''),
      ).toContain('body of 2');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  const servers_: [string, Partial<ScriptedServerOptions>][] = [
    ['with everything', {}],
    ['without MULTIAPPEND', { capabilities: allCapabilitiesBut('MULTIAPPEND') }],
    ['without LITERAL+', { capabilities: allCapabilitiesBut('LITERAL+') }],
    ['with LITERAL-', { capabilities: [...allCapabilitiesBut('LITERAL+'), 'LITERAL-'] }],
    ['with nothing', { capabilities: ['IMAP4rev1'] }],
    ['that overlaps FETCHes', { quirks: { overlapFetches: true } satisfies Quirks }],
    ['that names UIDs last', { quirks: { uidLast: true } }],
    ['that sends names as literals, without codes', { quirks: { literalNames: true, noCodes: true } }],
    ['with a prefix and dots', { prefix: 'INBOX.', separator: '.' }],
  ];

  it.each(servers_)('serves our own client, %s', async (_, options) => {
    const server = await start(options);
    const target = await openTarget(server);
    const source = await imapMailSource(settings(server), services).open(credentials, new AbortController().signal);
    const bodies = Array.from({ length: 20 }, (__, index) => message(index));

    await target.createFolders([['a'], ['a', 'ü']]);
    const outcomes = await append(target, bodies);
    const { folders } = await source.listFolders();
    const inbox = folders.find(({ path }) => path[0] === 'INBOX' && path.length === 1);
    if (inbox === undefined) throw new Error('no inbox');
    const [state] = await source.folderStates([inbox]);
    if (state === undefined || state === 'missing') throw new Error('no state');
    const read: string[] = [];
    let body = '';
    const sink = {
      begin: () => void (body = ''),
      chunk: (octets: Uint8Array) => void (body += Buffer.from(octets).toString()),
      end: () => void read.push(body),
    };
    await Promise.all(
      [0, 10].map((from) =>
        source.readItems(
          inbox,
          { uidValidity: state.uidValidity, uids: Array.from({ length: 10 }, (__, index) => from + index + 1) },
          sink,
        ),
      ),
    );

    expect(outcomes.map(({ outcome }) => outcome)).toEqual(bodies.map(() => 'written'));
    expect(folders.map(({ path }) => path)).toEqual(expect.arrayContaining([['INBOX'], ['a'], ['a', 'ü']]));
    expect(read).toEqual(bodies.map(String));
    await source.close();
    await target.close();
  });
});

describe('faults of the scripted IMAP server', () => {
  it('numbers the same steps for the same conversation', async () => {
    const conversation = async (): Promise<readonly string[]> => {
      const server = await start();
      await append(await openTarget(server), [message(1), message(2)]);
      return server.plan.events.map(({ kind, ...rest }) => ('name' in rest ? `${kind} ${rest.name}` : kind));
    };

    const first = await conversation();

    expect(await conversation()).toEqual(first);
    expect(first.slice(-9)).toEqual([
      'command APPEND',
      'literal-in',
      'literal-in',
      'literal-in',
      'literal-in',
      'literal-in',
      'literal-in',
      'store',
      'reply APPEND',
    ]);
  });

  it('can cut the connection at every step; a page is there as a whole or not at all', async () => {
    const rehearsal = await start();
    await append(await openTarget(rehearsal), [message(1), message(2)]);
    const steps = rehearsal.plan.events.length;
    const first = rehearsal.plan.events.findIndex((event) => event.kind === 'command' && event.name === 'APPEND') + 1;

    const stored: number[] = [];
    for (let number = 1; number <= steps; number += 1) {
      const server = await start();
      server.plan.at(number, { do: 'cut' });
      const outcome = await openTarget(server)
        .then((target) => append(target, [message(1), message(2)]))
        .catch((error: unknown) => error);
      expect(outcome).toMatchObject({ name: 'TransientError' });
      if (number >= first) stored.push(server.account(user).mailbox('INBOX')?.messages.length ?? -1);
    }

    // Only after `store` is anything there: stored, the OK lost.
    expect(stored).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 2]);
  });

  it('can store what it received long after the connection is gone', async () => {
    const clock = new ManualClock();
    const server = await start({ clock });
    server.plan.when((event) => event.kind === 'store', { do: 'cut-and-store-later', ms: 9000 });

    await expect(append(await openTarget(server), [message(1)])).rejects.toMatchObject({
      code: 'TARGET_CONNECTION_LOST',
    });

    const inbox = server.account(user).mailbox('INBOX');
    expect(inbox?.messages).toHaveLength(0);
    await clock.pass(8999);
    expect(inbox?.messages).toHaveLength(0);
    await clock.pass(1);
    expect(inbox?.messages).toHaveLength(1);
  });

  it('can answer, say BYE, stall, wait, and let the test act', async () => {
    const server = await start({ capabilities: allCapabilitiesBut('MULTIAPPEND') });
    const target = await openTarget(server);
    server.plan
      .atCommand('APPEND', 2, { do: 'answer', status: 'NO', text: '[TOOBIG] too large' })
      .when((event) => event.kind === 'store', { do: 'call', action: () => server.account(user).create('made') });

    const outcomes = await append(target, [1, 2, 3].map(message));
    server.plan.atCommand('APPEND', 1, { do: 'bye', text: 'Suggested Backoff Time: 5000 milliseconds' });
    const throttled = append(target, [message(4)]);

    expect(outcomes).toMatchObject([
      { outcome: 'written' },
      { outcome: 'refused', code: 'ITEM_TOO_LARGE', atomic: false },
      { outcome: 'written' },
    ]);
    expect(server.account(user).mailbox('made')).toBeDefined();
    await expect(throttled).rejects.toMatchObject({ code: 'TARGET_THROTTLED', retryAfterMs: 5000 });

    const clock = new ManualClock();
    const silent = await start();
    silent.plan.atCommand('NAMESPACE', 1, { do: 'stall' });
    const opening = imapMailTarget(settings(silent), { ...services, clock }).open(
      credentials,
      new AbortController().signal,
    );
    opening.catch(() => undefined);
    while (!silent.plan.events.some((event) => event.kind === 'command' && event.name === 'NAMESPACE')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (let minute = 0; minute < 4; minute += 1) await clock.pass(60_000);
    await expect(opening).rejects.toMatchObject({ code: 'TARGET_CONNECTION_LOST' });
  });

  it('can break the promise that MULTIAPPEND is atomic', async () => {
    const server = await start({ quirks: { partialMultiAppend: true } });
    const target = await openTarget(server);
    let ends = 0;
    server.plan.when((event) => event.kind === 'literal-in' && event.at === 'inside' && (ends += 1) === 2, {
      do: 'cut',
    });

    await expect(append(target, [message(1), message(2)])).rejects.toMatchObject({ name: 'TransientError' });

    expect(server.account(user).mailbox('INBOX')?.messages).toHaveLength(1);
  });
});
