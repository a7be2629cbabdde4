import { createHash, type Hash } from 'node:crypto';
import { ConflictError } from '../../domain/errors.ts';

/** Text of a report and the place in it where it stands: places come in the same order whenever the report is made. */
export interface PlacedText {
  /** Id of the mailbox job whose rows these are; '' in front of them, and throughout a report that is not made from jobs. */
  readonly place: string;
  readonly text: string;
}

/**
 * A piece of a report: what one request is answered. Lambda hands on 6 MB (Lambda quotas, "Invocation payload",
 * https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), and a report may have hundreds.
 */
export interface ReportPage {
  readonly text: string;
  /** Where the next page begins; null: this was the last one. */
  readonly next: string | null;
}

/** Where a page begins. */
export interface ReportCursor {
  readonly place: string;
  /** Characters of the place's text that were handed out: more than none only where it is longer than a page. */
  readonly sent: number;
  /** Of those characters (SHA-256, hex): if other ones stand there now, what follows does not fit them. */
  readonly digest: string;
  /** Some row was handed out: the next one is separated from it. */
  readonly anyRow: boolean;
}

export const firstPage: ReportCursor = { place: '', sent: 0, digest: '', anyRow: false };

const written = /^([01])\.(\d{1,15})\.([0-9a-f]*)\.(.*)$/s;

/** Reads `ReportPage.next`. ConflictError STATE_CHANGED where another version of the program wrote it otherwise. */
export function readCursor(text: string): ReportCursor {
  const [, anyRow, sent, digest, place] = written.exec(text) ?? [];
  if (place === undefined) throw changed();
  return { place, sent: Number(sent), digest: digest ?? '', anyRow: anyRow === '1' };
}

function asText({ place, sent, digest, anyRow }: ReportCursor): string {
  return `${anyRow ? '1' : '0'}.${String(sent)}.${digest}.${place}`;
}

export interface PageLimits {
  /** Characters. In Lambda's JSON of our JSON one is 7 octets at the most: whoever takes no gzip can have a page, too. */
  readonly characters: number;
  /** Whether the time is over that a page may take. */
  readonly isOver: () => boolean;
}

/**
 * Cuts a page out of a report that begins at the cursor's place: between places, so that it does not matter what happens
 * to a mailbox between two pages, or inside of one that is longer than a page. ConflictError STATE_CHANGED where what was
 * handed out of that one is no longer its beginning.
 */
export async function cutPage(
  report: AsyncIterable<PlacedText>,
  from: ReportCursor,
  { characters, isOver }: PageLimits,
): Promise<ReportPage> {
  const sent = createHash('sha256');
  let page = '';
  let { place, anyRow } = from;
  let text = '';
  const endBefore = (): ReportPage => ({ text: page, next: asText({ place, anyRow, sent: 0, digest: '' }) });
  for await (const piece of afterSent(report, from, sent)) {
    if (piece.place !== place) {
      page += text;
      anyRow ||= place !== '' && text !== '';
      place = piece.place;
      text = '';
      if (isOver()) return endBefore();
    }
    text += piece.text;
    if (page.length + text.length <= characters) continue;
    if (page !== '') return endBefore();
    text = text.slice(0, characterEnd(text, characters));
    const before = place === from.place ? from.sent : 0;
    const digest = sent.update(text).digest('hex');
    return { text, next: asText({ place, anyRow, sent: before + text.length, digest }) };
  }
  return { text: page + text, next: null };
}

/** The report without what was handed out of the cursor's place, which is added to the digest. */
async function* afterSent(
  report: AsyncIterable<PlacedText>,
  from: ReportCursor,
  digest: Hash,
): AsyncGenerator<PlacedText> {
  let left = from.sent;
  for await (const { place, text } of report) {
    if (left > 0 && place !== from.place) throw changed();
    const known = text.slice(0, left);
    digest.update(known);
    if (left > 0 && left === known.length && digest.copy().digest('hex') !== from.digest) throw changed();
    left -= known.length;
    yield { place, text: text.slice(known.length) };
  }
  if (left > 0) throw changed();
}

function changed(): ConflictError {
  return new ConflictError({ code: 'STATE_CHANGED', message: 'The report changed while it was read.' });
}

/** Not between the two halves of a character, which would be two wrong ones where pages are written one by one. */
function characterEnd(text: string, end: number): number {
  const last = text.charCodeAt(end - 1);
  return last >= 0xd800 && last <= 0xdbff ? end - 1 : end;
}
