import { createHash } from 'node:crypto';
import type { Account, StoredMessage } from '../../scripted-imap-server/account.ts';

/** What is compared: nothing of the program's own code takes part in it. */
export interface Evidence {
  readonly source: Account;
  readonly target: Account;
  /** The pair's PASS item as it stands in the table. */
  readonly pair: Readonly<Record<string, unknown>>;
  readonly job: Readonly<Record<string, unknown>>;
  readonly objects: (key: string) => Uint8Array | undefined;
}

interface Head {
  readonly key: string;
  readonly sha256: string;
}

interface LedgerRecord {
  readonly uid: number;
  readonly outcome: string;
  readonly sha256?: string;
  readonly canonical?: string;
  readonly target?: number;
}

/**
 * Each source item at the target exactly once: what is missing and what is too much, a sentence each. `renamed`: folders
 * that the report says are called otherwise at the target.
 */
export function mailDifferences(source: Account, target: Account, renamed: ReadonlyMap<string, string>): string[] {
  const wantedIn = new Map([...source.mailboxes.keys()].map((name) => [renamed.get(name) ?? name, name]));
  const names = new Set([...wantedIn.keys(), ...target.mailboxes.keys()]);
  return [...names].flatMap((name) => {
    const wanted = (source.mailbox(wantedIn.get(name) ?? '')?.messages ?? []).map(describe);
    const found = (target.mailbox(name)?.messages ?? []).map(describe);
    const left = count(found);
    const missing = wanted.filter((one) => !take(left, one)).map((one) => `${name}: missing: ${one}`);
    const extra = [...left].flatMap(([one, times]) => Array<string>(times).fill(`${name}: too much: ${one}`));
    const folder = target.mailbox(name) === undefined ? [`${name}: no such folder at the target`] : [];
    return [...folder, ...missing, ...extra];
  });
}

function describe({ octets, flags, internalDate }: StoredMessage): string {
  return `${sha256(octets, 'hex').slice(0, 16)} ${internalDate.trim()} (${[...flags].sort().join(' ')})`;
}

/** The ledger against itself and against both mailboxes, after a pass. */
export function ledgerFaults({ source, target, pair, job, objects }: Evidence): string[] {
  const faults: string[] = [];
  const pass = pair['pass'] as Readonly<Record<string, unknown>> | null;
  if (pair['ledgerHead'] !== null) faults.push('the chain was not compacted');
  if (pass?.['phase'] !== 'done') faults.push(`the pass is in phase ${String(pass?.['phase'])}`);
  if ((pass?.['intent'] as readonly unknown[] | undefined)?.length !== 0) faults.push('an intent is left');
  const index = pair['index'] as Head | null;
  if (index === null) return [...faults, 'there is no index'];
  const { folders } = JSON.parse(read(objects, index).toString('utf8')) as {
    readonly folders: readonly {
      readonly source: { readonly id: string };
      readonly target: { readonly id: string };
      readonly missing: boolean;
      readonly closes: boolean;
      readonly result: Readonly<Record<string, number>>;
      readonly parts: readonly { readonly head: Head; readonly items: number }[];
    }[];
  };
  let copied = 0;
  for (const folder of folders) {
    if (folder.missing) continue;
    const name = folder.source.id;
    const records = folder.parts.flatMap((part) => recordsOf(read(objects, part.head), part.items));
    const present = records.filter(({ outcome }) => outcome !== 'gone');
    copied += present.filter(({ outcome }) => outcome === 'copied').length;
    const there = source.mailbox(name)?.messages ?? [];
    if (!folder.closes) faults.push(`${name}: does not close`);
    if (
      !sameMembers(
        present.map(({ uid }) => uid),
        there.map(({ uid }) => uid),
      )
    )
      faults.push(`${name}: the records are not those of the source's items`);
    faults.push(
      ...recordFaults(name, present, { target: target.mailbox(folder.target.id)?.messages ?? [], source: there }),
    );
    if (folder.result['copied'] !== present.filter(({ outcome }) => outcome === 'copied').length)
      faults.push(`${name}: the folder's count of copied items is wrong`);
  }
  const total = [...source.mailboxes.values()].reduce((sum, mailbox) => sum + mailbox.messages.length, 0);
  const bytes = [...source.mailboxes.values()]
    .flatMap(({ messages }) => messages)
    .reduce((sum, { octets }) => sum + octets.length, 0);
  const items = job['items'] as Readonly<Record<string, number>>;
  const wanted = { total, copied: total, skipped: 0, failed: 0, doubtful: 0, vanished: 0, bytes };
  for (const [what, value] of Object.entries(wanted)) {
    if (items[what] !== value) faults.push(`the job says ${what} ${String(items[what])}, not ${String(value)}`);
  }
  if (copied !== total) faults.push(`${String(copied)} of ${String(total)} items are recorded as copied`);
  if (job['green'] !== true || job['status'] !== 'Synced' || job['error'] !== null)
    faults.push(`the job is ${String(job['status'])}, green ${String(job['green'])}, ${JSON.stringify(job['error'])}`);
  return faults;
}

function recordFaults(
  name: string,
  records: readonly LedgerRecord[],
  mail: { readonly target: readonly StoredMessage[]; readonly source: readonly StoredMessage[] },
): string[] {
  const faults: string[] = [];
  const target = new Map(mail.target.map((message) => [message.uid, message]));
  const source = new Map(mail.source.map((message) => [message.uid, message]));
  const named = new Set<number>();
  for (const { uid, outcome, target: at, sha256: digest, canonical } of records) {
    if (outcome !== 'copied') continue;
    const here = source.get(uid);
    const there = at === undefined ? undefined : target.get(at);
    if (here === undefined || there === undefined) faults.push(`${name} ${String(uid)}: names no item`);
    else if (digest !== undefined && sha256(here.octets) !== digest)
      faults.push(`${name} ${String(uid)}: another digest`);
    else if (digest !== undefined && sha256(there.octets) !== (canonical ?? digest))
      faults.push(`${name} ${String(uid)}: names another item at the target`);
    if (at !== undefined && named.has(at))
      faults.push(`${name} ${String(uid)}: names an item that another record names`);
    if (at !== undefined) named.add(at);
  }
  return faults;
}

/** The committed chain from a head, link by link; `sound` remembers what was found whole, by key and hash. */
export function chainFaults(head: Head | null, objects: Evidence['objects'], sound: Set<string>): string[] {
  for (let next = head; next !== null;) {
    const name = `${next.key} ${next.sha256}`;
    if (sound.has(name)) return [];
    const octets = objects(next.key);
    if (octets === undefined) return [`the chain names ${next.key}, which is not there`];
    if (sha256(octets) !== next.sha256) return [`the chain names ${next.key} with another hash`];
    sound.add(name);
    next = (JSON.parse(Buffer.from(octets).toString('utf8')) as { readonly previous: Head | null }).previous;
  }
  return [];
}

/** What was found whole once must still be what it was: objects of the ledger are written once. */
export function alteredSince(sound: ReadonlySet<string>, objects: Evidence['objects']): string[] {
  return [...sound].flatMap((name) => {
    const [key = '', hash] = name.split(' ');
    const octets = objects(key);
    return octets !== undefined && sha256(octets) === hash ? [] : [`${key} was altered or removed`];
  });
}

function read(objects: Evidence['objects'], head: Head): Buffer {
  const octets = objects(head.key);
  if (octets === undefined) throw new Error(`${head.key} is missing`);
  if (sha256(octets) !== head.sha256) throw new Error(`${head.key} was altered`);
  return Buffer.from(octets);
}

function recordsOf(octets: Buffer, items: number): LedgerRecord[] {
  const lines = octets
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
  const records = lines.map((line) => JSON.parse(line) as LedgerRecord);
  if (records.length !== items) throw new Error('an index part has another number of items than it is said to have');
  return records;
}

function sha256(octets: Uint8Array, encoding: 'base64' | 'hex' = 'base64'): string {
  return createHash('sha256').update(octets).digest(encoding);
}

function count(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function take(counts: Map<string, number>, value: string): boolean {
  const left = counts.get(value) ?? 0;
  if (left === 0) return false;
  if (left === 1) counts.delete(value);
  else counts.set(value, left - 1);
  return true;
}

function sameMembers(a: readonly number[], b: readonly number[]): boolean {
  const sorted = (values: readonly number[]): string => [...values].sort((x, y) => x - y).join();
  return sorted(a) === sorted(b);
}
