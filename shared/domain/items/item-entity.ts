import { createHash } from 'node:crypto';
import { encodedHeader, encodedMailbox } from './header-text.ts';
import { ItemKind } from './item-class.ts';
import type { Person } from './item-parts.ts';
import { contentVersion, itemJson, NeutralItem, subjectOf } from './neutral-item.ts';

/**
 * How items that are no mail travel from a source to a target: as a MIME entity, so that all that is between them (pages,
 * ledger, fingerprint, verification) treats them as it treats mail. Only adapters look inside.
 */
export interface ItemEntity {
  /** Names the item at the source, whatever its content: 32 hexadecimal digits, see `itemKey`. */
  readonly key: string;
  /** Names its content, 16 hexadecimal digits: another version of a key is to take the place of the one before. */
  readonly version: string;
  readonly item: NeutralItem;
}

/** What stands in the header besides: taken into the fingerprint, so it must not change from reading to reading. */
export interface EntityFacts {
  readonly key: string;
  /** When the item came into being. */
  readonly date: Date;
  readonly from: Person;
}

const type = 'application/vnd.stagecoach.item+json';
/** RFC 2606 section 2: a domain that nobody can have. */
const domain = 'items.stagecoach.invalid';

/** The key of whatever names an item at its source for good. */
export function itemKey(...names: readonly string[]): string {
  return createHash('sha256').update(names.join('\0')).digest('hex').slice(0, 32);
}

/** The same octets for the same item. */
export function writeItemEntity(facts: EntityFacts, item: NeutralItem): Buffer {
  const header = [
    `Message-ID: <${facts.key}.${contentVersion(item)}@${domain}>`,
    `Date: ${mailDate(facts.date)}`,
    `From: ${encodedMailbox(facts.from)}`,
    `Subject: ${encodedHeader(subjectOf(item))}`,
    'MIME-Version: 1.0',
    `Content-Type: ${type}; class=${item.kind}; version=1`,
    'Content-Transfer-Encoding: base64',
  ];
  const lines = Buffer.from(itemJson(item))
    .toString('base64')
    .replace(/.{1,76}/g, '$&\r\n');
  return Buffer.from(`${header.join('\r\n')}\r\n\r\n${lines}`, 'latin1');
}

/** The header section alone, with the empty line at its end. */
export function entityHeader(octets: Buffer): Buffer {
  return octets.subarray(0, octets.indexOf('\r\n\r\n') + 4);
}

/** RFC 5322 section 3.3, in UTC. */
function mailDate(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}

const messageIdLine = new RegExp(
  `^Message-ID: <([0-9a-f]{32})\\.([0-9a-f]{16})@${domain.replaceAll('.', '\\.')}>$`,
  'im',
);
const typeLine = /^Content-Type: application\/vnd\.stagecoach\.item\+json; class=([a-z-]+); version=1$/im;

/** What stands in a message; null: it is mail. Throws where it is an item that cannot be read (cut off, say). */
export function readItemEntity(octets: Buffer): ItemEntity | null {
  const head = readEntityHead(octets);
  if (head === null) return null;
  const body = Buffer.from(octets.subarray(octets.indexOf('\r\n\r\n') + 4).toString('latin1'), 'base64');
  return { key: head.key, version: head.version, item: NeutralItem.parse(JSON.parse(body.toString())) };
}

/** By the header alone; null: it is mail. */
export function readEntityHead(
  octets: Buffer,
): (Pick<ItemEntity, 'key' | 'version'> & { readonly kind: ItemKind }) | null {
  const end = octets.indexOf('\r\n\r\n');
  const header = octets
    .subarray(0, end === -1 ? octets.length : end)
    .toString('latin1')
    .replaceAll('\r\n', '\n');
  const [, kind] = typeLine.exec(header) ?? [];
  const [, key, version] = messageIdLine.exec(header) ?? [];
  if (kind === undefined || key === undefined || version === undefined) return null;
  return { key, version, kind: ItemKind.parse(kind) };
}
