import { badRequest } from '../graph-failure.ts';
import { ok, type GraphAnswer, type GraphCall } from '../graph-call.ts';
import type { JsonObject } from '../json-object.ts';
import type { OnlineItem } from '../store/online-item.ts';
import type { OnlineMailbox } from '../store/online-mailbox.ts';

/** Changes of a folder since a token; without one, all that is there. */
export function deltaAnswer(
  call: GraphCall,
  {
    mailbox,
    folder,
    shown,
  }: { readonly mailbox: OnlineMailbox; readonly folder: string; readonly shown: (item: OnlineItem) => JsonObject },
): GraphAnswer {
  const token = call.query.get('$deltatoken') ?? call.query.get('$skiptoken');
  const { since, until, skip } =
    token === null ? { since: 0, until: mailbox.latestChange, skip: 0 } : read(token, mailbox);
  const changes = mailbox
    .changesOf(folder, since)
    .filter(({ at, removed }) => at <= until && !(since === 0 && removed));
  const top = call.preferences.maxPageSize ?? 10;
  const page = changes.slice(skip, skip + top);
  const isLast = skip + top >= changes.length;
  const next = isLast ? { since: until, until: 0, skip: 0 } : { since, until, skip: skip + top };
  const link = `${call.address}?${isLast ? '$deltatoken' : '$skiptoken'}=${write(next)}`;
  return ok({
    value: page.map(({ item, removed }) =>
      removed
        ? { id: call.preferences.immutableIds ? item.immutableId : item.id, '@removed': { reason: 'deleted' } }
        : shown(item),
    ),
    [isLast ? '@odata.deltaLink' : '@odata.nextLink']: link,
  });
}

interface Token {
  readonly since: number;
  /** 0: until now. */
  readonly until: number;
  readonly skip: number;
}

function write({ since, until, skip }: Token): string {
  return Buffer.from([since, until, skip].join(' ')).toString('base64url');
}

function read(token: string, mailbox: OnlineMailbox): Token {
  const text = Buffer.from(token, 'base64url').toString();
  const [, since = '', until = '', skip = ''] = /^(\d+) (\d+) (\d+)$/.exec(text) ?? [];
  if (since === '') throw badRequest('The sync state is invalid.', 'SyncStateInvalid');
  return {
    since: Number(since),
    until: Number(until) === 0 ? mailbox.latestChange : Number(until),
    skip: Number(skip),
  };
}
