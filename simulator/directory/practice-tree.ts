import { readAll, readInteger, type Element } from './der.ts';
import { isSameValue, isSingleValued, PracticeEntry, type PracticeAttributes } from './practice-entry.ts';

/** Result codes of RFC 4511 section 4.1.9, as far as they are answered. */
export const results = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  sizeLimitExceeded: 4,
  strongerAuthRequired: 8,
  referral: 10,
  noSuchAttribute: 16,
  attributeOrValueExists: 20,
  noSuchObject: 32,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unwillingToPerform: 53,
} as const;

/** What a signed-in account may write: everything, or these attributes of objects that are not protected. */
export type Rights = 'everything' | readonly string[];

/** The objects of the practice directory, in three naming contexts as in a forest of one domain. */
export class PracticeTree {
  readonly base: string;
  readonly configuration: string;
  readonly schema: string;
  readonly #entries = new Map<string, PracticeEntry>();

  constructor(base: string) {
    this.base = base;
    this.configuration = `CN=Configuration,${base}`;
    this.schema = `CN=Schema,${this.configuration}`;
  }

  /** Adds an object; parents need not exist. */
  add(dn: string, attributes: PracticeAttributes): void {
    this.#entries.set(normal(dn), new PracticeEntry(dn, attributes));
  }

  /** By distinguished name, or by `<GUID=...>` in one of its two forms ([MS-ADTS] section 3.1.1.3.1.2.4). */
  find(name: string): PracticeEntry | undefined {
    const guid = /^<GUID=([0-9a-f-]{32,36})>$/i.exec(name)?.[1]?.toLowerCase();
    if (guid === undefined) return this.#entries.get(normal(name));
    return [...this.#entries.values()].find(({ guid: own }) => own.toString('hex') === guid || textForm(own) === guid);
  }

  /** Objects below a base, itself included, that are in the base's own naming context. */
  below(base: string): readonly PracticeEntry[] {
    const name = normal(base);
    const others = [this.schema, this.configuration].map(normal).filter((context) => !isBelow(name, context));
    return [...this.#entries].flatMap(([dn, entry]) =>
      isBelow(dn, name) && !others.some((context) => isBelow(dn, context)) ? [entry] : [],
    );
  }

  /** The changes of a modification as they are on the wire (RFC 4511 section 4.6): all of them, or none. */
  modify(name: string, changes: Element, rights: Rights): number {
    const entry = this.find(name);
    if (entry === undefined) return results.noSuchObject;
    const changed = new Map<string, { name: string; values: readonly Buffer[] }>();
    for (const change of readAll(changes.content)) {
      const [operation, modification] = readAll(change.content);
      const [type, set] = modification === undefined ? [] : readAll(modification.content);
      if (operation === undefined || type === undefined || set === undefined) return results.protocolError;
      const attribute = type.content.toString();
      if (!mayWrite(rights, entry, attribute)) return results.insufficientAccessRights;
      const key = attribute.toLowerCase();
      const present = changed.get(key)?.values ?? entry.values(attribute);
      const given = readAll(set.content).map(({ content }) => Buffer.from(content));
      const outcome = changeValues({ attribute, operation: readInteger(operation), present, given });
      if (typeof outcome === 'number') return outcome;
      changed.set(key, { name: attribute, values: outcome });
    }
    const tooMany = [...changed.values()].some(
      ({ name: attribute, values }) => isSingleValued(attribute) && values.length > 1,
    );
    if (tooMany) return results.attributeOrValueExists;
    entry.replaceAll(changed);
    return results.success;
  }
}

export function mayWrite(rights: Rights, entry: PracticeEntry, attribute: string): boolean {
  if (rights === 'everything') return true;
  // AdminSDHolder: members of administrative groups inherit nothing.
  if (entry.texts('adminCount')[0] === '1') return false;
  return rights.some((name) => name.toLowerCase() === attribute.toLowerCase());
}

interface ChangeOfValues {
  readonly attribute: string;
  /** 0 add, 1 delete, 2 replace. */
  readonly operation: number;
  readonly present: readonly Buffer[];
  readonly given: readonly Buffer[];
}

/** The values after the change, or the result that refuses it. */
function changeValues({ attribute, operation, present, given }: ChangeOfValues): readonly Buffer[] | number {
  const isIn = (values: readonly Buffer[], value: Buffer): boolean =>
    values.some((one) => isSameValue(attribute, one, value));
  switch (operation) {
    case 0:
      if (given.some((value) => isIn(present, value))) return results.attributeOrValueExists;
      return [...present, ...given];
    case 1:
      if (present.length === 0 || given.some((value) => !isIn(present, value))) return results.noSuchAttribute;
      return given.length === 0 ? [] : present.filter((value) => !isIn(given, value));
    case 2:
      return given;
    default:
      return results.protocolError;
  }
}

/** Names are compared without regard to case and to spaces around commas. */
function normal(dn: string): string {
  return dn.toLowerCase().replace(/\s*,\s*/g, ',');
}

/** Both names as `normal` gives them. */
function isBelow(dn: string, base: string): boolean {
  return dn === base || dn.endsWith(`,${base}`);
}

function textForm(guid: Buffer): string {
  const swapped = Buffer.concat([
    Buffer.from(guid.subarray(0, 4)).reverse(),
    Buffer.from(guid.subarray(4, 6)).reverse(),
    Buffer.from(guid.subarray(6, 8)).reverse(),
    guid.subarray(8),
  ]).toString('hex');
  return swapped.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
