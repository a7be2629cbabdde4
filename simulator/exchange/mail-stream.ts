import type { PracticeItem } from './practice-mailbox.ts';

/** What a MIME part is, as far as Exchange would keep it. */
interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const [recipientsTag, attachmentsTag] = [0x0e12_000d, 0x0e13_000d];

/** A mail as Exchange exports it: messageContent of [MS-OXCFXICS] section 2.2.4.3. */
export function mailStream(mime: Buffer, item: PracticeItem): Buffer {
  const mail = partOf(mime);
  const leaves = leavesOf(mail);
  const isFile = ({ headers }: Part): boolean =>
    !/^text\/(plain|html)/i.test(headers.get('content-type') ?? 'text/plain') ||
    /^attachment/i.test(headers.get('content-disposition') ?? '') ||
    /\bname\*?=/i.test(headers.get('content-type') ?? '');
  const texts = leaves.filter((leaf) => !isFile(leaf));
  const html = texts.find(({ headers }) => /^text\/html/i.test(headers.get('content-type') ?? ''));
  const plain = texts.find((part) => part !== html);
  const flags = (item.read === true ? 1 : 0) | (item.draft === true ? 8 : 0);
  const sent = Date.parse(mail.headers.get('date') ?? '');
  const [from] = mailboxesOf(mail.headers.get('from'));
  const recipients = (['to', 'cc', 'bcc'] as const).flatMap((field, kind) =>
    mailboxesOf(mail.headers.get(field)).map((mailbox) => ({ ...mailbox, kind: kind + 1 })),
  );
  return Buffer.concat([
    text(0x001a, item.itemClass ?? 'IPM.Note'),
    text(0x0037, decoded(mail.headers.get('subject') ?? '')),
    time(0x0e06, item.received.getTime()),
    time(0x0039, Number.isNaN(sent) ? item.received.getTime() : sent),
    number(0x0e07, flags),
    ...optional(0x1035, mail.headers.get('message-id')),
    ...(from === undefined ? [] : sender(from)),
    ...(item.flagged === true ? [number(0x1090, 2)] : []),
    ...(item.verb === undefined ? [] : [number(0x1081, item.verb)]),
    ...optional(0x1000, plain === undefined ? undefined : textOf(plain)),
    ...(html === undefined ? [] : [octets(0x1013, Buffer.from(textOf(html)))]),
    word(0x4016_0003, recipientsTag),
    ...recipients.map(recipient),
    word(0x4016_0003, attachmentsTag),
    ...leaves.filter(isFile).map(attachment),
  ]);
}

function sender({ name, address }: { readonly name: string; readonly address: string }): readonly Buffer[] {
  return [text(0x0042, name), text(0x0065, address), text(0x0c1a, name), text(0x0c1f, address)];
}

function recipient(
  { name, address, kind }: { readonly name: string; readonly address: string; readonly kind: number },
  row: number,
): Buffer {
  const properties = [number(0x3000, row), number(0x0c15, kind), text(0x3001, name), text(0x39fe, address)];
  return Buffer.concat([word(0x4003_0003), ...properties, word(0x4004_0003)]);
}

function attachment({ headers, body }: Part, at: number): Buffer {
  const type = headers.get('content-type') ?? 'application/octet-stream';
  const name = /name\*?="?([^";]+)/i.exec(`${headers.get('content-disposition') ?? ''} ${type}`)?.[1];
  const id = headers.get('content-id')?.replace(/[<>]/g, '');
  return Buffer.concat([
    word(0x4000_0003),
    number(0x0e21, at),
    text(0x3707, decoded(name ?? 'untitled')),
    text(0x370e, type.split(';')[0] ?? ''),
    ...optional(0x3712, id),
    octets(0x3701, body),
    word(0x400e_0003),
  ]);
}

function partOf(octetsOfPart: Buffer): Part {
  const whole = octetsOfPart.toString('latin1');
  const end = /\r?\n\r?\n|^\r?\n/.exec(whole);
  const head = end === null ? whole : whole.slice(0, end.index);
  const body = end === null ? '' : whole.slice(end.index + end[0].length);
  const headers = new Map<string, string>();
  for (const line of head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const [, name, value = ''] = /^([^:\s]+)\s*:\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined && !headers.has(name.toLowerCase()))
      headers.set(name.toLowerCase(), Buffer.from(value.trim(), 'latin1').toString());
  }
  return { headers, body: decodedBody(body, headers.get('content-transfer-encoding') ?? '') };
}

function decodedBody(body: string, encoding: string): Buffer {
  if (/^base64$/i.test(encoding)) return Buffer.from(body, 'base64');
  if (!/^quoted-printable$/i.test(encoding)) return Buffer.from(body, 'latin1');
  return fromHex(body.replace(/[ \t]*=\r?\n/g, ''), /=([0-9a-f]{2})/gi);
}

function leavesOf(part: Part): readonly Part[] {
  const type = part.headers.get('content-type') ?? '';
  const boundary = /^multipart\/.*?boundary="?([^";]+)/i.exec(type)?.[1];
  if (boundary === undefined) return [part];
  const pieces = `\r\n${part.body.toString('latin1')}`.split(`\n--${boundary}`).slice(1);
  return pieces
    .filter((piece) => !piece.startsWith('--'))
    .flatMap((piece) => {
      const content = piece.replace(/^[ \t]*\r?\n/, '').replace(/\r$/, '');
      return leavesOf(partOf(Buffer.from(content, 'latin1')));
    });
}

function textOf({ headers, body }: Part): string {
  const charset = /charset="?([^";\s]+)/i.exec(headers.get('content-type') ?? '')?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    // A charset that nobody knows.
    return body.toString('latin1');
  }
}

function mailboxesOf(field: string | undefined): readonly { readonly name: string; readonly address: string }[] {
  const entries = (field ?? '').match(/(?:"[^"]*"|[^",])+/g) ?? [];
  return entries.flatMap((entry) => {
    const address = /<([^>]+)>/.exec(entry)?.[1] ?? entry.trim();
    const name = decoded(
      entry
        .replace(/<[^>]*>/, '')
        .replaceAll('"', '')
        .trim(),
    );
    return address === '' ? [] : [{ name: name === '' ? address : name, address }];
  });
}

/** RFC 2047. */
function decoded(value: string): string {
  const word2047 = /=\?([^?*]+)(?:\*[^?]*)?\?([bq])\?([^?]*)\?=/gi;
  return value.replace(/\?=\s+=\?/g, '?==?').replace(word2047, (...match: readonly string[]) => {
    const [, charset = 'utf-8', kind = '', content = ''] = match;
    const raw = /^b$/i.test(kind)
      ? Buffer.from(content, 'base64')
      : fromHex(content.replaceAll('_', ' '), /=([0-9a-f]{2})/gi);
    return new TextDecoder(charset).decode(raw);
  });
}

function fromHex(value: string, escape: RegExp): Buffer {
  return Buffer.from(
    value.replace(escape, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

function word(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) buffer.writeUInt32LE(value, 4 * at);
  return buffer;
}

function tagged(id: number, type: number, ...content: readonly Buffer[]): Buffer {
  return Buffer.concat([word(id * 0x1_0000 + type), ...content]);
}

function number(id: number, value: number): Buffer {
  return tagged(id, 0x03, word(value));
}

function octets(id: number, value: Buffer): Buffer {
  return tagged(id, 0x102, word(value.length), value);
}

function text(id: number, value: string): Buffer {
  const content = Buffer.from(`${value}\0`, 'utf16le');
  return tagged(id, 0x1f, word(content.length), content);
}

function optional(id: number, value: string | undefined): readonly Buffer[] {
  return value === undefined ? [] : [text(id, value)];
}

/** FILETIME: tenths of microseconds since 1601. */
function time(id: number, epochMs: number): Buffer {
  const content = Buffer.alloc(8);
  content.writeBigUInt64LE((BigInt(epochMs) + 11_644_473_600_000n) * 10_000n);
  return tagged(id, 0x40, content);
}
