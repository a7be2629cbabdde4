import { createHash } from 'node:crypto';

/** Values as they are written down; octets as a Buffer. */
export type PracticeValue = string | Buffer;
export type PracticeAttributes = Readonly<Record<string, PracticeValue | readonly PracticeValue[]>>;

/** Attributes with more than one value; every other one is single-valued, as most are in Active Directory. */
const multiValued: ReadonlySet<string> = new Set(
  ['objectClass', 'proxyAddresses', 'msExchPoliciesIncluded', 'msExchPoliciesExcluded', 'keywords', 'member'].map(
    (name) => name.toLowerCase(),
  ),
);

/** Attributes whose values are compared octet by octet; all others without regard to case. */
const octetAttributes: ReadonlySet<string> = new Set(
  ['objectGUID', 'objectSid', 'mS-DS-ConsistencyGuid', 'msExchMailboxGuid', 'msExchMailboxSecurityDescriptor'].map(
    (name) => name.toLowerCase(),
  ),
);

export function isSingleValued(attribute: string): boolean {
  return !multiValued.has(attribute.toLowerCase());
}

export function isSameValue(attribute: string, one: Buffer, other: Buffer): boolean {
  if (octetAttributes.has(attribute.toLowerCase())) return one.equals(other);
  return one.toString().toLowerCase() === other.toString().toLowerCase();
}

/** One object of the practice directory. */
export class PracticeEntry {
  readonly dn: string;
  readonly guid: Buffer;
  #attributes: ReadonlyMap<string, { readonly name: string; readonly values: readonly Buffer[] }>;

  constructor(dn: string, attributes: PracticeAttributes) {
    this.dn = dn;
    // The same directory has the same GUIDs each time it is made.
    this.guid = createHash('sha256').update(dn.toLowerCase()).digest().subarray(0, 16);
    const all: PracticeAttributes = { objectGUID: this.guid, distinguishedName: dn, uSNChanged: '1', ...attributes };
    this.#attributes = new Map(
      Object.entries(all).map(([name, values]) => [
        name.toLowerCase(),
        { name, values: [values].flat().map((value) => Buffer.from(value)) },
      ]),
    );
  }

  /** Names as they were first written, with their values. */
  get attributes(): readonly { readonly name: string; readonly values: readonly Buffer[] }[] {
    return [...this.#attributes.values()];
  }

  values(attribute: string): readonly Buffer[] {
    return this.#attributes.get(attribute.toLowerCase())?.values ?? [];
  }

  texts(attribute: string): readonly string[] {
    return this.values(attribute).map((value) => value.toString());
  }

  /** All at once: a modification is atomic. */
  replaceAll(changed: ReadonlyMap<string, { readonly name: string; readonly values: readonly Buffer[] }>): void {
    const uSNChanged = Buffer.from(String(1 + Number(this.texts('uSNChanged')[0])));
    const all = new Map([
      ...this.#attributes,
      ...changed,
      ['usnchanged', { name: 'uSNChanged', values: [uSNChanged] }] as const,
    ]);
    this.#attributes = new Map([...all].filter(([, { values }]) => values.length > 0));
  }
}
