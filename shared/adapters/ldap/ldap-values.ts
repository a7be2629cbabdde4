import type { Entry } from 'ldapts';

/** Attributes whose values are octets; names as Active Directory spells them. */
export const octetAttributes: readonly string[] = [
  'objectGUID',
  'objectSid',
  'mS-DS-ConsistencyGuid',
  'msExchMailboxGuid',
  'msExchMailboxSecurityDescriptor',
];

/** An entry of the directory: attribute names in any case (RFC 4512 section 2.5), values always as lists. */
export class DirectoryEntry {
  readonly dn: string;
  readonly #values: ReadonlyMap<string, readonly (string | Buffer)[]>;

  constructor({ dn, ...attributes }: Entry) {
    this.dn = dn;
    this.#values = new Map(Object.entries(attributes).map(([name, values]) => [name.toLowerCase(), [values].flat()]));
  }

  texts(name: string): readonly string[] {
    return this.#of(name).map((value) => value.toString());
  }

  /** The first value, or null. */
  text(name: string): string | null {
    return this.texts(name)[0] ?? null;
  }

  octets(name: string): readonly Buffer[] {
    return this.#of(name).map((value) => (typeof value === 'string' ? Buffer.from(value) : value));
  }

  /** An int64 or a number; null where the attribute is absent or is no number. */
  integer(name: string): bigint | null {
    const text = this.text(name);
    return text !== null && /^-?\d+$/.test(text) ? BigInt(text) : null;
  }

  has(name: string): boolean {
    return this.#of(name).length > 0;
  }

  #of(name: string): readonly (string | Buffer)[] {
    return this.#values.get(name.toLowerCase()) ?? [];
  }
}

/** A value in a filter (RFC 4515 section 3): what has a meaning there, and every octet that is no printable ASCII. */
export function filterValue(value: string | Uint8Array): string {
  const octets = typeof value === 'string' ? Buffer.from(value) : value;
  return Array.from(octets, (octet) => {
    const isPlain = octet > 0x20 && octet < 0x7f && !'()*\\'.includes(String.fromCharCode(octet));
    return isPlain ? String.fromCharCode(octet) : `\\${octet.toString(16).padStart(2, '0')}`;
  }).join('');
}

/** The text form of a GUID: its first three groups are kept little-endian ([MS-DTYP] section 2.3.4.2). */
export function guidText(octets: Uint8Array): string {
  const part = (...at: readonly number[]): string =>
    at.map((index) => (octets[index] ?? 0).toString(16).padStart(2, '0')).join('');
  const groups = [part(3, 2, 1, 0), part(5, 4), part(7, 6), part(8, 9), part(10, 11, 12, 13, 14, 15)];
  return groups.join('-');
}
