import { z } from 'zod';
import type { GraphClient } from '../graph-client.ts';
import { isNotFound } from '../graph-errors.ts';
import { graphQuery } from '../graph-path.ts';
import { itemPath } from './attachment-parts.ts';
import { expansionOf, propertyIds, propertyOf } from './extended-properties.ts';
import { AttachmentFacts, Properties } from './graph-shapes.ts';
import { decodeHead } from './item-head.ts';
import type { OpenMailbox } from './open-mailbox.ts';
import { oneLine } from './sanitised-text.ts';

const Address = z.object({ emailAddress: z.object({ name: z.string().nullish(), address: z.string().nullish() }) });

const ReadMessage = z.object({
  id: z.string(),
  internetMessageId: z.string().nullish(),
  sentDateTime: z.string().nullish(),
  subject: z.string().nullish(),
  from: Address.nullish(),
  internetMessageHeaders: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  body: z.object({ contentType: z.string(), content: z.string() }).nullish(),
  attachments: z.array(AttachmentFacts).nullish(),
  singleValueExtendedProperties: Properties,
});
type ReadMessage = z.infer<typeof ReadMessage>;

const names = 'id,internetMessageId,sentDateTime,subject,from';

/**
 * The header fields by which messages are known again: of ours the text that stood there, of others what Exchange kept
 * of theirs. Graph gives no octets back, so whole messages are shown as a list of what they consist of.
 */
export async function readMessages(
  { client, user }: OpenMailbox,
  { ids, whole }: { readonly ids: readonly string[]; readonly whole: boolean },
  deliver: (id: string, octets: Buffer) => void | Promise<void>,
): Promise<void> {
  const head = expansionOf([propertyIds.head]);
  const query = graphQuery({
    $select: whole ? `${names},body` : names,
    $expand: whole ? `${head},attachments($select=id,name,size)` : head,
  });
  for (let from = 0; from < ids.length; from += atATime) {
    const some = ids.slice(from, from + atATime);
    const found = await getAll(client, some, (id) => `${itemPath(user, 'messages', id)}${query}`);
    const foreign = found.filter((message) => headOfOurs(message) === undefined).map(({ id }) => id);
    const headers = await getAll(
      client,
      foreign,
      (id) => `${itemPath(user, 'messages', id)}${graphQuery({ $select: `${names},internetMessageHeaders` })}`,
    );
    const kept = new Map(headers.map((message) => [message.id, message]));
    for (const message of found) await deliver(message.id, octetsOf(message, kept.get(message.id)));
  }
}

/** Two batches of twenty. */
const atATime = 40;

async function getAll(
  client: GraphClient,
  ids: readonly string[],
  pathOf: (id: string) => string,
): Promise<readonly ReadMessage[]> {
  if (ids.length === 0) return [];
  const outcomes = await client.batch(
    ids.map((id) => ({ method: 'GET' as const, path: pathOf(id) })),
    'parallel',
  );
  return outcomes.flatMap((outcome) => {
    if (outcome.outcome === 'ok') return ReadMessage.parse(outcome.body);
    if (outcome.outcome === 'failed' && !isNotFound(outcome.error)) throw outcome.error;
    return [];
  });
}

function headOfOurs(message: ReadMessage): Buffer | undefined {
  const value = propertyOf(message, propertyIds.head);
  return value === undefined ? undefined : decodeHead(value);
}

function octetsOf(message: ReadMessage, kept: ReadMessage | undefined): Buffer {
  const parts = (message.attachments ?? []).map(
    ({ name, size }) => `X-Attachment: ${String(size ?? 0)} ${oneLine(name ?? '')}\r\n`,
  );
  const body = message.body === undefined || message.body === null ? '' : message.body.content;
  const header = headOfOurs(message) ?? Buffer.from(headerOf(kept ?? message));
  return Buffer.concat([header, Buffer.from(`${parts.join('')}\r\n${body}`)]);
}

function headerOf(message: ReadMessage): string {
  const kept = new Map((message.internetMessageHeaders ?? []).map(({ name, value }) => [name.toLowerCase(), value]));
  const { name, address } = message.from?.emailAddress ?? {};
  const sent = message.sentDateTime ?? '';
  const fields: readonly (readonly [string, string])[] = [
    ['Message-ID', kept.get('message-id') ?? message.internetMessageId ?? ''],
    ['Date', kept.get('date') ?? (sent === '' ? '' : new Date(sent).toUTCString().replace('GMT', '+0000'))],
    ['From', kept.get('from') ?? `${name ?? ''} <${address ?? ''}>`],
    ['Subject', kept.get('subject') ?? message.subject ?? ''],
  ];
  return fields.flatMap(([field, value]) => (value === '' ? [] : [`${field}: ${oneLine(value)}\r\n`])).join('');
}
