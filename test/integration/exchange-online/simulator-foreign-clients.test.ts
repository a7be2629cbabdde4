import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ConfidentialClientApplication,
  type INetworkModule,
  type NetworkRequestOptions,
  type NetworkResponse,
} from '@azure/msal-node';
import {
  BatchRequestContent,
  BatchResponseContent,
  Client,
  type Context,
  FileUpload,
  LargeFileUploadTask,
  type Middleware,
  PageIterator,
  RetryHandler,
} from '@microsoft/microsoft-graph-client';
import type { Contact, Event, FileAttachment, MailFolder, Message } from '@microsoft/microsoft-graph-types';
import type { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { practiceCertificate, rogueCertificate } from './support/practice-certificates.ts';
import { anna, clientId, graphOf, startPractice, tenantId, tokenFor } from './support/practice-organisation.ts';

describe("Microsoft's own clients", () => {
  let simulator: ExchangeOnlineSimulator;
  let client: Client;
  const of = `/users/${anna}`;

  beforeAll(async () => {
    simulator = await startPractice({
      applications: [
        { clientId, secret: 'practice-secret' },
        { clientId: 'with-certificate', certificate: practiceCertificate.certificate },
      ],
    });
    const retries = new RetryHandler();
    retries.setNext(signedIn(await tokenFor(simulator)));
    client = Client.initWithMiddleware({ baseUrl: `${simulator.url}/`, middleware: retries });
  });
  afterAll(() => simulator.stop());

  it('write and read folders and messages', async () => {
    const folder = (await client.api(`${of}/mailFolders`).post({ displayName: 'Projects' })) as MailFolder;
    const message: Message = {
      subject: 'Plans',
      body: { contentType: 'text', content: 'Hello' },
      toRecipients: [{ emailAddress: { address: 'bob@fabrikam.test' } }],
      singleValueExtendedProperties: [
        { id: 'Integer 0x0E07', value: '1' },
        { id: 'SystemTime 0x0E06', value: '2019-03-01T10:00:03Z' },
      ],
      attachments: [
        {
          '@odata.type': '#microsoft.graph.fileAttachment',
          name: 'a.txt',
          contentBytes: 'aGVsbG8=',
        } as FileAttachment,
      ],
    };
    for (let at = 0; at < 12; at += 1) await client.api(`${of}/mailFolders/${folder.id!}/messages`).post(message);
    const page = (await client
      .api(`${of}/mailFolders/${folder.id!}/messages`)
      .header('Prefer', 'IdType="ImmutableId"')
      .filter("subject eq 'Plans'")
      .select('id,subject,receivedDateTime,isDraft')
      .expand('attachments')
      .get()) as { value: Message[] };
    const subjects: unknown[] = [];
    const iterator = new PageIterator(client, page, (found: Message) => {
      subjects.push([found.subject, found.receivedDateTime, found.isDraft, found.attachments?.length]);
      return true;
    });
    await iterator.iterate();
    expect(subjects).toEqual(Array.from({ length: 12 }, () => ['Plans', '2019-03-01T10:00:03Z', false, 1]));
    await expect(client.api(`${of}/mailFolders`).post({ displayName: 'Projects' })).rejects.toMatchObject({
      statusCode: 409,
      code: 'ErrorFolderExists',
    });
  });

  it('send a large attachment in ranges', async () => {
    const message = (await client.api(`${of}/messages`).post({ subject: 'Large' })) as Message;
    const content = randomBytes(4 * 1024 * 1024 + 7);
    const session = await LargeFileUploadTask.createUploadSession(
      client,
      `${of}/messages/${message.id!}/attachments/createUploadSession`,
      {
        AttachmentItem: { attachmentType: 'file', name: 'large.bin', size: content.length },
      },
    );
    const file = new FileUpload(content, 'large.bin', content.length);
    const task = new LargeFileUploadTask(client, file, session, { rangeSize: 1024 * 1024 });
    await task.upload();
    const stored = simulator.mailbox(anna).item(message.id!).attachments[0];
    expect(digest(stored!.content)).toBe(digest(content));
  });

  it('write and read contacts and events, one by one and in a batch', async () => {
    const contact = (await client.api(`${of}/contacts`).post({ givenName: 'Bob', homePhones: ['1'] })) as Contact;
    expect((await client.api(`${of}/contacts/${contact.id!}`).get()) as Contact).toMatchObject({ givenName: 'Bob' });
    const step = new BatchRequestContent();
    const event: Event = {
      subject: 'Lunch',
      start: { dateTime: '2026-05-01T12:00:00', timeZone: 'Europe/Berlin' },
      end: { dateTime: '2026-05-01T13:00:00', timeZone: 'Europe/Berlin' },
    };
    for (const id of ['1', '2'])
      step.addRequest({
        id,
        // The client cuts the host off and nothing more: addresses in a batch have no version.
        request: new Request(`https://graph.microsoft.com${of}/events`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ ...event, subject: `Lunch ${id}` }),
        }),
        ...(id === '2' ? { dependsOn: ['1'] } : {}),
      });
    const answer = new BatchResponseContent(
      (await client.api('/$batch').post(await step.getContent())) as ConstructorParameters<
        typeof BatchResponseContent
      >[0],
    );
    expect(['1', '2'].map((id) => answer.getResponseById(id).status)).toEqual([201, 201]);
    const events = (await client
      .api(`${of}/calendarView`)
      .query({ startDateTime: '2026-05-01T00:00:00Z', endDateTime: '2026-05-02T00:00:00Z' })
      .header('Prefer', 'outlook.timezone="Europe/Berlin"')
      .get()) as { value: Event[] };
    expect(events.value).toMatchObject([
      { subject: 'Lunch 1', start: { dateTime: '2026-05-01T12:00:00.0000000' } },
      { subject: 'Lunch 2' },
    ]);
    expect(simulator.invitations).toEqual([]);
  });

  it('try again after a 429', async () => {
    const before = simulator.throttling.impatient;
    simulator.play({ method: 'GET', path: '/mailFolders', status: 429, code: 'ApplicationThrottled', retryAfter: 1 });
    expect((await client.api(`${of}/mailFolders/inbox`).get()) as MailFolder).toMatchObject({ displayName: 'Inbox' });
    expect(simulator.throttling.impatient).toBe(before);
  });

  it('sign in with a certificate, and not with another one', async () => {
    const graph = await graphOf(simulator);
    const token = await signIn(simulator, practiceCertificate);
    const headers = { Authorization: `Bearer ${token}` };
    expect((await graph('GET', `${of}/mailFolders/inbox`, { headers })).status).toBe(200);
    await expect(signIn(simulator, rogueCertificate)).rejects.toThrow(/AADSTS700027/);
  });
});

/**
 * The client gives its token to https alone, and takes nothing else for a whole address: here the last of its middleware
 * signs in, at Graph and not at uploads, and undoes what was put before an address.
 */
function signedIn(token: string): Middleware {
  return {
    execute: async (context: Context) => {
      // Their types name those of a browser, which are none here.
      const request: string | Request = context.request;
      const options: RequestInit = context.options ?? {};
      const url = (typeof request === 'string' ? request : request.url).replace(/^.+(?=http:)/, '');
      const headers = new Headers(options.headers);
      if (new URL(url).pathname.startsWith('/v1.0/')) headers.set('Authorization', `Bearer ${token}`);
      context.response = await fetch(url, { ...options, headers });
    },
  };
}

function digest(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}

async function signIn(
  simulator: ExchangeOnlineSimulator,
  { certificate, privateKey, thumbprintSha256 }: typeof practiceCertificate,
): Promise<string> {
  const application = new ConfidentialClientApplication({
    auth: {
      clientId: 'with-certificate',
      authority: `https://login.microsoftonline.com/${tenantId}`,
      clientCertificate: { thumbprintSha256, privateKey, x5c: certificate },
    },
    system: { networkClient: towards(simulator.url) },
  });
  const answer = await application.acquireTokenByClientCredential({ scopes: ['https://graph.microsoft.com/.default'] });
  return answer?.accessToken ?? '';
}

/** What asks for Microsoft's addresses asks the simulator instead. */
function towards(url: string): INetworkModule {
  const ask = async <T>(
    method: string,
    address: string,
    options?: NetworkRequestOptions,
  ): Promise<NetworkResponse<T>> => {
    const { pathname, search } = new URL(address);
    const response = await fetch(`${url}${pathname}${search}`, {
      method,
      headers: options?.headers ?? {},
      ...(options?.body === undefined ? {} : { body: options.body }),
    });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: (await response.json()) as T,
    };
  };
  return {
    sendGetRequestAsync: (address, options) => ask('GET', address, options),
    sendPostRequestAsync: (address, options) => ask('POST', address, options),
  };
}
