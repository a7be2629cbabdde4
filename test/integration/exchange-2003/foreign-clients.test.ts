import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { WebdavSimulator } from '../../../simulator/exchange-2003/webdav-simulator.ts';
import { DavMail } from '../../support/davmail/davmail.ts';
import { describeWithDavMail } from '../../support/davmail/describe-with-davmail.ts';
import { encodeModifiedUtf7 } from '../../support/mail/modified-utf7.ts';
import { PlainImapClient } from '../../support/mail/plain-imap-client.ts';

const run = promisify(execFile);
const address = 'anna@contoso.test';
const accounts = [
  { name: address, password: 'pw', opens: [address] },
  { name: 'CONTOSO\\anna', password: 'pw', opens: [address] },
];

function practiceMailbox(): PracticeMailbox {
  const mailbox = new PracticeMailbox(address, { inbox: 'Posteingang', sentitems: 'Gesendete Objekte' });
  const inbox = mailbox.wellKnown('inbox')!.id;
  const projects = mailbox.addFolder('Projekte & Ähnliches', { parent: inbox });
  const add = (folder: string, at: number, subject: string, more = {}): void => {
    const mime = Buffer.from(`Message-ID: <${String(at)}@contoso.test>\r\nSubject: x\r\n\r\nHello ${String(at)}\r\n`);
    mailbox.addItem(folder, { mime: () => mime, subject, received: new Date(1.6e12 + at * 1000), ...more });
  };
  add(inbox, 0, 'Grüße', { read: true });
  add(inbox, 1, 'a < b', { flagged: true });
  add(inbox, 2, 'bell \u0007', { verb: 102, read: true });
  add(projects.id, 3, '100% sure? yes/no');
  return mailbox;
}

describeWithDavMail('The practice Exchange 2003, shown by DavMail', () => {
  let simulator: WebdavSimulator;
  let davmail: DavMail;
  let client: PlainImapClient;

  beforeAll(async () => {
    // DavMail 6.0 signs in to WebDAV by the form of Outlook Web Access alone.
    simulator = await WebdavSimulator.start({ mailboxes: [practiceMailbox()], accounts, auth: ['forms'] });
    const more = { 'davmail.imapAlwaysApproxMsgSize': 'true' };
    davmail = await DavMail.start({ url: simulator.webdavUrl, mode: 'WebDav', more });
    client = await PlainImapClient.connect(davmail.imapPort);
    // DavMail knows no AUTHENTICATE PLAIN.
    await client.command(`LOGIN "${address}" "pw"`);
  });

  afterAll(async () => {
    client.close();
    await davmail.stop();
    await simulator.stop();
  });

  it('has the folders that were put there, the mailbox’s own ones by what they are', async () => {
    const { untagged } = await client.command('LIST "" "*"');

    const folders = untagged.map(({ line }) => /^\* LIST \(.*\) "\/" "(.*)"$/.exec(line)?.[1]).filter(Boolean);
    expect(folders).toEqual(
      expect.arrayContaining([
        'INBOX',
        `INBOX/${encodeModifiedUtf7('Projekte & Ähnliches')}`,
        'Sent',
        'Drafts',
        'Trash',
        'Junk E-mail',
      ]),
    );
    expect(folders).not.toContain('Calendar');
  });

  it('has the mail that was put there, with flags, sizes and dates', async () => {
    await client.command('EXAMINE "INBOX"');
    const { untagged } = await client.command('UID FETCH 1:* (FLAGS RFC822.SIZE INTERNALDATE)');

    const fetched = untagged.flatMap(({ line }) => {
      const [, flags = '', size = '', date = ''] =
        /^\* \d+ FETCH .*FLAGS \(([^)]*)\) RFC822\.SIZE (\d+) INTERNALDATE "([^"]*)"/.exec(line) ?? [];
      return date === '' ? [] : [{ flags: flags.split(' '), size: Number(size), at: Date.parse(date) }];
    });
    expect(fetched.map(({ at }) => at)).toEqual([1.6e12, 1.6e12 + 1_000, 1.6e12 + 2_000]);
    expect(fetched.map(({ size }) => size)).toEqual([53, 53, 53]);
    expect(fetched.map(({ flags }) => flags.filter((flag) => flag !== '\\Recent'))).toEqual([
      ['\\Seen'],
      ['\\Flagged'],
      ['\\Seen', '\\Answered'],
    ]);
  });
});

describe('The practice Exchange 2003, asked by curl', () => {
  let simulator: WebdavSimulator;

  beforeAll(async () => {
    simulator = await WebdavSimulator.start({ mailboxes: [practiceMailbox()], accounts, regeneratesMime: false });
  });

  afterAll(() => simulator.stop());

  it.each([
    ['--basic', address],
    ['--ntlm', 'CONTOSO\\anna'],
  ])('lists a folder row by row and hands out messages (%s)', async (auth, user) => {
    const ask = async (path: string, ...more: readonly string[]): Promise<string> => {
      const { stdout } = await run('curl', ['-sS', auth, '-u', `${user}:pw`, ...more, `${simulator.origin}${path}`]);
      return stdout;
    };
    const sql =
      `SELECT "http://schemas.microsoft.com/exchange/permanenturl", "urn:schemas:httpmail:subject" ` +
      `FROM SCOPE('SHALLOW TRAVERSAL OF "/exchange/anna/Posteingang"') WHERE "DAV:isfolder" = false ` +
      `ORDER BY "urn:schemas:httpmail:datereceived" DESC`;
    const body = `<d:searchrequest xmlns:d="DAV:"><d:sql>${sql.replaceAll('<', '&lt;')}</d:sql></d:searchrequest>`;

    const head = ['-X', 'SEARCH', '-H', 'Content-Type: text/xml', '-H', 'Range: rows=1-1', '-i', '--data-binary', body];
    const answer = await ask('/exchange/anna/Posteingang', ...head);
    const [, permanent = ''] = />http:\/\/[^<]*(\/exchange\/[^<]*-FlatUrlSpace-[^<]*)</.exec(answer) ?? [];
    const message = await ask(permanent, '-H', 'Translate: f');

    expect(answer).toContain('HTTP/1.1 207');
    expect(answer).toMatch(/Content-Range: rows 1-1; total=3/i);
    expect(answer.match(/<a:response>/g)).toHaveLength(1);
    expect(answer).toContain('a &#60; b');
    expect(message).toBe('Message-ID: <1@contoso.test>\r\nSubject: x\r\n\r\nHello 1\r\n');
  });
});
