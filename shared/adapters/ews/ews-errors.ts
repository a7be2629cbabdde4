import type { ErrorCode } from '../../domain/error-catalogue.ts';
import {
  ConfigurationError,
  ConflictError,
  MailboxBlockedError,
  TransientError,
  type KnownError,
} from '../../domain/errors.ts';
import type { UnreadableItem } from '../../ports/mail-source.ts';
import { at, retryAfterMs } from '../exchange-http/connection-errors.ts';
import { shortText } from '../short-text.ts';

/** An error response of EWS: of a whole call (SOAP fault), of a folder or of an item. */
export interface EwsProblem {
  /** ResponseCodeType, https://learn.microsoft.com/exchange/client-developer/web-service-reference/responsecode */
  readonly code: string;
  readonly text: string;
  /** `BackOffMilliseconds` of ErrorServerBusy. */
  readonly backOffMs?: number | undefined;
}

/** Errors of one item that are its own: `gone`, or why it cannot be read. */
const itemFailures: Readonly<Record<string, UnreadableItem['code'] | 'gone'>> = {
  ErrorItemNotFound: 'gone',
  ErrorInvalidIdNotAnItemAttachmentId: 'gone',
  ErrorCorruptData: 'ITEM_CORRUPT',
  ErrorItemCorrupt: 'ITEM_CORRUPT',
  ErrorPropertyRequestFailed: 'ITEM_CORRUPT',
  ErrorContentConversionFailed: 'ITEM_NOT_CONVERTIBLE',
  ErrorMimeContentConversionFailed: 'ITEM_NOT_CONVERTIBLE',
  ErrorUnsupportedMimeConversion: 'ITEM_NOT_CONVERTIBLE',
  ErrorMessageSizeExceeded: 'ITEM_UNREADABLE',
  ErrorInternalServerError: 'ITEM_UNREADABLE',
};

/** For callers that can do without the one thing that was asked for: throws what is not that thing's fault. */
export function throwUnlessOwnFault(problem: EwsProblem, host: string): void {
  const { code, backOffMs } = problem;
  const isOthers = itemFailures[code] === undefined && (isServersTrouble(code) || isMailboxTrouble(code));
  if (isOthers || backOffMs !== undefined) throw problemError(problem, host);
}

/** What an error of one item means for it; throws what is not the item's fault. */
export function itemProblem(uid: number, problem: EwsProblem, host: string): UnreadableItem | 'gone' {
  throwUnlessOwnFault(problem, host);
  const code = itemFailures[problem.code] ?? 'ITEM_UNREADABLE';
  return code === 'gone' ? 'gone' : { uid, code, text: shortText(`${problem.code}: ${problem.text}`) };
}

/** Codes after which a folder's SyncState is of no use any more: the folder is listed from the beginning. */
export function isLostSyncState({ code }: Pick<EwsProblem, 'code'>): boolean {
  return code === 'ErrorInvalidSyncStateData';
}

export function isFolderGone({ code }: Pick<EwsProblem, 'code'>): boolean {
  return ['ErrorItemNotFound', 'ErrorFolderNotFound', 'ErrorSyncFolderNotFound'].includes(code);
}

const throttled: readonly string[] = ['ErrorServerBusy', 'ErrorExceededConnectionCount'];
const serversTrouble: readonly string[] = [
  'ErrorTimeoutExpired',
  'ErrorMailboxStoreUnavailable',
  'ErrorInternalServerTransientError',
  'ErrorInternalServerError',
  'ErrorConnectionFailed',
  'ErrorInsufficientResources',
  'ErrorMailboxMoveInProgress',
  'ErrorMailboxFailover',
  'ErrorADUnavailable',
  'ErrorADOperation',
  'ErrorQuotaExceeded',
];

function isServersTrouble(code: string): boolean {
  return throttled.includes(code) || serversTrouble.includes(code);
}

const mailboxTrouble: Readonly<Record<string, ErrorCode>> = {
  ErrorAccessDenied: 'SOURCE_NO_RIGHTS',
  ErrorNonExistentMailbox: 'SOURCE_MAILBOX_NOT_FOUND',
  ErrorMissingEmailAddress: 'SOURCE_MAILBOX_NOT_FOUND',
  ErrorInvalidSmtpAddress: 'SOURCE_MAILBOX_NOT_FOUND',
  // The text names the primary address, which is to stand in the CSV.
  ErrorNonPrimarySmtpAddress: 'SOURCE_MAILBOX_NOT_FOUND',
  ErrorMailboxConfiguration: 'SOURCE_MAILBOX_NOT_FOUND',
  ErrorImpersonateUserDenied: 'SOURCE_IMPERSONATION_DENIED',
  ErrorImpersonationDenied: 'SOURCE_IMPERSONATION_DENIED',
  ErrorImpersonationFailed: 'SOURCE_IMPERSONATION_DENIED',
};

function isMailboxTrouble(code: string): boolean {
  return mailboxTrouble[code] !== undefined;
}

/** The table of the EWS adapter: an error response as one of the five kinds. */
export function problemError(problem: EwsProblem, host: string): KnownError {
  const message = at(host, `${problem.code}: ${problem.text}`);
  const wait = problem.backOffMs;
  if (throttled.includes(problem.code) || wait !== undefined)
    return new TransientError({ code: 'SOURCE_THROTTLED', message, retryAfterMs: wait });
  const ofMailbox = mailboxTrouble[problem.code];
  if (ofMailbox !== undefined) return new MailboxBlockedError({ code: ofMailbox, message });
  if (serversTrouble.includes(problem.code)) return new TransientError({ code: 'SOURCE_UNAVAILABLE', message });
  if (isFolderGone(problem)) return new ConflictError({ code: 'FOLDER_CHANGED', message });
  if (problem.code === 'ErrorInvalidServerVersion')
    return new ConfigurationError({ code: 'SOURCE_VERSION_UNSUPPORTED', message });
  return new TransientError({ code: 'SERVER_MISBEHAVES', message });
}

export interface HttpRefusal {
  readonly status: number;
  readonly retryAfter?: string | undefined;
  readonly location?: string | undefined;
}

/** An answer that is no SOAP: what stands in front of Exchange says no. 401 is the sign-in's own business. */
export function httpError({ status, retryAfter, location }: HttpRefusal, host: string): KnownError {
  const message = (text: string): string => at(host, `HTTP ${String(status)}: ${text}`);
  if (status === 429 || status === 503)
    return new TransientError({
      code: 'SOURCE_THROTTLED',
      message: message('the server asks to come again later'),
      retryAfterMs: retryAfterMs(retryAfter),
    });
  if (status >= 500)
    return new TransientError({ code: 'SOURCE_UNAVAILABLE', message: message('the server cannot answer') });
  if (status === 403)
    return new MailboxBlockedError({
      code: 'SOURCE_NO_RIGHTS',
      message: message('the account may not use Exchange Web Services (Set-CASMailbox -EWSEnabled)'),
    });
  if (status === 440)
    return new ConfigurationError({
      code: 'SOURCE_LOGIN_UNSUPPORTED',
      message: message('the address wants a form to be filled in; publish /EWS with Basic or NTLM'),
    });
  const where = location === undefined ? '' : ` to ${hostOf(location)}`;
  const text = status >= 300 && status < 400 ? `the address is redirected${where}` : 'there is no EWS at this address';
  return new ConfigurationError({ code: 'SOURCE_NOT_EWS', message: message(`${text}; correct source.ewsUrl`) });
}

/** A redirect's query may hold anything: only its host is shown. */
function hostOf(location: string): string {
  return URL.canParse(location) ? new URL(location).host : 'another place';
}
