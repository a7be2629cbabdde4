import { z } from 'zod';
import type { GraphClient } from '../graph-client.ts';
import { graphQuery } from '../graph-path.ts';

/** Entries of one page of a listing. */
const pageEntries = 500;

type Ordered = { readonly id: string; readonly createdDateTime: string; readonly lastModifiedDateTime: string };

/**
 * Lists a collection by time. Graph's next pages begin after so many entries, and miss one for each that was deleted
 * meanwhile from those before; so each page is asked for by the time at which the one before ended.
 */
export async function listInOrder<T extends Ordered>(
  client: GraphClient,
  listing: {
    readonly path: string;
    readonly query: Readonly<Record<`$${string}`, string>>;
    readonly order: 'createdDateTime' | 'lastModifiedDateTime';
    /** Epoch milliseconds by the server's clock. */
    readonly since: number | undefined;
    readonly shape: z.ZodType<T>;
  },
): Promise<readonly T[]> {
  const { path, query, order, since, shape } = listing;
  const page = z.object({ value: z.array(shape), '@odata.nextLink': z.string().optional() });
  const addressFrom = (from: string | undefined): string =>
    `${path}${graphQuery({
      ...query,
      $filter: from === undefined ? undefined : `${order} ge ${from}`,
      $orderby: `${order} asc`,
      $top: pageEntries,
    })}`;
  const found = new Map<string, T>();
  let from = since === undefined ? undefined : new Date(since).toISOString();
  let next = addressFrom(from);
  for (;;) {
    const { value, '@odata.nextLink': link }: z.infer<typeof page> = await client.get(next, page);
    for (const item of value) found.set(item.id, item);
    const last: string | undefined = value.at(-1)?.[order];
    if (link === undefined || last === undefined) return [...found.values()];
    // A whole page of one moment: only the server's own link leads out of it.
    next = last === from ? link : addressFrom(last);
    from = last;
  }
}
