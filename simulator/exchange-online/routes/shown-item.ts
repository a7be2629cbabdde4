import { badRequest } from '../graph-failure.ts';
import type { GraphCall } from '../graph-call.ts';
import { graphTime } from '../graph-time.ts';
import type { JsonObject } from '../json-object.ts';
import { selected, type CollectionEntry } from '../odata/collection.ts';
import { parseExpand, type Expansion } from '../odata/expand.ts';
import { parseFilter } from '../odata/filter-expression.ts';
import { matches } from '../odata/filter-matching.ts';
import type { OnlineItem } from '../store/online-item.ts';
import { attachmentJson } from './attachment-json.ts';

/** How a kind of item is shown. */
export interface ItemView {
  /** Its properties, but for id, times and change key. */
  readonly properties: (item: OnlineItem, call: GraphCall) => JsonObject;
  /** Extended properties that the service computes, by id. */
  readonly computed: (item: OnlineItem) => ReadonlyMap<string, string>;
  /** Further navigation properties that $expand may name. */
  readonly expandable?: Readonly<Record<string, (item: OnlineItem, call: GraphCall) => unknown>> | undefined;
  /** Shown only when $select names it. */
  readonly onlySelected?: readonly string[] | undefined;
}

/** What every item of a mailbox has in front. */
export function itemHead(item: OnlineItem, { preferences }: GraphCall): JsonObject {
  const changeKey = Buffer.from(`CQAAABYA${String(item.change).padStart(12, '0')}`).toString('base64');
  return {
    '@odata.etag': `W/"${changeKey}"`,
    id: preferences.immutableIds ? item.immutableId : item.id,
    createdDateTime: graphTime(item.created),
    lastModifiedDateTime: graphTime(item.modified),
    changeKey,
  };
}

/** An item as a request wants it: $select and $expand, ids of the kind that it prefers. */
export function shownItem(item: OnlineItem, call: GraphCall, view: ItemView): JsonObject {
  const select = call.query.get('$select');
  const json = { ...itemHead(item, call), ...view.properties(item, call) };
  const hidden = (view.onlySelected ?? []).filter((name) => select?.split(',').includes(name) !== true);
  const visible = Object.fromEntries(Object.entries(json).filter(([name]) => !hidden.includes(name)));
  return { ...selected(visible, select), ...expanded(item, call, view) };
}

/** Its facts are worked out when they are asked for: a page of a large folder needs those of few items. */
export function itemEntry(item: OnlineItem, call: GraphCall, view: ItemView): CollectionEntry {
  let facts: JsonObject | undefined;
  return {
    get facts() {
      facts ??= {
        ...itemHead(item, call),
        ...view.properties(item, call),
        get singleValueExtendedProperties() {
          return extendedJson(item, view);
        },
      };
      return facts;
    },
    shown: () => shownItem(item, call, view),
  };
}

function expanded(item: OnlineItem, call: GraphCall, view: ItemView): JsonObject {
  const expand = call.query.get('$expand');
  if (expand === null) return {};
  return Object.assign(
    {},
    ...parseExpand(expand).map((expansion) => expandOne({ item, call, view, expansion })),
  ) as JsonObject;
}

function expandOne({
  item,
  call,
  view,
  expansion,
}: {
  readonly item: OnlineItem;
  readonly call: GraphCall;
  readonly view: ItemView;
  readonly expansion: Expansion;
}): JsonObject {
  const { name, options } = expansion;
  const further = view.expandable?.[name];
  if (further !== undefined) return { [name]: further(item, call) };
  if (name === 'attachments')
    return {
      attachments: item.attachments.map((attachment) =>
        selected(attachmentJson(attachment), options['$select'] ?? null),
      ),
    };
  const isSingle = name === 'singleValueExtendedProperties';
  if (!isSingle && name !== 'multiValueExtendedProperties')
    throw badRequest(`Could not find a property named '${name}' on type 'Microsoft.OutlookServices.${item.kind}'.`);
  const filter = options['$filter'];
  if (filter === undefined) throw badRequest(`The expansion of '${name}' needs a $filter.`, 'ErrorInvalidProperty');
  const expression = parseFilter(filter);
  const all = isSingle ? extendedJson(item, view) : [...item.multiple].map(([id, value]) => ({ id, value }));
  const found = all.filter((property) => matches(expression, property));
  // The service leaves the member out when nothing is found.
  return found.length === 0 ? {} : { [name]: found };
}

function extendedJson(item: OnlineItem, view: ItemView): readonly JsonObject[] {
  return [...new Map([...item.single, ...view.computed(item)])].map(([id, value]) => ({ id, value }));
}
