import { FlagLists, endsInBodySection, parseFetch, uidOfFetch } from './fetch-response.ts';
import type { UntaggedData } from './command-queue.ts';
import type { ImapConnection } from './imap-connection.ts';
import { ImapProtocolError } from './imap-error.ts';
import type { Reply } from './reply.ts';
import type { LiteralSink } from './response-framer.ts';
import { UidSet } from './uid-set.ts';

/** Chunks are only valid during the call, or until the promise it returned resolves. */
export interface BodySink {
  begin(message: { readonly uid: number; readonly size: number }): void | Promise<void>;
  chunk(octets: Buffer): void | Promise<void>;
  end(): void | Promise<void>;
}

export interface FetchedBodies {
  readonly reply: Reply;
  /** Messages that the server named but could not read (NIL). */
  readonly nil: readonly number[];
}

/**
 * Streams the messages of one set (whole, or their header) to the sink, in the server's order, which is ascending.
 * Never sets \Seen (BODY.PEEK). Resolves also on NO and BAD; rejects when the connection is lost or the sink failed.
 * A message that was not asked for ends the connection, before it can end up in the wrong place.
 */
export async function fetchBodies(
  connection: ImapConnection,
  request: { readonly set: string; readonly section: '' | 'HEADER' },
  sink: BodySink,
): Promise<FetchedBodies> {
  const nil: number[] = [];
  const flagLists = new FlagLists();
  const single = /^\d+$/.test(request.set) ? Number(request.set) : undefined;
  const asked = new UidSet(request.set);
  const uidOf = (data: UntaggedData): number | undefined => {
    const uid = parseFetch(data.response, data.number, flagLists).uid ?? single;
    if (uid !== undefined && !asked.has(uid)) {
      throw new ImapProtocolError('The server sent a message that was not asked for.');
    }
    return uid;
  };
  const inFlight = await connection.send({
    name: 'UID FETCH',
    parts: [`UID FETCH ${request.set} (UID BODY.PEEK[${request.section}])`],
    accepts: ['FETCH'],
    claims: (data) => {
      const uid = uidOfFetch(data.response);
      return uid !== undefined && asked.has(uid);
    },
    alone: 'FETCH',
    // Of a single message a server may leave the UID out: only one of those at a time.
    ...(single === undefined ? { about: asked } : {}),
    openLiteral: (soFar, size) => {
      if (!endsInBodySection(soFar.response.text)) {
        return undefined;
      }
      const uid = uidOf(soFar);
      // A server that names the UID after the body: the message is collected and handed on with the response.
      return uid === undefined ? undefined : streamTo(sink, uid, size);
    },
    untagged: (data) => {
      // A body that went to the sink: there is nothing more to it.
      if (data.response.literals.includes(undefined)) {
        return;
      }
      const { body } = parseFetch(data.response, data.number, flagLists);
      if (body === undefined || body === 'streamed') {
        return;
      }
      const uid = uidOf(data);
      if (uid === undefined) {
        throw new ImapProtocolError('The server sent a message without its UID.');
      }
      if (body === 'nil') {
        nil.push(uid);
        return;
      }
      return deliver(sink, uid, body);
    },
  });
  return { reply: await inFlight.reply, nil };
}

function streamTo(sink: BodySink, uid: number, size: number): LiteralSink {
  return {
    begin: () => sink.begin({ uid, size }),
    chunk: (octets) => sink.chunk(octets),
    end: () => sink.end(),
  };
}

async function deliver(sink: BodySink, uid: number, body: Buffer): Promise<void> {
  await sink.begin({ uid, size: body.length });
  if (body.length > 0) {
    await sink.chunk(body);
  }
  await sink.end();
}
