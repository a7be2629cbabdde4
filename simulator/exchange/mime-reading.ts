import type { PracticeItem } from './practice-mailbox.ts';

/**
 * MIME as Exchange makes it at each reading anew: the same message with another boundary and a header line of its own, of
 * the same length each time.
 */
export function regeneratedMime(mime: Buffer, reading: number): Buffer {
  const number = reading.toString(16).padStart(12, '0');
  const text = mime.toString('latin1');
  const end = text.search(/\r?\n\r?\n/);
  const boundary = /^content-type:[^\n]*(?:\n[ \t][^\n]*)*?boundary="?([^";\r\n]+)"?/im.exec(
    text.slice(0, end === -1 ? text.length : end),
  )?.[1];
  const body = boundary === undefined ? text : text.replaceAll(boundary, `_000_${number}_`);
  return Buffer.from(`X-Practice-Reading: ${number}\r\n${body}`, 'latin1');
}

/** How the MIME of items is read: as it is, or another one each time. */
export class MimeReadings {
  readonly #regenerates: boolean;
  #readings = 0;

  constructor(regenerates: boolean) {
    this.#regenerates = regenerates;
  }

  of(item: PracticeItem): Buffer {
    if (!this.#regenerates) return item.mime();
    this.#readings += 1;
    return regeneratedMime(item.mime(), this.#readings);
  }
}
