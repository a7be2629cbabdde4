import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { MailboxVerification } from '../../../shared/domain/report/mailbox-report.ts';
import { CopyHarness } from '../../support/copy/copy-harness.ts';
import { DovecotCopies } from '../../support/copy/dovecot-copies.ts';
import { message } from '../../support/copy/faults/mailboxes.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';
import { ScriptedImapServer } from '../../support/scripted-imap-server/scripted-imap-server.ts';

const password = 'pw';
const users = { 'full@contoso.test': password, 'sample@contoso.test': password };
const folders = { INBOX: 30, Sent: 20, Work: 20 };
const all = 70;

/** Does something between the last page and the look at the target, once. */
function whenAllIsCopied(harness: CopyHarness, happens: () => Promise<void> | void): void {
  const savePair = harness.store.savePair.bind(harness.store);
  let happened = false;
  harness.store.savePair = async (pair, head) => {
    const saved = await savePair(pair, head);
    if (pair.pass?.phase === 'close' && !happened) {
      happened = true;
      await happens();
    }
    return saved;
  };
}

describeWithDovecot('A target at which somebody deletes, alters and adds a message', () => {
  const copies = new DovecotCopies({ users });

  const fill = async (user: string): Promise<void> => {
    const client = await PlainImapClient.signIn(copies.source, user);
    let number = 1;
    for (const [folder, messages] of Object.entries(folders)) {
      if (folder !== 'INBOX') await client.command(`CREATE ${folder}`);
      for (let at = 0; at < messages; at += 1) {
        const { octets } = message(number);
        await client.append(folder, octets, { flags: [], internalDate: new Date(1_600_000_000_000 + number * 1000) });
        number += 1;
      }
    }
    client.close();
  };

  /** Deletes UID 5 of Sent, alters a letter of UID 7 of Work, adds one to INBOX. */
  const tamper = async (user: string): Promise<void> => {
    const client = await PlainImapClient.signIn(copies.target, user);
    await client.command('SELECT Sent');
    await client.command('UID STORE 5 +FLAGS (\\Deleted)');
    await client.command('UID EXPUNGE 5');
    await client.append('INBOX', Buffer.from('Subject: added\r\n\r\nby others\r\n'), {
      flags: [],
      internalDate: new Date(0),
    });
    client.close();
    alterOnDisk(join(copies.target.mailDir(user), '.Work'), 7);
  };

  const found = (report: MailboxVerification): readonly unknown[] =>
    report.differences
      .map(({ folder, uid, targetUid, kind }) => ({ folder, uid, targetUid, kind }))
      .sort((a, b) => a.folder.localeCompare(b.folder));
  const wanted = [
    { folder: 'INBOX', uid: null, targetUid: 31, kind: 'extra' },
    { folder: 'Sent', uid: 5, targetUid: 5, kind: 'missing' },
    { folder: 'Work', uid: 7, targetUid: 7, kind: 'altered' },
  ];

  it('is reported by folder and message, each rightly named, between two passes with verify=full', async () => {
    const user = 'full@contoso.test';
    await fill(user);
    const harness = await copies.open(user, { options: { verify: 'full' } });
    expect(await harness.run(user)).toMatchObject({ status: 'Synced', green: true, items: { copied: all } });
    await tamper(user);

    await harness.beginPass('incremental');
    const job = await harness.run(user);

    const report = await harness.verification(job);
    expect(job).toMatchObject({ status: 'Synced', green: false, error: { code: 'VERIFICATION_FAILED' } });
    expect(job.verification).toMatchObject({ differences: 3 });
    expect(found(report)).toEqual(wanted);
    expect(report.confidence).toMatchObject({ mode: 'full' });
  });

  it('is reported in the pass itself by a sample that is as large as the mailbox', async () => {
    const user = 'sample@contoso.test';
    await fill(user);
    const harness = await copies.open(user);
    whenAllIsCopied(harness, () => tamper(user));

    const job = await harness.run(user);

    const report = await harness.verification(job);
    expect(job).toMatchObject({ status: 'Synced', green: false, error: { code: 'VERIFICATION_FAILED' } });
    expect(found(report)).toEqual(wanted);
    expect(report.confidence).toMatchObject({ mode: 'sample' });
  });
});

/** Turns a letter of a stored message around; its length, its name and its date stay. */
function alterOnDisk(folder: string, uid: number): void {
  const list = readFileSync(join(folder, 'dovecot-uidlist'), 'utf8').split('\n');
  const base = list.find((line) => line.startsWith(`${String(uid)} `))?.replace(/^.*:/, '') ?? 'none';
  const files = ['cur', 'new'].flatMap((part) =>
    readdirSync(join(folder, part)).map((name) => join(folder, part, name)),
  );
  const path = files.find((file) => basename(file).startsWith(base));
  if (path === undefined) throw new Error(`no file of UID ${String(uid)}`);
  const { atime, mtime } = statSync(path);
  const octets = readFileSync(path);
  const at = octets.lastIndexOf('quick');
  octets.write('quirk', at, 'latin1');
  writeFileSync(path, octets);
  utimesSync(path, atime, mtime);
}

describe('A sample of a large mailbox', () => {
  const user = 'large@contoso.test';
  const messages = 2_000;

  it('meets one of the altered messages where they are many, names only such, and finds all that is missing or extra', async () => {
    const source = await ScriptedImapServer.start({ users: { [user]: password } });
    const target = await ScriptedImapServer.start({ users: { [user]: password } });
    const numbers = Array.from({ length: messages }, (_, at) => at + 1);
    source
      .account(user)
      .create('INBOX')
      .addAll(numbers.map((number) => message(number)));
    const harness = await CopyHarness.open({ source, target, mailbox: user, password });
    const altered = new Set<number>();
    whenAllIsCopied(harness, () => {
      const inbox = target.account(user).create('INBOX');
      for (const stored of inbox.messages) {
        // One in twenty: a sample of 299 meets none of them once in four million times.
        if (stored.uid % 20 !== 3) continue;
        altered.add(stored.uid);
        Object.assign(stored, {
          octets: Buffer.from(stored.octets.toString('latin1').replace('fox', 'cat'), 'latin1'),
        });
      }
      inbox.remove(new Set([500]));
      inbox.add(message(9_000));
    });

    const job = await harness.run(user);
    const report = await harness.verification(job);
    harness.close();
    await Promise.all([source.stop(), target.stop()]);

    const named = (kind: string): readonly (number | null)[] =>
      report.differences.filter((difference) => difference.kind === kind).map(({ targetUid }) => targetUid);
    expect(job).toMatchObject({ status: 'Synced', green: false, error: { code: 'VERIFICATION_FAILED' } });
    expect(named('missing')).toEqual([500]);
    expect(named('extra')).toEqual([messages + 1]);
    expect(named('altered').length).toBeGreaterThan(0);
    expect(named('altered').filter((uid) => uid === null || !altered.has(uid))).toEqual([]);
    expect(report.confidence.checked).toBeGreaterThanOrEqual(295);
    expect(report.confidence.level).toBeGreaterThan(0.94);
  });
});
