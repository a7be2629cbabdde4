import type { PracticeItem } from './practice-mailbox.ts';
import { fileOf, number, octets, optional, parts, text, time, type StreamPerson } from './stream-values.ts';

/** What a MIME part is, as far as Exchange would keep it. */
interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

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
    parts(recipients, leaves.filter(isFile).map(attachment)),
  ]);
}

function sender({ name, address }: Omit<StreamPerson, 'kind'>): readonly Buffer[] {
  return [text(0x0042, name), text(0x0065, address), text(0x0c1a, name), text(0x0c1f, address)];
}

function attachment({ headers, body }: Part): readonly Buffer[] {
  const type = headers.get('content-type') ?? 'application/octet-stream';
  const name = /name\*?="?([^";]+)/i.exec(`${headers.get('content-disposition') ?? ''} ${type}`)?.[1];
  return fileOf({
    name: decoded(name ?? 'untitled'),
    contentType: type.split(';')[0] ?? '',
    contentId: headers.get('content-id')?.replace(/[<>]/g, ''),
    content: body,
  });
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

function mailboxesOf(field: string | undefined): readonly Omit<StreamPerson, 'kind'>[] {
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
