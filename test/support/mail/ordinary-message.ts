import { encodedWord, filler, person, words } from './mail-text.ts';
import { Random } from './random.ts';

export type MessageShape = {
  readonly seed: string;
  /** Unique within the mailbox. */
  readonly id: string;
  readonly date: Date;
  /** Wanted size as stored; the message comes out at least about 700 bytes long. */
  readonly bytes: number;
};

/** A message as a well-behaved client wrote it, with the LF line ends that Dovecot stores. */
export function ordinaryMessage({ seed, id, date, bytes }: MessageShape): Buffer {
  const random = new Random(seed);
  const from = person(random);
  const to = person(random);
  const head = [
    `Return-Path: <${from.address}>`,
    `Received: from relay.contoso.test (relay.contoso.test [192.0.2.${random.between(1, 254)}])`,
    `\tby mail.contoso.test (Postfix) with ESMTPS id ${random.hex(10).toUpperCase()}`,
    `\tfor <${to.address}>; ${rfc5322Date(date)}`,
    `From: ${encodedWord(from.name)} <${from.address}>`,
    `To: ${encodedWord(to.name)} <${to.address}>`,
    `Subject: ${encodedWord(words(random, random.between(1, 6)))}`,
    `Date: ${rfc5322Date(date)}`,
    `Message-ID: <${id}@mail.contoso.test>`,
    'MIME-Version: 1.0',
  ];
  const text = `${words(random, 40)}\n\n-- \n${from.name}\n`;
  if (bytes < 4_000) {
    return Buffer.concat([
      Buffer.from(
        `${head.join('\n')}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${text}`,
      ),
      ...(bytes > 1_000 ? [filler(random, bytes - 1_000)] : []),
    ]);
  }
  const boundary = `=_${random.hex(16)}`;
  return Buffer.concat([
    Buffer.from(
      `${head.join('\n')}\nContent-Type: multipart/mixed; boundary="${boundary}"\n\n` +
        `--${boundary}\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${text}\n` +
        `--${boundary}\nContent-Type: application/octet-stream; name="${id}.bin"\nContent-Transfer-Encoding: base64\n\n`,
    ),
    filler(random, bytes - 1_400),
    Buffer.from(`\n--${boundary}--\n`),
  ]);
}

/** `Fri, 20 Nov 2026 21:00:00 +0000` */
export function rfc5322Date(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}
