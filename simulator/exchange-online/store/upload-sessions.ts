import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../../../shared/ports/clock.ts';
import { badRequest, GraphFailure } from '../graph-failure.ts';
import { graphTime } from '../graph-time.ts';
import type { JsonObject } from '../json-object.ts';
import type { OnlineAttachment, OnlineItem } from './online-item.ts';
import type { OnlineMailbox } from './online-mailbox.ts';

const largestRange = 4 * 1024 * 1024;
const lifetimeMs = 7 * 24 * 3_600_000;

/** An attachment that comes in pieces. */
export interface UploadSession {
  readonly token: string;
  /** Whose limits its requests count for. */
  readonly limitKey: string;
  readonly mailbox: OnlineMailbox;
  readonly item: OnlineItem;
  readonly attachment: Pick<OnlineAttachment, 'properties'>;
  readonly size: number;
  readonly expires: number;
  received: Buffer[];
  next: number;
}

export interface UploadAnswer {
  readonly status: number;
  readonly body?: JsonObject | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Upload sessions of attachments: ranges in order, at most 4 MB each, without an Authorization header. */
export class UploadSessions {
  readonly #sessions = new Map<string, UploadSession>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(session: Pick<UploadSession, 'limitKey' | 'mailbox' | 'item' | 'attachment' | 'size'>): UploadSession {
    const opened = {
      ...session,
      token: randomBytes(24).toString('base64url'),
      expires: this.#clock.now() + lifetimeMs,
      received: [],
      next: 0,
    };
    this.#sessions.set(opened.token, opened);
    return opened;
  }

  find(token: string): UploadSession {
    const session = this.#sessions.get(token);
    if (session !== undefined && session.expires > this.#clock.now()) return session;
    throw new GraphFailure({ status: 404, code: 'ErrorItemNotFound', message: 'The upload session was not found.' });
  }

  status(session: UploadSession): UploadAnswer {
    return { status: 200, body: this.#state(session) };
  }

  cancel(session: UploadSession): UploadAnswer {
    this.#sessions.delete(session.token);
    return { status: 204 };
  }

  /** Takes a range; the last one makes the attachment: 201 with its address and no body. */
  take(session: UploadSession, range: string, octets: Buffer): UploadAnswer {
    const [, first = '', last = '', total = ''] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(range) ?? [];
    if (first === '')
      throw badRequest('The Content-Range header is missing or malformed.', 'InvalidContentRangeHeader');
    if (Number(total) !== session.size || Number(last) - Number(first) + 1 !== octets.length)
      throw badRequest('The Content-Range header does not fit the content.', 'InvalidContentRangeHeader');
    if (octets.length > largestRange) throw new GraphFailure({ status: 413, code: 'RequestEntityTooLarge' });
    if (Number(first) !== session.next)
      throw new GraphFailure({
        status: 416,
        code: 'InvalidRange',
        message: 'The range is not the next one that was expected.',
      });
    session.received.push(octets);
    session.next += octets.length;
    return session.next < session.size ? { status: 200, body: this.#state(session) } : this.#finish(session);
  }

  #finish(session: UploadSession): UploadAnswer {
    const { mailbox, attachment } = session;
    const content = Buffer.concat(session.received);
    mailbox.demand(content.length);
    // It may have changed meanwhile, or have gone.
    const item = mailbox.item(session.item.immutableId);
    const made: OnlineAttachment = {
      id: `${item.id}${randomUUID().slice(0, 8)}`,
      type: '#microsoft.graph.fileAttachment',
      properties: attachment.properties,
      content,
      modified: this.#clock.now(),
    };
    item.attachments.push(made);
    mailbox.touch(item);
    this.#sessions.delete(session.token);
    const address = `https://outlook.office.com/api/v2.0/Users('${mailbox.guid}')/Messages('${item.id}')/Attachments('${made.id}')`;
    return { status: 201, headers: { Location: address } };
  }

  /** As Outlook writes it, and unlike OneDrive: the range without its dash. */
  #state({ expires, next }: UploadSession): JsonObject {
    return { expirationDateTime: graphTime(expires), nextExpectedRanges: [next === 0 ? '0-' : String(next)] };
  }
}
