import { SESClient } from '@aws-sdk/client-ses';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { SesMailer } from '../../../shared/adapters/aws/ses-mailer.ts';
import type { MailMessage } from '../../../shared/ports/mailer.ts';

const { default: startSes }: { default: (options: { port: number; host: string }) => Promise<Server> } = createRequire(
  import.meta.url,
)('aws-ses-v2-local');

/** What the server's own page shows of a mail that it took apart. */
const Store = z.object({
  emails: z.array(
    z.looseObject({
      body: z.object({ text: z.string(), html: z.string() }),
      attachments: z.array(z.object({ filename: z.string(), contentType: z.string(), content: z.string() })),
    }),
  ),
});

const message: MailMessage = {
  to: ['admin@contoso.test', 'second@contoso.test'],
  subject: 'Batch wave-1 is Synced: 12 Postfächer',
  text: 'Zwölf Postfächer',
  html: '<p>Zwölf Postfächer</p>',
  attachments: [
    { name: 'MigrationErrors.csv', contentType: 'text/csv', octets: Buffer.from('a,"ö"\r\n') },
    {
      name: 'digest.bin',
      contentType: 'application/octet-stream',
      octets: Uint8Array.from({ length: 256 }, (_, octet) => octet),
    },
  ],
};

function mailerAt(server: Server): SesMailer {
  const client = new SESClient({
    endpoint: addressOf(server),
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  return new SesMailer({ client, from: 'Stagecoach <stagecoach@contoso.test>', configurationSet: 'stagecoach' });
}

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => void server.close(() => resolve()));
}

describe('mails through Amazon SES', () => {
  let ses: Server;
  beforeAll(async () => {
    ses = await startSes({ port: 0, host: '127.0.0.1' });
  });
  afterAll(async () => {
    await close(ses);
  });

  it('arrives as it was written, text, HTML and attachments', async () => {
    const { id } = await mailerAt(ses).send(message);

    const store = Store.parse(await (await fetch(`${addressOf(ses)}/store`)).json());
    expect(store.emails).toHaveLength(1);
    const [mail] = store.emails;
    if (mail === undefined) throw new Error('no mail');
    expect(mail).toMatchObject({
      messageId: id,
      from: '"Stagecoach" <stagecoach@contoso.test>',
      subject: message.subject,
      destination: { to: ['admin@contoso.test, second@contoso.test'], cc: [], bcc: [] },
    });
    expect(mail.body.text.trim()).toBe(message.text);
    expect(mail.body.html.trim()).toBe(message.html);
    const attachments = mail.attachments.map(({ filename, contentType, content }) => [
      filename,
      contentType,
      Buffer.from(content, 'base64'),
    ]);
    expect(attachments).toEqual(
      message.attachments.map(({ name, contentType, octets }) => [name, contentType, Buffer.from(octets)]),
    );
  });
});

describe('mails that Amazon SES refuses', () => {
  async function refusing(
    status: number,
    code: string,
    words: string,
  ): Promise<{ server: Server; asked: () => string }> {
    let asked = '';
    const server = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => (asked += chunk));
      request.on('end', () => {
        response.writeHead(status, { 'content-type': 'text/xml' });
        response.end(
          `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${words}</Message></Error></ErrorResponse>`,
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { server, asked: () => asked };
  }

  it.each([
    [400, 'MessageRejected', 'ConfigurationError'],
    [400, 'ConfigurationSetDoesNotExist', 'ConfigurationError'],
    [403, 'AccessDenied', 'ConfigurationError'],
    [400, 'Throttling', 'TransientError'],
    [503, 'ServiceUnavailable', 'TransientError'],
  ])('are reported after %i %s as %s, without addresses', async (status, code, name) => {
    const { server } = await refusing(status, code, 'Not verified: admin@contoso.test');
    const sending = mailerAt(server).send(message);

    await expect(sending).rejects.toMatchObject({ name, code: 'MAIL_NOT_SENT' });
    await expect(sending).rejects.not.toThrow(/admin@/);
    await close(server);
  });

  it('are sent to the recipients alone, under the configuration set, with tags that say which mail it is', async () => {
    const { server, asked } = await refusing(400, 'MessageRejected', 'no');
    const identity = { batch: 'wave.1', kind: 'finished', occasion: 'pass-1-0123456789abcdef' } as const;
    await expect(mailerAt(server).send({ ...message, identity })).rejects.toThrow();

    const form = new URLSearchParams(asked());
    expect(form.get('Action')).toBe('SendRawEmail');
    expect(form.get('ConfigurationSetName')).toBe('stagecoach');
    const tags = [1, 2, 3].map((tag) => ['Name', 'Value'].map((part) => form.get(`Tags.member.${tag}.${part}`)));
    expect(tags).toEqual([
      ['batch', 'wave_2e_1'],
      ['kind', 'finished'],
      ['occasion', 'pass-1-0123456789abcdef'],
    ]);
    expect([form.get('Destinations.member.1'), form.get('Destinations.member.2')]).toEqual([...message.to]);
    await close(server);
  });
});
