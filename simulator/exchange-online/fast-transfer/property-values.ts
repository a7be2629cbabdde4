import type { TransferredProperty } from './transferred-property.ts';

const typeNames: Readonly<Record<number, string>> = {
  0x02: 'Short',
  0x03: 'Integer',
  0x04: 'Float',
  0x05: 'Double',
  0x06: 'Currency',
  0x07: 'ApplicationTime',
  0x0a: 'Error',
  0x0b: 'Boolean',
  0x0d: 'Object',
  0x14: 'Long',
  0x1f: 'String',
  0x40: 'SystemTime',
  0x48: 'CLSID',
  0xfb: 'Binary',
  0x102: 'Binary',
};

/** Properties of a transferred item, found by tag or by name. */
export class PropertyValues {
  readonly #properties: readonly TransferredProperty[];

  constructor(properties: readonly TransferredProperty[]) {
    this.#properties = properties;
  }

  text(...ids: readonly number[]): string | undefined {
    return ids.map((id) => this.#tagged(id)).find((value) => typeof value === 'string');
  }

  number(id: number): number | undefined {
    const value = this.#tagged(id);
    return typeof value === 'number' ? value : undefined;
  }

  /** UTC, without fractions. */
  time(id: number): string | undefined {
    const found = this.#properties.find((property) => property.id === id && property.named === undefined);
    return found?.type === 0x40 && typeof found.value === 'string' ? found.value : undefined;
  }

  octets(id: number): Buffer | undefined {
    const value = this.#tagged(id);
    return Buffer.isBuffer(value) ? value : undefined;
  }

  named(guid: string, name: number | string): TransferredProperty['value'] | undefined {
    return this.#properties.find(({ named }) => named?.guid === guid && (named.lid === name || named.name === name))
      ?.value;
  }

  /** As extended properties of Graph: id, as the service writes it, and value. */
  single(): Map<string, string> {
    const single = this.#properties.filter(({ value }) => !Array.isArray(value));
    return new Map(single.map((property) => [idOf(property), textOf(property.value)]));
  }

  multiple(): Map<string, readonly string[]> {
    return new Map(
      this.#properties.flatMap((property) =>
        Array.isArray(property.value)
          ? [[idOf(property).replace(/^\w+/, '$&Array'), property.value.map(textOf)] as const]
          : [],
      ),
    );
  }

  #tagged(id: number): TransferredProperty['value'] | undefined {
    return this.#properties.find((property) => property.id === id && property.named === undefined)?.value;
  }
}

function idOf({ id, type, named }: TransferredProperty): string {
  const typeName = typeNames[type] ?? 'Binary';
  if (named === undefined) return `${typeName} 0x${id.toString(16)}`;
  const which = named.name === undefined ? `Id 0x${(named.lid ?? 0).toString(16)}` : `Name ${named.name}`;
  return `${typeName} {${named.guid}} ${which}`;
}

function textOf(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('base64') : String(value);
}
