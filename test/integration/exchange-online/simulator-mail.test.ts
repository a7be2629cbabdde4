import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { anna, graphOf, startPractice, type Graph } from './support/practice-organisation.ts';

const key = 'String {8e2d1b0a-3c4d-4e5f-8a9b-0c1d2e3f4a5b} Name Key';
const migrated = {
  subject: 'Hello',
  body: { contentType: 'html', content: '<p>Hello</p>' },
  from: { emailAddress: { name: 'Bob', address: 'bob@fabrikam.test' } },
  toRecipients: [{ emailAddress: { address: anna } }],
  internetMessageId: '<1@fabrikam.test>',
  isRead: false,
  singleValueExtendedProperties: [
    { id: 'Integer 0x0E07', value: '4' },
    { id: 'SystemTime 0x0039', value: '2019-03-01T10:00:00Z' },
    { id: 'SystemTime 0x0E06', value: '2019-03-01T10:00:03Z' },
    { id: key, value: "k'1" },
  ],
};

describe('mail of the practice Exchange Online', () => {
  let simulator: ExchangeOnlineSimulator;
  let graph: Graph;
  const of = `/users/${anna}`;

  beforeAll(async () => {
    simulator = await startPractice();
    graph = await graphOf(simulator);
  });
  afterAll(() => simulator.stop());

  it('takes dates and the sent state from extended properties alone', async () => {
    const made = await graph('POST', `${of}/mailFolders/inbox/messages`, { body: migrated });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      isDraft: false,
      isRead: false,
      receivedDateTime: '2019-03-01T10:00:03Z',
      sentDateTime: '2019-03-01T10:00:00Z',
      internetMessageId: '<1@fabrikam.test>',
    });
    const plain = await graph('POST', `${of}/mailFolders/inbox/messages`, {
      body: { subject: 'Draft', receivedDateTime: '2019-03-01T10:00:03Z', isDraft: false },
    });
    expect(plain.json['isDraft']).toBe(true);
    expect(plain.json['receivedDateTime']).not.toContain('2019');
    const flags = [{ id: 'Integer 0x0E07', value: '9' }];
    const unsent = await graph('POST', `${of}/messages`, { body: { singleValueExtendedProperties: flags } });
    expect(unsent.json).toMatchObject({ isDraft: true, isRead: true });
  });

  it('passes over changes of what is fixed, and refuses those of a sent message', async () => {
    const made = await graph('POST', `${of}/mailFolders/inbox/messages`, { body: { subject: 'x' } });
    const address = `${of}/messages/${made.json.id}`;
    const changed = await graph('PATCH', address, {
      body: {
        isDraft: false,
        receivedDateTime: '2001-01-01T00:00:00Z',
        singleValueExtendedProperties: [{ id: 'Integer 0xe07', value: '1' }],
        isRead: false,
      },
    });
    expect(changed.status).toBe(200);
    expect(changed.json).toMatchObject({ isDraft: true, isRead: false });
    expect(changed.json['receivedDateTime']).not.toContain('2001');
    const sent = await graph('POST', `${of}/mailFolders/inbox/messages`, { body: migrated });
    const refused = await graph('PATCH', `${of}/messages/${sent.json.id}`, { body: { subject: 'other' } });
    expect(refused).toMatchObject({ status: 403, json: { error: { code: 'ErrorAccessDenied' } } });
  });

  it('finds messages by an extended property, a Message-ID and a time of creation', async () => {
    const any = `singleValueExtendedProperties/Any(ep: ep/id eq '${key}' and ep/value eq 'k''1')`;
    const byKey = await graph(
      'GET',
      `${of}/messages?$filter=${encodeURIComponent(any)}&$expand=${encodeURIComponent(`singleValueExtendedProperties($filter=id eq '${key}' or id eq 'Integer 0x0E07')`)}`,
    );
    expect(byKey.json.value.length).toBeGreaterThan(0);
    expect(byKey.json.value[0]!['singleValueExtendedProperties']).toEqual([
      { id: 'Integer 0xe07', value: '4' },
      { id: key, value: "k'1" },
    ]);
    const byId = await graph(
      'GET',
      `${of}/messages?$filter=internetMessageId eq '<1@fabrikam.test>'&$select=id,subject`,
    );
    expect(Object.keys(byId.json.value[0]!).toSorted()).toEqual(['@odata.etag', 'id', 'subject']);
    const later = new Date(Date.now() + 60_000).toISOString();
    expect((await graph('GET', `${of}/messages?$filter=createdDateTime ge ${later}`)).json.value).toEqual([]);
    const quoted = await graph('GET', `${of}/messages?$filter=createdDateTime ge '${later}'`);
    expect(quoted.status).toBe(400);
    const order = await graph('GET', `${of}/messages?$filter=isRead eq true&$orderby=receivedDateTime`);
    expect(order.json.error.code).toBe('InefficientFilter');
  });

  it('pages, keeps immutable ids over a move, and forgets other ones', async () => {
    const folder = (await graph('POST', `${of}/mailFolders`, { body: { displayName: 'Many' } })).json.id;
    for (let at = 0; at < 12; at += 1)
      await graph('POST', `${of}/mailFolders/${folder}/messages`, { body: { ...migrated, subject: String(at) } });
    const prefer = 'IdType="ImmutableId"';
    const first = await graph('GET', `${of}/mailFolders/${folder}/messages?$orderby=createdDateTime`, { prefer });
    expect(first.json.value).toHaveLength(10);
    const second = await graph('GET', first.json['@odata.nextLink'], { prefer });
    expect(second.json.value).toHaveLength(2);
    expect(second.json['@odata.nextLink']).toBeUndefined();
    const { id } = first.json.value[0]!;
    const plainId = (await graph('GET', `${of}/messages/${id}`)).json.id;
    expect(plainId).not.toBe(id);
    await graph('POST', `${of}/messages/${id}/move`, { body: { destinationId: 'archive' } });
    expect((await graph('GET', `${of}/messages/${id}`, { prefer })).json.id).toBe(id);
    expect((await graph('GET', `${of}/messages/${plainId}`)).json.error.code).toBe('ErrorItemNotFound');
  });

  it('keeps a folder name once among its siblings', async () => {
    await graph('POST', `${of}/mailFolders/inbox/childFolders`, { body: { displayName: 'Project' } });
    const again = await graph('POST', `${of}/mailFolders/inbox/childFolders`, { body: { displayName: 'PROJECT' } });
    expect(again).toMatchObject({ status: 409, json: { error: { code: 'ErrorFolderExists' } } });
    const found = await graph('GET', `${of}/mailFolders/inbox/childFolders?$filter=displayName eq 'project'`);
    expect(found.json.value).toHaveLength(1);
  });

  it('takes small attachments whole and large ones in ranges that follow each other', async () => {
    const made = await graph('POST', `${of}/mailFolders/inbox/messages`, {
      body: {
        ...migrated,
        attachments: [{ '@odata.type': '#microsoft.graph.fileAttachment', name: 'a.txt', contentBytes: 'aGVsbG8=' }],
      },
    });
    expect(made.json['hasAttachments']).toBe(true);
    const address = `${of}/messages/${made.json.id}/attachments`;
    const large = randomBytes(5 * 1024 * 1024);
    const session = await graph('POST', `${address}/createUploadSession`, {
      body: { AttachmentItem: { attachmentType: 'file', name: 'large.bin', size: large.length } },
    });
    expect(session.status).toBe(201);
    const put = async (from: number, to: number, more: Record<string, string> = {}): Promise<Response> =>
      await fetch(session.json.uploadUrl, {
        method: 'PUT',
        headers: {
          'Content-Range': `bytes ${from}-${to - 1}/${large.length}`,
          'Content-Type': 'application/octet-stream',
          ...more,
        },
        body: large.subarray(from, to),
      });
    const half = 3 * 1024 * 1024;
    expect((await put(0, half, { Authorization: 'Bearer x' })).status).toBe(400);
    const taken = await put(0, half);
    expect(await taken.json()).toMatchObject({ nextExpectedRanges: [String(half)] });
    expect((await put(0, half)).status).toBe(416);
    const last = await put(half, large.length);
    expect(last.status).toBe(201);
    expect(last.headers.get('location')).toContain('Attachments');
    const listed = await graph('GET', `${address}?$select=name,size`);
    expect(listed.json.value.map(({ name }) => name)).toEqual(['a.txt', 'large.bin']);
    expect(simulator.mailbox(anna).item(made.json.id).attachments[1]?.content.equals(large)).toBe(true);
  });

  it('refuses a request of more than 4 MB', async () => {
    const content = 'x'.repeat(4 * 1024 * 1024);
    const made = await graph('POST', `${of}/messages`, { body: { body: { contentType: 'text', content } } });
    expect(made.status).toBe(413);
  });

  it('makes a draft of MIME', async () => {
    const mime = Buffer.from(
      'From: bob@fabrikam.test\r\nSubject: Old\r\nDate: Fri, 1 Mar 2019 10:00:00 +0000\r\n\r\nHello\r\n',
    );
    const headers = { 'Content-Type': 'text/plain' };
    const made = await graph('POST', `${of}/messages`, { body: mime.toString('base64'), headers });
    expect(made.json).toMatchObject({ subject: 'Old', isDraft: true });
    const wrong = await graph('POST', `${of}/messages`, { body: 'no base64!', headers });
    expect(wrong.json.error.code).toBe('ErrorMimeContentInvalidBase64String');
  });
});
