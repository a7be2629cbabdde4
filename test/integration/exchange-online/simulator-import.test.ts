import { afterEach, describe, expect, it } from '@jest/globals';
import type { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { anna, graphOf, startPractice, type Graph } from './support/practice-organisation.ts';

/** What Microsoft's own example of an exported item begins with, up to its first TransferBuffer. */
const head = Buffer.from(
  '01000000080000000000000001000000' +
    '0300000018000000010000000703020000000000c000000000000046' +
    '00240080' +
    '0400000006000000140fd6918617',
  'hex',
);
const u32 = (value: number): Buffer => Buffer.from(new Uint32Array([value]).buffer);
const tag = (type: number, id: number): Buffer => u32(id * 0x10000 + type);
const sized = (octets: Buffer): Buffer => Buffer.concat([u32(octets.length), octets]);
const text = (id: number, value: string): Buffer =>
  Buffer.concat([tag(0x1f, id), sized(Buffer.from(`${value}\0`, 'utf16le'))]);
const integer = (id: number, value: number): Buffer => Buffer.concat([tag(0x03, id), u32(value)]);
const marker = {
  startRecip: u32(0x40030003),
  endToRecip: u32(0x40040003),
  newAttach: u32(0x40000003),
  endAttach: u32(0x400e0003),
};
const time = (id: number, moment: string): Buffer => {
  const octets = Buffer.alloc(8);
  octets.writeBigUInt64LE((BigInt(Date.parse(moment)) + 11_644_473_600_000n) * 10_000n);
  return Buffer.concat([tag(0x40, id), octets]);
};
/** Importance and class are Microsoft's own octets. */
const properties = Buffer.concat([
  Buffer.from('0300170001000000' + 'b0841a0012000000', 'hex'),
  Buffer.from('IPM.Note\0', 'utf16le'),
  text(0x37, 'Grüße'),
  text(0x1000, 'Hello'),
  integer(0x0e07, 1),
  time(0x0e06, '2019-03-01T10:00:03Z'),
  time(0x39, '2019-03-01T10:00:00Z'),
  Buffer.concat([tag(0x102, 0x300b), sized(Buffer.from('key'))]),
  // A named property: GUID, kind 1, name.
  Buffer.concat([
    tag(0x1f, 0x8001),
    Buffer.from('0a1b2c3d000000000000000000000000', 'hex'),
    Buffer.from([1]),
    Buffer.from('Colour\0', 'utf16le'),
    sized(Buffer.from('red\0', 'utf16le')),
  ]),
]);
const recipient = Buffer.concat([
  marker.startRecip,
  integer(0x3000, 0),
  integer(0x0c15, 1),
  text(0x3001, 'Anna'),
  text(0x39fe, anna),
  marker.endToRecip,
]);
const attachment = Buffer.concat([
  marker.newAttach,
  integer(0x0e21, 0),
  text(0x3707, 'a.txt'),
  Buffer.concat([tag(0x102, 0x3701), sized(Buffer.from('content'))]),
  marker.endAttach,
]);
const replaces = (what: number): Buffer => Buffer.concat([u32(0x40160003), u32(what)]);
const whole = Buffer.concat([properties, replaces(0x0e12000d), recipient, replaces(0x0e13000d), attachment]);

/** Split amidst values, as the service does. */
function exported(stream: Buffer, size = 50): Buffer {
  const parts: Buffer[] = [head];
  for (let at = 0; at < stream.length; at += size) {
    const part = stream.subarray(at, at + size);
    parts.push(u32(2), sized(part));
  }
  return Buffer.concat(parts);
}

describe('mailbox import of the practice Exchange Online', () => {
  let simulator: ExchangeOnlineSimulator;
  let graph: Graph;
  let now = 1_700_000_000_000;
  afterEach(() => simulator.stop());

  async function openSession(): Promise<{ importUrl: string; inbox: string; admin: string }> {
    simulator = await startPractice({}, { clock: { now: () => now, sleep: () => Promise.resolve() } });
    graph = await graphOf(simulator);
    const { primaryMailboxId } = (await graph('GET', `/users/${anna}/settings/exchange`)).json;
    const admin = `/admin/exchange/mailboxes/${String(primaryMailboxId)}`;
    const inbox = (await graph('GET', `${admin}/folders/inbox`)).json.id;
    const { importUrl } = (await graph('POST', `${admin}/createImportSession`)).json;
    return { importUrl: importUrl as string, inbox, admin };
  }

  async function post(
    url: string,
    body: object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; code: unknown }> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const json = (await response.json()) as { error?: { code: string } };
    return { status: response.status, code: json.error?.code };
  }

  it('makes a message of a stream that is split anywhere', async () => {
    const { importUrl, inbox, admin } = await openSession();
    const answer = await post(importUrl, { FolderId: inbox, Mode: 'create', Data: exported(whole).toString('base64') });
    expect(answer.status).toBe(200);
    const [message] = (await graph('GET', `/users/${anna}/mailFolders/inbox/messages?$expand=attachments`)).json.value;
    expect(message).toMatchObject({
      subject: 'Grüße',
      isDraft: false,
      isRead: true,
      receivedDateTime: '2019-03-01T10:00:03Z',
      body: { contentType: 'text', content: 'Hello' },
      toRecipients: [{ emailAddress: { name: 'Anna', address: anna } }],
      attachments: [{ name: 'a.txt', contentBytes: Buffer.from('content').toString('base64') }],
    });
    const filter = encodeURIComponent(
      `singleValueExtendedProperties/any(p:p/id eq 'Binary 0x300B' and p/value eq '${Buffer.from('key').toString('base64')}')`,
    );
    const found = (await graph('GET', `${admin}/folders/${inbox}/items?$filter=${filter}`)).json.value;
    expect(found).toMatchObject([{ type: 'IPM.Note' }]);
    expect(
      simulator.mailbox(anna).items()[0]?.single.get('String {3d2c1b0a-0000-0000-0000-000000000000} Name Colour'),
    ).toBe('red');
  });

  it.each<[string, Buffer]>([
    ['without its head', exported(whole).subarray(16)],
    ['that is cut off', exported(whole).subarray(0, -1)],
    ['that ends amidst a property', exported(properties.subarray(0, -3))],
    ['with attachments before recipients', exported(Buffer.concat([properties, attachment, recipient]))],
    ['with a recipient that does not end', exported(Buffer.concat([properties, recipient.subarray(0, -4)]))],
    ['with properties after its parts', exported(Buffer.concat([whole, integer(0x17, 1)]))],
    ['with a length that is not its own', exported(Buffer.concat([tag(0x1f, 0x37), u32(5), Buffer.from('ab\0\0\0')]))],
    ['with a text without its end', exported(Buffer.concat([tag(0x1f, 0x37), sized(Buffer.from('ab', 'utf16le'))]))],
    ['of no properties', Buffer.concat([head, u32(2), u32(0)])],
  ])('refuses a stream %s', async (_what, data) => {
    const { importUrl, inbox } = await openSession();
    const answer = await post(importUrl, { FolderId: inbox, Mode: 'create', Data: data.toString('base64') });
    expect(answer).toEqual({ status: 400, code: 'ErrorCorruptData' });
    expect(simulator.mailbox(anna).items()).toEqual([]);
  });

  it('wants folder ids of its own, no Authorization header, and a session that has not expired', async () => {
    const { importUrl, inbox } = await openSession();
    const item = { Mode: 'create', Data: exported(whole).toString('base64') };
    const mailFolder = simulator.mailbox(anna).folder('inbox').id;
    expect((await post(importUrl, { ...item, FolderId: mailFolder })).status).toBe(404);
    expect((await post(importUrl, { ...item, FolderId: inbox }, { Authorization: 'Bearer x' })).status).toBe(400);
    expect((await post(importUrl, { ...item, FolderId: inbox, ItemId: 'x' })).status).toBe(400);
    now += 3_600_000;
    expect((await post(importUrl, { ...item, FolderId: inbox })).status).toBe(401);
  });

  it('makes folders of a class', async () => {
    const { admin } = await openSession();
    const made = await graph('POST', `${admin}/folders`, { body: { displayName: 'Old', type: 'IPF.Appointment' } });
    expect(made.json).toMatchObject({ displayName: 'Old', type: 'IPF.Appointment' });
    const found = await graph('GET', `${admin}/folders?$filter=${encodeURIComponent("type eq 'IPF.Appointment'")}`);
    expect(found.json.value).toHaveLength(2);
    expect((await graph('POST', `${admin}/folders`, { body: { displayName: 'x' } })).status).toBe(400);
  });
});
