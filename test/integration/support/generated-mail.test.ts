import { afterEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { ImapFlow } from 'imapflow';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import type { DovecotOptions } from '../../support/dovecot/dovecot-options.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { diffMailboxes } from '../../support/mail/diff-mailboxes.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import type { MailboxShape } from '../../support/mail/generate-mailbox.ts';
import { decodeModifiedUtf7, encodeModifiedUtf7 } from '../../support/mail/modified-utf7.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';
import { seedMailbox } from '../../support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';
import { UGLY_MESSAGES } from '../../support/mail/ugly-messages.ts';

const UGLY: MailboxShape = { seed: 7, messages: 300, folders: 30, ugly: true };

describe('Generated mail', () => {
  it('is the same for the same seed and differs for another', () => {
    const digest = (seed: number): string => {
      const hash = createHash('sha256');
      for (const folder of generateMailbox({ ...UGLY, seed }).folders) {
        hash.update(JSON.stringify(folder));
        for (const message of folder.messages) hash.update(message.stored());
      }
      return hash.digest('hex');
    };
    expect(digest(7)).toBe(digest(7));
    expect(digest(7)).not.toBe(digest(8));
  });

  it('has every kind of ugly message, true duplicates and a message of ten megabytes', () => {
    const messages = generateMailbox(UGLY).folders.flatMap((folder) => folder.messages);
    const kinds = new Set(messages.map(({ kind }) => kind));
    expect(
      [...Object.keys(UGLY_MESSAGES), 'a true duplicate', 'a huge message'].filter((kind) => !kinds.has(kind)),
    ).toEqual([]);
    const twins = messages.filter(({ kind }) => kind === 'a true duplicate').map((message) => message.stored());
    expect(twins.length).toBeGreaterThan(1);
    expect(twins.every((twin) => twin.equals(twins[0]!))).toBe(true);
    expect(messages.some((message) => message.stored().length >= 10_000_000)).toBe(true);
  });

  it('has the number of messages and about the bytes that were asked for', () => {
    const messages = generateMailbox({ seed: 1, messages: 1000, bytes: 20_000_000 }).folders.flatMap(
      ({ messages: own }) => own,
    );
    expect(messages).toHaveLength(1000);
    const bytes = messages.reduce((sum, message) => sum + message.stored().length, 0);
    expect(Math.abs(bytes - 20_000_000)).toBeLessThan(1_000_000);
  });

  it('encodes folder names as RFC 3501 does', () => {
    expect(encodeModifiedUtf7('~peter/mail/台北/日本語')).toBe('~peter/mail/&U,BTFw-/&ZeVnLIqe-');
    for (const name of ['R&D', '&-', 'Größe & Co', '🚂'])
      expect(decodeModifiedUtf7(encodeModifiedUtf7(name))).toBe(name);
  });
});

describeWithDovecot('A seeded mailbox', () => {
  const user = 'alice@contoso.test';
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function start(options: Omit<DovecotOptions, 'users'> = {}): Promise<DovecotServer> {
    const server = await DovecotServer.start({ users: { [user]: 'pw' }, ...options });
    closing.push(() => server.stop());
    return server;
  }

  async function plainClient(server: DovecotServer): Promise<PlainImapClient> {
    const client = await PlainImapClient.connect(server.imapPort);
    closing.push(() => client.close());
    await client.login(user, 'pw');
    return client;
  }

  it.each<[string, Omit<DovecotOptions, 'users'>, MailboxShape]>([
    ['Maildir++', {}, UGLY],
    ['a folder tree', { layout: 'fs' }, { ...UGLY, folderCharacters: 'dots' }],
    [
      'Courier style',
      { separator: '.', prefix: 'INBOX.', listescape: true },
      { ...UGLY, folders: 34, folderCharacters: 'slashes' },
    ],
  ])('is read back as generated: %s', async (_name, options, shape) => {
    const server = await start(options);
    const mailbox = generateMailbox(shape);
    seedMailbox(server, user, mailbox);
    const snapshot = await snapshotDovecot(server, user);
    const wanted = mailbox.folders.map(({ path, uidValidity, messages }) => [
      path.map((level) => level.replaceAll('/', '\\/')).join('/'),
      uidValidity,
      messages.map(({ uid, flags, keywords, internalDate }) => [
        uid,
        [...flags].sort(),
        [...keywords].sort(),
        internalDate.getTime() / 1000,
      ]),
    ]);
    const found = [...snapshot.values()].map(({ path, uidValidity, messages }) => [
      path,
      uidValidity,
      messages.map(({ uid, flags, keywords, internalDate }) => [uid, flags, keywords, internalDate]),
    ]);
    expect(found.sort()).toEqual(wanted.sort());
  });

  it('looks the same through imapflow as in the snapshot', async () => {
    const server = await start();
    seedMailbox(server, user, generateMailbox(UGLY));
    const snapshot = await snapshotDovecot(server, user);
    const client = new ImapFlow({
      host: '127.0.0.1',
      port: server.imapPort,
      secure: false,
      doSTARTTLS: false,
      auth: { user, pass: 'pw' },
      logger: false,
    });
    closing.push(() => client.close());
    await client.connect();
    // FETCH 1:* in an empty folder is an error to Dovecot.
    for (const folder of [...snapshot.values()].filter(({ messages }) => messages.length > 0)) {
      await client.mailboxOpen(folder.path, { readOnly: true });
      const seen = [];
      for await (const message of client.fetch('1:*', { uid: true, flags: true, internalDate: true, source: true })) {
        seen.push([
          message.uid,
          createHash('sha256')
            .update(message.source ?? '')
            .digest('hex'),
          message.internalDate,
          [...(message.flags ?? [])].sort(),
        ]);
      }
      const wanted = folder.messages.map((one) => [
        one.uid,
        one.sha256,
        new Date(one.internalDate * 1000),
        [...one.flags, ...one.keywords].sort(),
      ]);
      expect([folder.path, seen]).toEqual([folder.path, wanted]);
    }
  });

  it('shows in the comparison what was lost, altered or added behind our back', async () => {
    const server = await start();
    seedMailbox(server, user, generateMailbox({ seed: 3, messages: 60, folders: 6 }));
    const before = await snapshotDovecot(server, user);
    expect(diffMailboxes(before, await snapshotDovecot(server, user))).toEqual([]);
    const client = await plainClient(server);
    await client.command('SELECT INBOX');
    const [lost, flagged] = before.get('INBOX')!.messages;
    await client.command(`UID STORE ${lost!.uid} FLAGS (\\Deleted)`);
    await client.command(`UID EXPUNGE ${lost!.uid}`);
    await client.command(`UID STORE ${flagged!.uid} FLAGS (other)`);
    await client.append('Sent', Buffer.from('Subject: new\r\n\r\n'), { flags: [], internalDate: new Date(0) });
    const dropped = [...before.values()].find(({ path }) => path.endsWith('Folder 000'))!;
    await client.command(`DELETE "${dropped.name}"`);
    const differences = diffMailboxes(before, await snapshotDovecot(server, user));
    expect(differences.sort()).toEqual([
      expect.stringContaining(`INBOX: differs: source UID ${flagged!.uid}, `),
      expect.stringContaining(`INBOX: missing at the target: UID ${lost!.uid}, `),
      `${dropped.path}: the folder is missing at the target (${dropped.messages.length} messages)`,
      expect.stringContaining('Sent: only at the target: UID '),
    ]);
  });

  it('counts true duplicates', async () => {
    const server = await start();
    const client = await plainClient(server);
    const twin = { flags: ['\\Seen'], internalDate: new Date(0) };
    await client.append('INBOX', Buffer.from('Subject: twin\r\n\r\n'), twin);
    const one = await snapshotDovecot(server, user);
    await client.append('INBOX', Buffer.from('Subject: twin\r\n\r\n'), twin);
    const two = await snapshotDovecot(server, user);
    expect(diffMailboxes(one, two)).toHaveLength(1);
    expect(diffMailboxes(two, one)).toHaveLength(1);
  });
});
