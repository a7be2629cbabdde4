import { folderPaths } from './folder-names.ts';
import type { FolderCharacters } from './folder-names.ts';
import { SYSTEM_FLAGS } from './generated-mailbox.ts';
import type { GeneratedFolder, GeneratedMailbox, GeneratedMessage } from './generated-mailbox.ts';
import { ordinaryMessage } from './ordinary-message.ts';
import type { MessageShape } from './ordinary-message.ts';
import { Random } from './random.ts';
import { hugeMessage, UGLY_MESSAGES } from './ugly-messages.ts';

export type MailboxShape = {
  readonly seed: number | string;
  /** Number of folders that can be selected (default 8; all ugly names need about 30). */
  readonly folders?: number;
  /** Number of messages over all folders. */
  readonly messages: number;
  /** About how many bytes all ordinary messages have together (default 6,000 each). */
  readonly bytes?: number;
  /** Odd messages, odd dates and odd folder names: every kind once if there is room, then one message in six. */
  readonly ugly?: boolean;
  /** How many messages of `hugeBytes` (default: one if ugly, of 10 MB). */
  readonly huge?: number;
  readonly hugeBytes?: number;
  /** Which separator-like characters folder names may hold (default: none, as Dovecot's Maildir++ has it). */
  readonly folderCharacters?: FolderCharacters;
  /** INTERNALDATEs after today. Off by default: Dovecot replaces them by the present time at APPEND. */
  readonly futureDates?: boolean;
};

const KEYWORDS = ['$Forwarded', '$MDNSent', '$Junk', '$label1', 'NonJunk', 'Projekt-A', 'work.later', 'x_y'];
const NEWEST = Date.UTC(2026, 9, 1);
const EIGHT_YEARS_MS = 8 * 365 * 86_400_000;
/** The epoch, a leap day, a second before 2^31 - 1, the hour that summer time repeats. */
const ODD_DATES = [
  '1970-01-01T00:00:00Z',
  '1970-01-02T03:04:05Z',
  '1999-12-31T23:59:59Z',
  '2000-02-29T12:00:00Z',
  '2025-10-26T00:30:00Z',
];
const FUTURE_DATES = ['2038-01-19T03:14:07Z', '2038-01-19T03:14:08Z', '2099-12-31T23:59:59Z'];

/** A mailbox that is the same for the same shape, on every machine. */
export function generateMailbox(shape: MailboxShape): GeneratedMailbox {
  const random = new Random(shape.seed);
  const paths = folderPaths(random, {
    count: shape.folders ?? 8,
    ugly: shape.ugly === true,
    characters: shape.folderCharacters ?? 'no-separators',
  });
  const messages = generateMessages(random, shape);
  const share = shares(random, { folders: paths.length, messages: messages.length, ugly: shape.ugly === true });
  const folders: GeneratedFolder[] = paths.map((path, index) => {
    let uid = 0;
    const own = messages.splice(0, share[index]).map((message) => {
      uid += random.chance(0.1) ? random.between(2, 50) : 1;
      return { ...message, uid };
    });
    return { path, uidValidity: 1_600_000_000 + random.between(0, 100_000_000), messages: own };
  });
  return { seed: shape.seed, folders };
}

type Draft = Omit<GeneratedMessage, 'uid'>;

function generateMessages(random: Random, shape: MailboxShape): Draft[] {
  const sizes = lognormalSizes(random, shape.messages, shape.bytes ?? shape.messages * 6_000);
  const kinds = messageKinds(random, shape);
  return sizes.map((bytes, index) => {
    const kind = kinds[index] ?? 'ordinary';
    const internalDate = messageDate(random, shape);
    const one: MessageShape = {
      seed: `${shape.seed}/${index}`,
      id: `${shape.seed}.${index}`,
      date: internalDate,
      bytes,
    };
    return {
      kind,
      internalDate,
      flags: random.chance(0.1) ? random.some(SYSTEM_FLAGS, 0.5) : random.some(['\\Seen'] as const, 0.8),
      keywords: random.chance(0.15) ? random.some(KEYWORDS, 0.3) : [],
      stored: () => storedBytes(kind, one, shape.hugeBytes ?? 10_000_000),
    };
  });
}

/** A true duplicate has the bytes of the duplicate before it, whatever its place. */
const DUPLICATE = 'a true duplicate';
const HUGE = 'a huge message';

function storedBytes(kind: string, shape: MessageShape, hugeBytes: number): Buffer {
  if (kind === HUGE) return hugeMessage(shape, hugeBytes);
  if (kind === DUPLICATE) return ordinaryMessage({ seed: 'twin', id: 'twin', date: new Date(NEWEST), bytes: 3_000 });
  const make = (UGLY_MESSAGES as Readonly<Record<string, (shape: MessageShape) => Buffer>>)[kind];
  return make === undefined ? ordinaryMessage(shape) : make(shape);
}

function messageKinds(random: Random, shape: MailboxShape): readonly string[] {
  const ugly = shape.ugly === true;
  const huge = Array.from({ length: shape.huge ?? (ugly ? 1 : 0) }, () => HUGE);
  const odd = ugly ? [...Object.keys(UGLY_MESSAGES), DUPLICATE, DUPLICATE, DUPLICATE] : [];
  const more = ugly
    ? Array.from({ length: Math.max(0, Math.floor(shape.messages / 6) - odd.length) }, () => random.pick(odd))
    : [];
  const kinds = [...huge, ...odd, ...more].slice(0, shape.messages);
  while (kinds.length < shape.messages) kinds.push('ordinary');
  return shuffled(random, kinds);
}

function messageDate(random: Random, shape: MailboxShape): Date {
  const odd = [...(shape.ugly === true ? ODD_DATES : []), ...(shape.futureDates === true ? FUTURE_DATES : [])];
  if (odd.length > 0 && random.chance(0.05)) return new Date(random.pick(odd));
  const seconds = Math.floor((NEWEST - random.next() * EIGHT_YEARS_MS) / 1000);
  return new Date(seconds * 1000);
}

/** Most messages are small and most bytes are in a few large ones, as in real mailboxes. */
function lognormalSizes(random: Random, count: number, total: number): readonly number[] {
  const weights = Array.from({ length: count }, () => Math.exp(1.6 * random.normal()));
  const sum = weights.reduce((left, right) => left + right, 0);
  return weights.map((weight) => Math.round((weight / sum) * total));
}

/** The inbox gets a third, the others uneven parts; in an ugly mailbox every seventh folder stays empty. */
function shares(
  random: Random,
  { folders, messages, ugly }: { folders: number; messages: number; ugly: boolean },
): readonly number[] {
  const weights = Array.from({ length: folders }, (_, index) => {
    if (index === 0) return folders / 2;
    return ugly && index % 7 === 6 ? 0 : 0.2 + random.next() * 1.6;
  });
  const sum = weights.reduce((left, right) => left + right, 0);
  const counts = weights.map((weight) => Math.floor((weight / sum) * messages));
  counts[0] = (counts[0] ?? 0) + messages - counts.reduce((left, right) => left + right, 0);
  return counts;
}

function shuffled<T>(random: Random, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, key: random.next() }))
    .sort((left, right) => left.key - right.key)
    .map(({ item }) => item);
}
