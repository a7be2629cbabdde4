import { z } from 'zod';
import type { ErrorCode } from '../../domain/error-catalogue.ts';
import {
  ConfigurationError,
  ConflictError,
  isKnownError,
  ItemRefusedError,
  type KnownError,
  MailboxBlockedError,
  TransientError,
} from '../../domain/errors.ts';
import { rightFor } from './graph-rights.ts';
import { shortTextWithoutAddresses } from '../short-text.ts';

/** A request that was answered with an error, https://learn.microsoft.com/graph/errors */
export class GraphProblem extends Error {
  override readonly name = 'GraphProblem';
  readonly status: number;
  /** `error.code` of the answer, e.g. ErrorItemNotFound; '' where the answer had no such body. */
  readonly code: string;
  /** `error.innerError.code` and what lies below it, from the outside in. */
  readonly innerCodes: readonly string[];
  /** Of the answer, for Microsoft's support; '' where it had none. */
  readonly requestId: string;
  readonly retryAfterMs: number | undefined;

  constructor(answer: {
    readonly status: number;
    readonly code: string;
    readonly innerCodes?: readonly string[];
    readonly text: string;
    readonly requestId: string;
    readonly retryAfterMs: number | undefined;
  }) {
    super(shortTextWithoutAddresses(answer.text));
    this.status = answer.status;
    this.code = answer.code;
    this.innerCodes = answer.innerCodes ?? [];
    this.requestId = answer.requestId;
    this.retryAfterMs = answer.retryAfterMs;
  }

  says(...codes: readonly string[]): boolean {
    return [this.code, ...this.innerCodes].some((code) => codes.includes(code));
  }
}

/** What the server answered, where an error of this adapter comes from an answer. */
export function graphProblemOf(error: unknown): GraphProblem | undefined {
  if (error instanceof GraphProblem) return error;
  return isKnownError(error) && error.cause instanceof GraphProblem ? error.cause : undefined;
}

/** The item, folder or object that the request named is not there (any more). */
export function isNotFound(error: unknown): boolean {
  const problem = graphProblemOf(error);
  return problem?.status === 404 && !problem.says(...noMailbox);
}

/** The mailbox as a whole is not there: no licence, not made yet, or the user is gone. */
export function isWithoutMailbox(error: unknown): boolean {
  const problem = graphProblemOf(error);
  return problem?.says(...noMailbox) ?? false;
}

/** Whether a request may have been carried out although no answer, or none that says so, came back. */
export function isFateUnknown(error: unknown): boolean {
  return error instanceof TransientError && error.code === 'TARGET_CONNECTION_LOST';
}

const noMailbox = [
  'MailboxNotEnabledForRESTAPI',
  'MailboxNotSupportedForRESTAPI',
  'ErrorInvalidUser',
  'ErrorNonExistentMailbox',
  'ErrorMailboxStoreUnavailable',
  'Request_ResourceNotFound',
  'ResourceNotFound',
];
const tooLarge = [
  'ErrorMessageSizeExceeded',
  'ErrorAttachmentSizeLimitExceeded',
  'RequestEntityTooLarge',
  'ErrorRequestEntityTooLarge',
  'MaximumValueExceeded',
];
const quota = ['ErrorQuotaExceeded', 'ErrorSendQuotaExceeded', 'QuotaExceeded'];
const throttled = ['ApplicationThrottled', 'ErrorServerBusy', 'TooManyRequests', 'ErrorTooManyObjectsOpened'];
const denied = ['ErrorAccessDenied', 'Authorization_RequestDenied', 'AccessDenied', 'Forbidden'];
const notNow = [
  'ErrorMailboxMoveInProgress',
  'ErrorConnectionFailed',
  'ErrorTimeoutExpired',
  'ErrorInternalServerTransientError',
  'MailboxInfoStale',
];
const changedMeanwhile = ['ErrorIrresolvableConflict', 'ErrorChangeKeyRequired', 'ErrorFolderExists', 'ErrorConflict'];

/** Whether the server did not take the request because there were too many: it was not carried out. */
export function isThrottled(problem: GraphProblem): boolean {
  return problem.status === 429 || problem.says(...throttled);
}

/** Trouble of the server's; whether the request was carried out cannot be told from it. */
export function isServersTrouble(problem: GraphProblem): boolean {
  return problem.status >= 500 || problem.status === 408 || problem.says(...notNow);
}

export interface RequestName {
  readonly method: string;
  /** Below the version; never shown. */
  readonly path: string;
  /** Host, for the message. */
  readonly host: string;
  /** To be carried out once only: then trouble in the middle of it leaves its fate unknown. */
  readonly isRepeatable: boolean;
}

/** The table of the Graph adapter: an answer, as one of the five kinds. */
export function graphError(problem: GraphProblem, request: RequestName): KnownError {
  const details = (code: ErrorCode, advice = ''): { code: ErrorCode; message: string; cause: unknown } => ({
    code,
    message: messageOf(problem, request, advice),
    cause: problem,
  });
  const { status, retryAfterMs } = problem;
  if (isThrottled(problem)) return new TransientError({ ...details('TARGET_THROTTLED'), retryAfterMs });
  if (status === 507 || problem.says(...quota)) return new MailboxBlockedError(details('TARGET_MAILBOX_FULL'));
  if (status === 413 || problem.says(...tooLarge)) return new ItemRefusedError(details('ITEM_TOO_LARGE'));
  if (problem.says('ErrorMailboxStoreUnavailable')) return new TransientError(details('TARGET_UNAVAILABLE'));
  if (problem.says(...noMailbox)) return new MailboxBlockedError(details('TARGET_MAILBOX_NOT_FOUND'));
  // The client has fetched a new token before: whatever refuses that one may pass. A secret or certificate that is not
  // good any more is refused by the sign-in itself.
  if (status === 401)
    return new TransientError(details('TARGET_UNAVAILABLE', 'a token that was just given is refused'));
  if (status === 403 || problem.says(...denied)) return deniedError(details, request);
  if (isServersTrouble(problem)) return troubleError(details, problem, request);
  if (status === 404 || status === 409 || status === 412 || problem.says(...changedMeanwhile))
    return new ConflictError(details('FOLDER_CHANGED'));
  return new ItemRefusedError(details('ITEM_REFUSED'));
}

type Details = (code: ErrorCode, advice?: string) => { code: ErrorCode; message: string; cause: unknown };

/**
 * Rights of the directory are the same for everybody. Those of mailboxes are given by a scope (RBAC for Applications)
 * that one mailbox may be outside of, so one refusal says nothing of the next mailbox.
 */
function deniedError(details: Details, { method, path }: RequestName): KnownError {
  const right = rightFor(method, path);
  const advice = `the application lacks ${right.name}${right.isScoped ? ' for this mailbox' : ''}`;
  const Kind = right.isScoped ? MailboxBlockedError : ConfigurationError;
  return new Kind(details('TARGET_RIGHT_MISSING', advice));
}

function troubleError(details: Details, { retryAfterMs }: GraphProblem, { isRepeatable }: RequestName): KnownError {
  if (isRepeatable) return new TransientError({ ...details('TARGET_UNAVAILABLE'), retryAfterMs });
  const advice = 'whether the request was carried out is not known';
  return new TransientError({ ...details('TARGET_CONNECTION_LOST', advice), retryAfterMs });
}

function messageOf(problem: GraphProblem, { host }: RequestName, advice: string): string {
  const code = problem.code === '' ? '' : ` ${problem.code}`;
  const said = problem.message === '' ? '' : `: ${problem.message}`;
  const id = problem.requestId === '' ? '' : ` (request-id ${problem.requestId})`;
  return `${host} (target): ${advice === '' ? '' : `${advice}; `}HTTP ${String(problem.status)}${code}${said}${id}`;
}

/**
 * What fetch throws, https://nodejs.org/api/errors.html: before the first octet was sent, a request was surely not
 * carried out.
 */
export function connectionError(error: unknown, { host, isRepeatable }: RequestName): KnownError {
  const reason = reasonOf(error);
  const at = `${host} (target): `;
  const certificate = certificateAdvice(reason);
  if (certificate !== undefined) {
    const message = `${at}${certificate} (${reason})`;
    return new ConfigurationError({ code: 'TARGET_CERTIFICATE_INVALID', message, cause: error });
  }
  if (isUnsent(error)) {
    return new TransientError({ code: 'TARGET_UNREACHABLE', message: `${at}no connection (${reason})`, cause: error });
  }
  const unknown = isRepeatable ? '' : ' Whether the request was carried out is not known.';
  const message = `${at}the connection broke off (${reason}).${unknown}`;
  return new TransientError({ code: 'TARGET_CONNECTION_LOST', message, cause: error });
}

const unsent = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

/** No connection came about. */
export function isUnsent(error: unknown): boolean {
  return unsent.includes(reasonOf(error));
}

/** `fetch` hides what happened in `cause`, and several addresses of a name in `cause.errors`. */
const Thrown = z.object({
  name: z.string().catch(''),
  // A number in a DOMException.
  code: z.string().catch(''),
  cause: z.unknown().optional(),
  errors: z.array(z.unknown()).catch([]),
});

function reasonOf(error: unknown): string {
  const thrown = Thrown.safeParse(error);
  if (!thrown.success) return 'unknown';
  const { name, code, cause, errors } = thrown.data;
  if (name === 'TimeoutError') return 'no answer in time';
  if (code !== '') return code;
  if (errors[0] !== undefined) return reasonOf(errors[0]);
  return cause === undefined ? name : reasonOf(cause);
}

function certificateAdvice(reason: string): string | undefined {
  if (!/CERT|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY|^INVALID_CA/.test(reason)) return undefined;
  return 'its certificate is not accepted; a proxy that opens TLS needs its authority in NODE_EXTRA_CA_CERTS';
}
