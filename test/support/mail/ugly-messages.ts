import { filler, words } from './mail-text.ts';
import { ordinaryMessage, rfc5322Date } from './ordinary-message.ts';
import type { MessageShape } from './ordinary-message.ts';
import { Random } from './random.ts';

/** Mail as it is found in old mailboxes: each kind has broken some migration. Keys say what is wrong with it. */
export const UGLY_MESSAGES = {
  'raw Latin-1 in headers': (shape) =>
    withHeader(shape, Buffer.from('Subject: Gr\u00fc\u00dfe aus M\u00fcnchen\n', 'latin1')),
  'raw UTF-8 in headers': (shape) => withHeader(shape, Buffer.from('Subject: Grüße, 你好 🚂\nX-Ort: Zürich\n')),
  'no Message-ID': (shape) => without(shape, /^Message-ID:.*\n/m),
  'no Date': (shape) => without(shape, /^Date:.*\n/m),
  'two Message-IDs and two Froms': (shape) =>
    withHeader(shape, Buffer.from(`Message-ID: <second-${shape.id}@x.test>\nFrom: second@x.test\n`)),
  'a Message-ID that others have too': (shape) =>
    Buffer.from(
      ordinaryMessage(shape)
        .toString('latin1')
        .replace(/^Message-ID:.*$/m, 'Message-ID: <not-unique@mail.contoso.test>'),
      'latin1',
    ),
  'an empty body': (shape) => Buffer.from(`${headOf(shape)}\n\n`, 'latin1'),
  'headers and no blank line': (shape) => Buffer.from(`${headOf(shape)}\n`, 'latin1'),
  'no headers at all': (shape) => Buffer.from(`\n${words(new Random(shape.seed), 30)} ${shape.id}\n`),
  'text where headers should be': (shape) => Buffer.from(`just a line of text, ${shape.id}\nand another\n`),
  'a single character': () => Buffer.from('x'),
  'no line end at the end': (shape) => Buffer.concat([ordinaryMessage(shape), Buffer.from('the end')]),
  'a line of 100,000 characters': (shape) =>
    Buffer.concat([ordinaryMessage(shape), Buffer.from(`${'long '.repeat(20_000)}\n`)]),
  'a header of 20,000 characters': (shape) =>
    withHeader(shape, Buffer.from(`References:${` <${shape.id}@mail.contoso.test>\n`.repeat(400)}`)),
  'CRLF as stored': (shape) =>
    Buffer.from(ordinaryMessage(shape).toString('latin1').replaceAll('\n', '\r\n'), 'latin1'),
  'mixed line ends': (shape) => Buffer.concat([ordinaryMessage(shape), Buffer.from('one\r\ntwo\nthree\r\nfour\n')]),
  'bare CR': (shape) => Buffer.concat([ordinaryMessage(shape), Buffer.from('over\rwritten\n')]),
  'NUL bytes': (shape) => Buffer.concat([ordinaryMessage(shape), Buffer.from('zero\0and\0\0zeros\n')]),
  'bytes of every value': (shape) =>
    // Neither CR nor LF nor NUL, whose fate other kinds show.
    Buffer.concat([
      ordinaryMessage(shape),
      Buffer.from(Array.from({ length: 253 }, (_, index) => index + (index < 9 ? 1 : index < 11 ? 2 : 3))),
    ]),
  'an mbox From line': (shape) =>
    Buffer.concat([Buffer.from(`From anna@contoso.test ${shape.date.toUTCString()}\n`), ordinaryMessage(shape)]),
  'MIME that never ends': (shape) =>
    Buffer.from(
      `From: a@x.test\nMessage-ID: <${shape.id}@x.test>\nContent-Type: multipart/mixed; boundary="=_b"\n\n--=_b\nContent-Type: TELETEX; charset=none\n\n${words(new Random(shape.seed), 9)}`,
    ),
  'a body that looks like IMAP': (shape) =>
    Buffer.concat([
      ordinaryMessage(shape),
      Buffer.from('a1 OK FETCH completed\n* 1 FETCH (UID 1 BODY[] {10}\n)\n* BYE\nSubject: {999999+}\n'),
    ]),
  'a formula for a subject': (shape) =>
    withHeader(shape, Buffer.from('Subject: =HYPERLINK("http://evil.test","click")\n')),
  'a future Date header': (shape) =>
    Buffer.from(
      ordinaryMessage(shape)
        .toString('latin1')
        .replace(/^Date:.*$/m, `Date: ${rfc5322Date(new Date(4e12))}`),
      'latin1',
    ),
} satisfies Readonly<Record<string, (shape: MessageShape) => Buffer>>;

export type UglyKind = keyof typeof UGLY_MESSAGES;

/** Ten megabytes unless told otherwise: what attachments were allowed to be. */
export function hugeMessage(shape: MessageShape, bytes: number): Buffer {
  return Buffer.concat([ordinaryMessage({ ...shape, bytes: 5_000 }), filler(new Random(shape.seed), bytes)]);
}

function withHeader(shape: MessageShape, header: Buffer): Buffer {
  return Buffer.concat([header, ordinaryMessage(shape)]);
}

function without(shape: MessageShape, header: RegExp): Buffer {
  return Buffer.from(ordinaryMessage(shape).toString('latin1').replace(header, ''), 'latin1');
}

function headOf(shape: MessageShape): string {
  return ordinaryMessage(shape).toString('latin1').split('\n\n')[0] ?? '';
}
