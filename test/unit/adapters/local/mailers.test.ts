import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmlMailer } from '../../../../shared/adapters/local/eml-mailer.ts';
import { smtpMailer } from '../../../../shared/adapters/local/smtp-mailer.ts';
import type { MailMessage } from '../../../../shared/ports/mailer.ts';
import { startSmtpServer } from './scripted-smtp-server.ts';

const message: MailMessage = {
  to: ['admin@contoso.test', 'second@contoso.test'],
  subject: 'Batch wave-1 is Synced: 12 Postfächer',
  text: 'Zwölf Postfächer\n.\nEnde',
  html: '<p>Zwölf Postfächer</p>',
  attachments: [{ name: 'MigrationErrors.csv', contentType: 'text/csv', octets: Buffer.from('a,b\r\n') }],
};

/** The parts of a mail by their content type; enough MIME for what nodemailer writes. */
function partsOf(mail: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of mail.split(/\r\n--[^\r]+\r\n/)) {
    const [head = '', ...body] = part.split('\r\n\r\n');
    const type = /Content-Type: ([^;\r]+)/i.exec(head)?.[1];
    const encoding = /Content-Transfer-Encoding: (\S+)/i.exec(head)?.[1];
    if (type === undefined || type.startsWith('multipart')) continue;
    const text = body.join('\r\n\r\n');
    parts.set(type, encoding === 'base64' ? Buffer.from(text, 'base64').toString() : decodeQuotedPrintable(text));
  }
  return parts;
}

function decodeQuotedPrintable(text: string): string {
  const octets = text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(octets, 'latin1').toString();
}

describe('mails as files', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stagecoach-mail-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('holds text, HTML and attachments, and names the message', async () => {
    const mailer = await EmlMailer.open({ dataDir: folder, from: 'Stagecoach <stagecoach@contoso.test>' });

    const { id } = await mailer.send(message);

    const mail = await readFile(join(folder, 'mail', '0001-batch-wave-1-is-synced-12-postfacher.eml'), 'latin1');
    expect(mail).toContain('To: admin@contoso.test, second@contoso.test\r\n');
    expect(mail).toContain('From: Stagecoach <stagecoach@contoso.test>\r\n');
    expect(mail).toContain(`Message-ID: ${id}\r\n`);
    expect(mail).toContain('Auto-Submitted: auto-generated\r\n');
    expect(mail).toMatch(/filename="?MigrationErrors.csv/);
    const parts = partsOf(mail);
    expect(parts.get('text/plain')?.replaceAll('\r', '').trim()).toBe(message.text);
    expect(parts.get('text/html')?.trim()).toBe(message.html);
    expect(parts.get('text/csv')).toBe('a,b\r\n');
  });

  it('numbers mails in order, also when many are sent at once and after a restart', async () => {
    const mailer = await EmlMailer.open({ dataDir: folder, from: 'a@contoso.test' });
    await Promise.all(Array.from({ length: 12 }, (_, number) => mailer.send({ ...message, subject: `m${number}` })));
    const again = await EmlMailer.open({ dataDir: folder, from: 'a@contoso.test' });
    await again.send({ ...message, subject: '!!!' });

    const names = (await readdir(join(folder, 'mail'))).toSorted();
    expect(names.map((name) => name.slice(0, 4))).toEqual(
      Array.from({ length: 13 }, (_, number) => String(number + 1).padStart(4, '0')),
    );
    expect(names.at(-1)).toBe('0013-mail.eml');
    expect((await stat(join(folder, 'mail', names[0]!))).mode & 0o777).toBe(0o600);
  });

  it('lets no subject add a header', async () => {
    const mailer = await EmlMailer.open({ dataDir: folder, from: 'a@contoso.test' });

    await mailer.send({ ...message, subject: 'x\r\nBcc: thief@evil.test' });

    const [name] = await readdir(join(folder, 'mail'));
    expect(await readFile(join(folder, 'mail', name!), 'utf8')).not.toMatch(/^Bcc:/m);
  });
});

describe('mails through a mail server', () => {
  it('arrives whole at every recipient', async () => {
    const server = await startSmtpServer();
    const mailer = smtpMailer({ url: `smtp://127.0.0.1:${server.port}`, from: 'Stagecoach <s@contoso.test>' });

    const { id } = await mailer.send(message);

    expect(server.recipients).toEqual(['RCPT TO:<admin@contoso.test>', 'RCPT TO:<second@contoso.test>']);
    expect(server.mails).toHaveLength(1);
    expect(server.mails[0]).toContain(`Message-ID: ${id}`);
    expect(partsOf(server.mails[0]!).get('text/csv')).toBe('a,b\r\n');
    await server.close();
  });

  it.each([
    ['550 5.1.1 <admin@contoso.test> unknown', 'ConfigurationError'],
    ['451 4.3.0 try later, second@contoso.test', 'TransientError'],
  ])('says why it was refused after %j, without addresses', async (rcpt, name) => {
    const server = await startSmtpServer({ rcpt });
    const sending = smtpMailer({ url: `smtp://127.0.0.1:${server.port}`, from: 's@contoso.test' }).send(message);

    await expect(sending).rejects.toMatchObject({ name, code: 'MAIL_NOT_SENT' });
    await expect(sending).rejects.not.toThrow(/contoso/);
    await expect(sending).rejects.toThrow(/127\.0\.0\.1/);
    await server.close();
  });

  it('shows no password of the server that it cannot reach', async () => {
    const server = await startSmtpServer();
    await server.close();
    const url = `smtp://stagecoach:Sommer2026@127.0.0.1:${server.port}`;
    const sending = smtpMailer({ url, from: 's@contoso.test' }).send(message);

    await expect(sending).rejects.toMatchObject({ name: 'TransientError', code: 'MAIL_NOT_SENT' });
    await expect(sending).rejects.not.toThrow(/Sommer/);
  });
});
