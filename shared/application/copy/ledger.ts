import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ConflictError, MailboxBlockedError } from '../../domain/errors.ts';
import { LedgerSegment, type ItemRecord } from '../../domain/ledger.ts';
import type { LedgerHead } from '../../domain/pair.ts';
import type { ObjectStore } from '../../ports/object-store.ts';

/** Encodes a segment; its hash is known before it is stored, so that successors can be built meanwhile. */
export function encodeSegment(segment: LedgerSegment): { readonly head: LedgerHead; readonly octets: Buffer } {
  const page = String(segment.page).padStart(7, '0');
  return encodeObject(`${segment.plan}/${page}-${String(segment.token)}.json`, segment);
}

/** Any write-once object of the ledger: key and the hash by which others name it. */
export function encodeObject(key: string, value: unknown): { readonly head: LedgerHead; readonly octets: Buffer } {
  const octets = Buffer.from(`${JSON.stringify(value)}\n`);
  return { head: { key, sha256: createHash('sha256').update(octets).digest('base64') }, octets };
}

/**
 * Stores a write-once object. Written twice it is still written once: an object that is there with our hash is our own
 * write whose reply was lost; with another hash, somebody else has our token, which must not happen.
 */
export async function storeOnce(
  objects: Pick<ObjectStore, 'create' | 'get'>,
  object: { readonly head: LedgerHead; readonly octets: Buffer },
): Promise<void> {
  if ((await objects.create(object.head.key, object.octets)) === 'created') return;
  const stored = await objects.get(object.head.key);
  if (stored !== undefined && createHash('sha256').update(stored).digest('base64') === object.head.sha256) return;
  throw new ConflictError({
    code: 'LEASE_LOST',
    message: `The ledger object ${object.head.key} was written by another worker.`,
  });
}

/** Reads an object by its head and checks the hash: a ledger that was tampered with is not used. */
export async function readObject(objects: Pick<ObjectStore, 'get'>, head: LedgerHead): Promise<Buffer> {
  const octets = await objects.get(head.key);
  if (octets === undefined) throw ledgerDamaged(head.key, 'is missing');
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
  if (createHash('sha256').update(buffer).digest('base64') !== head.sha256)
    throw ledgerDamaged(head.key, 'was altered');
  return buffer;
}

/**
 * Stores an object for the PASS item to name, and returns its key: `name` (plan, kind and token of this worker) and its
 * content, so that the same twice is one object.
 */
export async function storeNamed(
  objects: Pick<ObjectStore, 'create' | 'get'>,
  name: string,
  value: unknown,
): Promise<string> {
  const content = createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
  const object = encodeObject(`${name}-${content}.json`, value);
  await storeOnce(objects, object);
  return object.head.key;
}

/** Reads an object that the PASS item names: one that is not there was lost. */
export async function readNamed<Value>(
  objects: Pick<ObjectStore, 'get'>,
  key: string,
  schema: z.ZodType<Value>,
): Promise<Value> {
  const octets = await objects.get(key);
  if (octets === undefined) throw ledgerDamaged(key, 'is missing');
  try {
    return schema.parse(JSON.parse(Buffer.from(octets).toString('utf8')));
  } catch (error) {
    throw ledgerDamaged(key, 'was altered', error);
  }
}

/**
 * A segment whose hash was checked: its records have the shape that a worker of ours gave them. To look at each again would
 * take twice as long as to read them.
 */
const HashedSegment = LedgerSegment.extend({ items: z.custom<ItemRecord[]>((items) => Array.isArray(items)) });

/** The committed segments, newest first; checks every link. */
export async function* walkChain(
  objects: Pick<ObjectStore, 'get'>,
  head: LedgerHead | null,
): AsyncGenerator<LedgerSegment, void, undefined> {
  let next = head;
  while (next !== null) {
    const segment = HashedSegment.parse(JSON.parse((await readObject(objects, next)).toString('utf8')));
    yield segment;
    next = segment.previous;
  }
}

function ledgerDamaged(key: string, what: string, cause?: unknown): MailboxBlockedError {
  return new MailboxBlockedError({ code: 'LEDGER_DAMAGED', message: `The object ${key} ${what}.`, cause });
}
