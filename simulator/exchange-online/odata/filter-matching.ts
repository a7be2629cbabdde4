import { assertNever } from '../../../shared/domain/assert-never.ts';
import { badRequest } from '../graph-failure.ts';
import { isObject } from '../json-object.ts';
import { propertyId } from '../store/property-id.ts';
import type { Comparison, FilterExpression, FilterOperand } from './filter-expression.ts';

type Value = string | number | boolean | null | undefined;
type Scope = Readonly<Record<string, unknown>>;

/** Whether an object, as Graph shows it, satisfies a filter. Letters compare without case, as they do in the service. */
export function matches(expression: FilterExpression, object: unknown, scope: Scope = {}): boolean {
  const holds = (inner: FilterExpression): boolean => matches(inner, object, scope);
  const valueOf = (operand: FilterOperand): Value => evaluate(operand, object, scope);
  switch (expression.kind) {
    case 'and':
      return holds(expression.left) && holds(expression.right);
    case 'or':
      return holds(expression.left) || holds(expression.right);
    case 'not':
      return !holds(expression.of);
    case 'truth':
      return valueOf(expression.of) === true;
    case 'in':
      return expression.among.some((operand) => compare('eq', valueOf(expression.left), valueOf(operand)));
    case 'compare':
      demandTypes(expression.left, expression.right);
      return compare(
        expression.operator,
        valueOf(expression.left),
        idAware(expression.left, valueOf(expression.right)),
      );
    case 'any':
    case 'all': {
      const found = follow(expression.path, object, scope);
      const entries: readonly unknown[] = Array.isArray(found) ? found : [];
      const test = (entry: unknown): boolean =>
        matches(expression.holds, object, { ...scope, [expression.variable]: entry });
      return expression.kind === 'any' ? entries.some(test) : entries.every(test);
    }
    default:
      return assertNever(expression);
  }
}

function evaluate(operand: FilterOperand, object: unknown, scope: Scope): Value {
  if (operand.kind === 'literal') return operand.value;
  if (operand.kind === 'path') return simple(follow(operand.path, object, scope));
  const [first, second] = operand.operands.map((inner) => evaluate(inner, object, scope));
  const [text, part] = [String(first ?? '').toLowerCase(), String(second ?? '').toLowerCase()];
  switch (operand.name) {
    case 'startswith':
      return text.startsWith(part);
    case 'endswith':
      return text.endsWith(part);
    case 'contains':
      return text.includes(part);
    case 'tolower':
      return text;
    case 'cast':
      return cast(first, operand.operands[1]);
    default:
      throw badRequest(`An unknown function with name '${operand.name}' was found.`);
  }
}

function cast(value: Value, type: FilterOperand | undefined): Value {
  const name = type?.kind === 'path' ? type.path.join('/') : '';
  return /^Edm\.(Int\d\d|Double|Decimal)$/.test(name) && value !== undefined && value !== null ? Number(value) : value;
}

function follow(path: readonly string[], object: unknown, scope: Scope): unknown {
  const [first = '', ...rest] = path;
  const bound = Object.hasOwn(scope, first);
  return (bound ? rest : path).reduce<unknown>(
    (found, name) => (isObject(found) ? found[name] : undefined),
    bound ? scope[first] : object,
  );
}

function simple(value: unknown): Value {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** `ep/id eq 'Integer 0x0E07'` finds `Integer 0xe07`. */
function idAware(left: FilterOperand, value: Value): Value {
  const isId = left.kind === 'path' && left.path.at(-1) === 'id';
  return isId && typeof value === 'string' && value.includes(' ') ? propertyId(value) : value;
}

/** A quoted time is a string, and a time cannot be compared with one. */
function demandTypes(left: FilterOperand, right: FilterOperand): void {
  const isTime = left.kind === 'path' && (left.path.at(-1) ?? '').endsWith('DateTime');
  if (isTime && right.kind === 'literal' && right.type === 'string')
    throw badRequest(
      "A binary operator with incompatible types was detected. Found operand types 'Edm.DateTimeOffset' and 'Edm.String'.",
    );
}

function compare(operator: Comparison, left: Value, right: Value): boolean {
  const [a, b] = [comparable(left), comparable(right)];
  switch (operator) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'gt':
      return a !== null && b !== null && a > b;
    case 'ge':
      return a !== null && b !== null && a >= b;
    case 'lt':
      return a !== null && b !== null && a < b;
    case 'le':
      return a !== null && b !== null && a <= b;
    default:
      return assertNever(operator);
  }
}

function comparable(value: Value): string | number | boolean | null {
  if (typeof value !== 'string') return value ?? null;
  return /^\d{4}-\d\d-\d\d(T|$)/.test(value) ? new Date(value).getTime() : value.toLowerCase();
}
