import { ConfigurationError, ConflictError, MailboxBlockedError, TransientError } from '../../domain/errors.ts';
import type { KnownError } from '../../domain/errors.ts';
import { at, retryAfterMs } from '../exchange-http/connection-errors.ts';

/** A whole request that was refused: what it was about decides what that means. */
export interface DavRefusal {
  readonly status: number;
  readonly retryAfter?: string | undefined;
}

/** What was asked for. */
export type Subject = 'root' | 'mailbox' | 'folder';

/** The table of the WebDAV adapter: an answer that is no multistatus, as one of the five kinds. */
export function davError({ status, retryAfter }: DavRefusal, subject: Subject, host: string): KnownError {
  const message = (text: string): string => at(host, `HTTP ${String(status)}: ${text}`);
  if (status === 429 || status === 503) {
    const waitMs = retryAfterMs(retryAfter);
    return new TransientError({
      code: waitMs === undefined ? 'SOURCE_UNAVAILABLE' : 'SOURCE_THROTTLED',
      message: message('the server asks to come again later'),
      retryAfterMs: waitMs,
    });
  }
  // IIS and URLScan answer 501, 405 or 404 to verbs that they do not let through.
  if (status === 501 || status === 405 || (subject === 'root' && status < 500))
    return new ConfigurationError({
      code: 'SOURCE_NOT_WEBDAV',
      message: message('the server lets no WebDAV through at this address; correct source.webdavUrl'),
    });
  if (status >= 500)
    return new TransientError({ code: 'SOURCE_UNAVAILABLE', message: message('the server cannot answer') });
  if (status === 401 || status === 403)
    return new MailboxBlockedError({
      code: 'SOURCE_NO_RIGHTS',
      message: message('the account may not read this mailbox, or WebDAV is switched off for it'),
    });
  if (status === 404)
    return new ConflictError({ code: 'FOLDER_CHANGED', message: message('a folder is not there any more') });
  return new TransientError({ code: 'SERVER_MISBEHAVES', message: message('the server does not take the request') });
}
