import { createHash } from 'node:crypto';
import { assertNever } from '../assert-never.ts';
import { encodedHeader, encodedMailbox } from './header-text.ts';
import { ItemKind } from './item-class.ts';
import type { Person } from './item-parts.ts';
import { contentVersion, itemJson, NeutralItem, subjectOf } from './neutral-item.ts';

/**
 * How items that are no mail travel from a source to a target: as a MIME entity, so that all that is between them (pages,
 * ledger, fingerprint, verification) treats them as it treats mail. Only adapters look inside.
 */
export type ItemEntity = NeutralEntity | FastTransferEntity;

interface EntityHead {
  /** Names the item at the source, whatever its content: 32 hexadecimal digits, see `itemKey`. */
  readonly key: string;
  /** Names its content, 16 hexadecimal digits: another version of a key is to take the place of the one before. */
  readonly version: string;
}

export interface NeutralEntity extends EntityHead {
  readonly form: 'neutral';
  readonly item: NeutralItem;
}

/** An item as Exchange exports it ([MS-OXCFXICS]), octet by octet. */
export interface FastTransferEntity extends EntityHead {
  readonly form: 'fasttransfer';
  readonly kind: ItemKind | 'mail';
  readonly stream: Buffer;
}

/** What stands in the header besides: taken into the fingerprint, so it must not change from reading to reading. */
export interface EntityFacts {
  readonly key: string;
  /** When the item came into being. */
  readonly date: Date;
  readonly from: Person;
}

const neutralType = 'application/vnd.stagecoach.item+json';
const fastTransferType = 'application/vnd.stagecoach.fasttransfer';
/** RFC 2606 section 2: a domain that nobody can have. */
const domain = 'items.stagecoach.invalid';

/** The key of whatever names an item at its source for good. */
export function itemKey(...names: readonly string[]): string {
  return createHash('sha256').update(names.join('\0')).digest('hex').slice(0, 32);
}

/** The same octets for the same item. */
export function writeItemEntity(facts: EntityFacts, item: NeutralItem): Buffer {
  return entity({
    facts,
    version: contentVersion(item),
    subject: subjectOf(item),
    type: `${neutralType}; class=${item.kind}; version=1`,
    body: Buffer.from(itemJson(item)),
  });
}

/** `version`: of the content as far as it is known without the stream, which Exchange makes anew at each export. */
export function writeFastTransferEntity(
  facts: EntityFacts,
  exported: {
    readonly kind: ItemKind | 'mail';
    readonly subject: string;
    readonly version: string;
    readonly stream: Buffer;
  },
): Buffer {
  const { kind, subject, version, stream } = exported;
  return entity({ facts, version, subject, type: `${fastTransferType}; class=${kind}; version=1`, body: stream });
}

/** The header section alone, with the empty line at its end. */
export function entityHeader(octets: Buffer): Buffer {
  return octets.subarray(0, octets.indexOf('\r\n\r\n') + 4);
}

function entity(parts: {
  readonly facts: EntityFacts;
  readonly version: string;
  readonly subject: string;
  readonly type: string;
  readonly body: Buffer;
}): Buffer {
  const { facts, version, subject, type, body } = parts;
  const header = [
    `Message-ID: <${facts.key}.${version}@${domain}>`,
    `Date: ${mailDate(facts.date)}`,
    `From: ${encodedMailbox(facts.from)}`,
    `Subject: ${encodedHeader(subject)}`,
    'MIME-Version: 1.0',
    `Content-Type: ${type}`,
    'Content-Transfer-Encoding: base64',
  ];
  const lines = body.toString('base64').replace(/.{1,76}/g, '$&\r\n');
  return Buffer.from(`${header.join('\r\n')}\r\n\r\n${lines}`, 'latin1');
}

/** RFC 5322 section 3.3, in UTC. */
function mailDate(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}

const messageIdLine = new RegExp(
  `^Message-ID: <([0-9a-f]{32})\\.([0-9a-f]{16})@${domain.replaceAll('.', '\\.')}>$`,
  'im',
);
const typeLine = /^Content-Type: (application\/vnd\.stagecoach\.[a-z+]+); class=([a-z-]+); version=1$/im;

/** What stands in a message; null: it is mail. Throws where it is an item that cannot be read (cut off, say). */
export function readItemEntity(octets: Buffer): ItemEntity | null {
  const head = readEntityHead(octets);
  if (head === null) return null;
  const { key, version, form, kind } = head;
  const body = Buffer.from(octets.subarray(octets.indexOf('\r\n\r\n') + 4).toString('latin1'), 'base64');
  switch (form) {
    case 'neutral':
      return { form, key, version, item: NeutralItem.parse(JSON.parse(body.toString())) };
    case 'fasttransfer':
      return { form, key, version, kind, stream: body };
    default:
      return assertNever(form);
  }
}

/** By the header alone; null: it is mail. */
export function readEntityHead(
  octets: Buffer,
): (EntityHead & { readonly form: ItemEntity['form']; readonly kind: ItemKind | 'mail' }) | null {
  const end = octets.indexOf('\r\n\r\n');
  const header = octets
    .subarray(0, end === -1 ? octets.length : end)
    .toString('latin1')
    .replaceAll('\r\n', '\n');
  const [, type, kindName] = typeLine.exec(header) ?? [];
  const [, key, version] = messageIdLine.exec(header) ?? [];
  const form = type === neutralType ? 'neutral' : type === fastTransferType ? 'fasttransfer' : undefined;
  if (form === undefined || key === undefined || version === undefined) return null;
  const kind = kindName === 'mail' ? 'mail' : ItemKind.parse(kindName);
  return { key, version, form, kind };
}
