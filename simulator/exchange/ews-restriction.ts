import { childOf, type XmlElement } from '../../shared/adapters/ews/xml/xml-element.ts';

/** The value of a property that a restriction or an order names (FieldURI, ExtendedFieldURI); undefined: it has none. */
export type ValueOf = (path: XmlElement) => string | undefined;

/**
 * Whether something is among what was asked for, https://learn.microsoft.com/exchange/client-developer/web-service-reference/restriction.
 * Of what a restriction can say it knows what clients use.
 */
export function isWanted(operation: XmlElement, valueOf: ValueOf): boolean {
  const condition = childOf(operation, 'Restriction')?.children[0];
  return condition === undefined || holds(condition, valueOf);
}

function holds(condition: XmlElement, valueOf: ValueOf): boolean {
  const { name, children } = condition;
  switch (name) {
    case 'And':
      return children.every((child) => holds(child, valueOf));
    case 'Or':
      return children.some((child) => holds(child, valueOf));
    case 'Not':
      return children.every((child) => !holds(child, valueOf));
    case 'Exists':
      return valueIn(condition, valueOf) !== undefined;
    case 'Contains':
      return contains(condition, valueIn(condition, valueOf) ?? '');
    default:
      return compares(condition, valueIn(condition, valueOf));
  }
}

function valueIn(condition: XmlElement, valueOf: ValueOf): string | undefined {
  const path = condition.children.find(({ name }) => name.endsWith('FieldURI'));
  return path === undefined ? undefined : valueOf(path);
}

function constantIn(condition: XmlElement): string {
  const constant = childOf(condition, 'Constant') ?? childOf(childOf(condition, 'FieldURIOrConstant'), 'Constant');
  return constant?.attributes['Value'] ?? '';
}

function contains(condition: XmlElement, value: string): boolean {
  const [held, wanted] = [value.toLowerCase(), constantIn(condition).toLowerCase()];
  switch (condition.attributes['ContainmentMode']) {
    case 'Prefixed':
      return held.startsWith(wanted);
    case 'FullString':
      return held === wanted;
    default:
      return held.includes(wanted);
  }
}

function compares(condition: XmlElement, value: string | undefined): boolean {
  if (value === undefined) return condition.name === 'IsNotEqualTo';
  const order = inOrder(value, constantIn(condition));
  switch (condition.name) {
    case 'IsEqualTo':
      return order === 0;
    case 'IsNotEqualTo':
      return order !== 0;
    case 'IsGreaterThan':
      return order > 0;
    case 'IsGreaterThanOrEqualTo':
      return order >= 0;
    case 'IsLessThan':
      return order < 0;
    case 'IsLessThanOrEqualTo':
      return order <= 0;
    default:
      throw new Error(`The practice Exchange knows no condition ${condition.name}`);
  }
}

const number = /^-?\d+(?:\.\d+)?$/;

/** Numbers as numbers; times, which are all of UTC here, and words as text. */
function inOrder(a: string, b: string): number {
  if (number.test(a) && number.test(b)) return Math.sign(Number(a) - Number(b));
  const [one, other] = [a.toLowerCase(), b.toLowerCase()];
  return one === other ? 0 : one < other ? -1 : 1;
}

/** In the order of `SortOrder`; as they are where there is none. */
export function sorted<Thing>(
  things: readonly Thing[],
  operation: XmlElement,
  valueOf: (thing: Thing) => ValueOf,
): readonly Thing[] {
  const orders = childOf(operation, 'SortOrder')?.children ?? [];
  return [...things].sort((a, b) => {
    for (const { attributes, children } of orders) {
      const [path] = children;
      if (path === undefined) continue;
      const order = inOrder(valueOf(a)(path) ?? '', valueOf(b)(path) ?? '');
      if (order !== 0) return attributes['Order'] === 'Descending' ? -order : order;
    }
    return 0;
  });
}
