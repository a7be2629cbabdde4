import { badRequest, GraphFailure } from '../graph-failure.ts';
import { isObject, type JsonObject } from '../json-object.ts';
import { parseFilter, type FilterExpression } from './filter-expression.ts';
import { matches } from './filter-matching.ts';
import { filterPaths } from './filter-paths.ts';

const known = new Set([
  '$filter',
  '$orderby',
  '$select',
  '$expand',
  '$top',
  '$skip',
  '$count',
  '$search',
  '$skiptoken',
  'includehiddenfolders',
  'startdatetime',
  'enddatetime',
  '$deltatoken',
]);

/** A name that OData reserves and does not know is a mistake; others are passed over. */
function demandKnownOptions(query: URLSearchParams): void {
  for (const name of query.keys())
    if (name.startsWith('$') && !known.has(name.toLowerCase()))
      throw badRequest(`The query parameter '${name}' is not supported.`);
}

export interface CollectionRequest {
  readonly query: URLSearchParams;
  /** Address of the request without its query. */
  readonly address: string;
  readonly defaultTop: number;
  readonly mostTop: number;
  /** What $orderby names must lead what $filter names: rule of messages. */
  readonly orderedFilter?: boolean | undefined;
  readonly maxPageSize?: number | undefined;
}

/** One entry: what it is filtered and sorted by, and how it is shown. */
export interface CollectionEntry {
  readonly facts: JsonObject;
  readonly shown: () => JsonObject;
}

/** A page of a collection: $filter, $orderby, $skip, $top, $count and the address of the next page. */
export function answerCollection(entries: readonly CollectionEntry[], request: CollectionRequest): JsonObject {
  const { query } = request;
  demandKnownOptions(query);
  const filter = query.get('$filter');
  const expression = filter === null ? undefined : parseFilter(filter);
  const order = orderOf(query.get('$orderby'));
  if (request.orderedFilter === true && expression !== undefined) demandLeading(expression, order);
  const found = expression === undefined ? entries : entries.filter(({ facts }) => matches(expression, facts));
  const sorted = order.length === 0 ? found : found.toSorted((a, b) => compareBy(order, a.facts, b.facts));
  const skip = whole(query.get('$skip') ?? query.get('$skiptoken'), 0);
  const top = Math.min(topOf(request), request.mostTop);
  const page = sorted.slice(skip, skip + top);
  return {
    ...(query.get('$count') === 'true' ? { '@odata.count': found.length } : {}),
    value: page.map(({ shown }) => shown()),
    ...(skip + top < sorted.length ? { '@odata.nextLink': nextLink(request, skip + top) } : {}),
  };
}

function topOf({ query, defaultTop, mostTop, maxPageSize }: CollectionRequest): number {
  const top = whole(query.get('$top'), maxPageSize ?? defaultTop);
  if (top < 1 || top > mostTop)
    throw badRequest(`The specified value of '$top' query option '${top}' is invalid: it is between 1 and ${mostTop}.`);
  return top;
}

function nextLink({ query, address }: CollectionRequest, skip: number): string {
  const next = new URLSearchParams(query);
  next.set('$skip', String(skip));
  return `${address}?${next.toString()}`;
}

/** Only what is named, and what an entry always has. */
export function selected(json: JsonObject, select: string | null): JsonObject {
  if (select === null) return json;
  const names = new Set(select.split(',').map((name) => name.trim()));
  return Object.fromEntries(
    Object.entries(json).filter(
      ([name]) => name === 'id' || name.startsWith('@odata.') || names.has(name) || isExpanded(name),
    ),
  );
}

/** What was asked for by $expand is shown whether or not $select names it. */
function isExpanded(name: string): boolean {
  return /ExtendedProperties$|^attachments$|^childFolders$|^linkedResources$/.test(name);
}

type Order = readonly { readonly path: string; readonly descending: boolean }[];

function orderOf(orderby: string | null): Order {
  if (orderby === null || orderby.trim() === '') return [];
  return orderby.split(',').map((part) => {
    const [path = '', direction = 'asc'] = part.trim().split(/\s+/);
    if (path === '' || !/^(asc|desc)$/i.test(direction)) throw badRequest(`Invalid orderby clause: ${orderby}`);
    return { path, descending: /^desc$/i.test(direction) };
  });
}

/** @see https://learn.microsoft.com/graph/api/user-list-messages "Using filter and orderby in the same query" */
function demandLeading(expression: FilterExpression, order: Order): void {
  const filtered = filterPaths(expression);
  if (order.every(({ path }, at) => filtered[at] === path)) return;
  throw new GraphFailure({
    status: 400,
    code: 'InefficientFilter',
    message: 'The restriction or sort order is too complex for this operation.',
  });
}

function compareBy(order: Order, a: JsonObject, b: JsonObject): number {
  for (const { path, descending } of order) {
    const [left, right] = [sortKey(valueAt(a, path)), sortKey(valueAt(b, path))];
    const difference = left < right ? -1 : left > right ? 1 : 0;
    if (difference !== 0) return descending ? -difference : difference;
  }
  return 0;
}

function valueAt(json: JsonObject, path: string): unknown {
  return path.split('/').reduce<unknown>((found, name) => (isObject(found) ? found[name] : undefined), json);
}

function sortKey(value: unknown): string {
  if (typeof value === 'number') return String(value).padStart(16, '0');
  return typeof value === 'string' ? value.toLowerCase() : typeof value === 'boolean' ? String(value) : '';
}

function whole(text: string | null, otherwise: number): number {
  if (text === null) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`The value '${text}' is not a whole number.`);
  return Number(text);
}
