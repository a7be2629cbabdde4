/**
 * The octets of a FastTransfer stream, [MS-OXCFXICS] section 2.2.4: properties by type, recipients and attachments. Shares
 * nothing with the reader of the practice Exchange Online, which is to notice what is wrong here.
 */

/** Somebody a message is addressed to; 1 To, 2 Cc, 3 Bcc ([MS-OXOMSG] section 2.2.3.1). */
export interface StreamPerson {
  readonly name: string;
  readonly address: string;
  readonly kind: number;
}

/** A property that has no number of its own, but a name in a set. */
export interface NamedProperty {
  readonly set: keyof typeof sets;
  readonly name: number | string;
}

/** [MS-OXPROPS] section 1.3.2, as a stream has them. */
const sets = {
  publicStrings: guid('00020329-0000-0000-c000-000000000046'),
  common: guid('00062008-0000-0000-c000-000000000046'),
  appointment: guid('00062002-0000-0000-c000-000000000046'),
  task: guid('00062003-0000-0000-c000-000000000046'),
  address: guid('00062004-0000-0000-c000-000000000046'),
  note: guid('0006200e-0000-0000-c000-000000000046'),
} as const;

type Id = number | NamedProperty;

export function word(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) buffer.writeUInt32LE(value, 4 * at);
  return buffer;
}

export function number(id: Id, value: number): Buffer {
  return tagged(id, 0x03, word(value));
}

export function flag(id: Id, value: boolean): Buffer {
  return tagged(id, 0x0b, Buffer.from([value ? 1 : 0, 0]));
}

export function fraction(id: Id, value: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeDoubleLE(value);
  return tagged(id, 0x05, content);
}

export function octets(id: Id, value: Buffer): Buffer {
  return tagged(id, 0x102, sized(value));
}

export function text(id: Id, value: string): Buffer {
  return tagged(id, 0x1f, letters(value));
}

/** Several values in one property. */
export function texts(id: Id, values: readonly string[]): Buffer {
  return tagged(id, 0x101f, word(values.length), ...values.map(letters));
}

export function manyOctets(id: Id, values: readonly Buffer[]): Buffer {
  return tagged(id, 0x1102, word(values.length), ...values.map(sized));
}

export function optional(id: Id, value: string | undefined): readonly Buffer[] {
  return value === undefined || value === '' ? [] : [text(id, value)];
}

/** FILETIME: tenths of microseconds since 1601. */
export function time(id: Id, epochMs: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeBigUInt64LE((BigInt(epochMs) + 11_644_473_600_000n) * 10_000n);
  return tagged(id, 0x40, content);
}

/** What follows the properties: MetaTagFXDelProp says that recipients, then attachments, stand for all there were. */
export function parts(people: readonly StreamPerson[], attachments: readonly (readonly Buffer[])[]): Buffer {
  return Buffer.concat([
    word(0x4016_0003, 0x0e12_000d),
    ...people.map(recipient),
    word(0x4016_0003, 0x0e13_000d),
    ...attachments.map((properties, at) =>
      Buffer.concat([word(0x4000_0003), number(0x0e21, at), ...properties, word(0x400e_0003)]),
    ),
  ]);
}

/** Properties of an attached file. */
export function fileOf(file: {
  readonly name: string;
  readonly contentType: string;
  readonly contentId?: string | undefined;
  readonly content: Buffer;
}): readonly Buffer[] {
  const { name, contentType, contentId, content } = file;
  return [text(0x3707, name), text(0x370e, contentType), ...optional(0x3712, contentId), octets(0x3701, content)];
}

function recipient({ name, address, kind }: StreamPerson, row: number): Buffer {
  const properties = [number(0x3000, row), number(0x0c15, kind), text(0x3001, name), text(0x39fe, address)];
  return Buffer.concat([word(0x4003_0003), ...properties, word(0x4004_0003)]);
}

/** Named ones have a number of this stream's, which means nothing elsewhere, and tell their name behind it. */
function tagged(id: Id, type: number, ...content: readonly Buffer[]): Buffer {
  if (typeof id === 'number') return Buffer.concat([word(id * 0x1_0000 + type), ...content]);
  const { set, name } = id;
  const called =
    typeof name === 'number' ? [Buffer.from([0]), word(name)] : [Buffer.from([1]), Buffer.from(`${name}\0`, 'utf16le')];
  return Buffer.concat([word(0x8123 * 0x1_0000 + type), sets[set], ...called, ...content]);
}

function letters(value: string): Buffer {
  return sized(Buffer.from(`${value}\0`, 'utf16le'));
}

function sized(value: Buffer): Buffer {
  return Buffer.concat([word(value.length), value]);
}

/** The first three groups stand with their octets turned round. */
function guid(value: string): Buffer {
  const [first = '', second = '', third = '', ...rest] = value.split('-');
  const turned = [first, second, third].map((group) => Buffer.from(group, 'hex').reverse());
  return Buffer.concat([...turned, Buffer.from(rest.join(''), 'hex')]);
}
