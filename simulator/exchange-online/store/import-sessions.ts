import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../shared/ports/clock.ts';
import { GraphFailure } from '../graph-failure.ts';
import type { OnlineMailbox } from './online-mailbox.ts';

const lifetimeMs = 3_600_000;

export interface ImportSession {
  readonly token: string;
  readonly limitKey: string;
  readonly mailbox: OnlineMailbox;
  readonly expires: number;
}

/** Import sessions of mailboxes: good for any number of items and any folder until they expire. */
export class ImportSessions {
  readonly #sessions = new Map<string, ImportSession>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(session: Pick<ImportSession, 'limitKey' | 'mailbox'>): ImportSession {
    const token = randomBytes(24).toString('base64url');
    const opened = { ...session, token, expires: this.#clock.now() + lifetimeMs };
    this.#sessions.set(token, opened);
    return opened;
  }

  /** 401 where there is no such session, or it has expired. */
  find(token: string): ImportSession {
    const session = this.#sessions.get(token);
    if (session !== undefined && session.expires > this.#clock.now()) return session;
    throw new GraphFailure({
      status: 401,
      code: 'InvalidAuthenticationToken',
      message: 'The import session has expired.',
    });
  }
}
