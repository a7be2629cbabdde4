import type { ExchangeServer } from '../../domain/endpoint.ts';
import { isKnownError, MailboxBlockedError } from '../../domain/errors.ts';
import type { FolderRole } from '../../domain/mail.ts';
import type { MailboxCredentials } from '../../ports/mail-source.ts';
import { accountFor, type ExchangeServices, type SignInRequest } from '../exchange-http/exchange-account.ts';
import { at } from '../exchange-http/connection-errors.ts';
import { DavConnection } from './dav-connection.ts';
import { davError } from './dav-errors.ts';
import { pathKey, pathOf, segment } from './dav-paths.ts';
import { askAnything, askWellKnown } from './dav-requests.ts';
import type { DavResponse } from './multistatus.ts';

/** A mailbox that can be read, with what it says of itself. */
export interface DavMailbox {
  readonly connection: DavConnection;
  /** Path of the mailbox, as the server spells it. */
  readonly root: string;
  /** Roles of its own folders, by `pathKey`. */
  readonly roles: ReadonlyMap<string, FolderRole>;
}

const rolesByName: readonly (readonly [string, FolderRole])[] = [
  ['inbox', 'inbox'],
  ['sentitems', 'sent'],
  ['drafts', 'drafts'],
  ['deleteditems', 'trash'],
];

/** Signs in and proves that the mailbox can be read. */
export async function openDavMailbox(
  services: ExchangeServices,
  server: ExchangeServer,
  request: SignInRequest,
): Promise<DavMailbox> {
  const connection = await davConnection(services, server, request);
  try {
    await signIn(connection);
    return await findMailbox(connection, request.mailbox);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A connection that signs in with its first request. */
export async function davConnection(
  services: ExchangeServices,
  server: ExchangeServer,
  { mailbox, signal }: SignInRequest,
): Promise<DavConnection> {
  const account = await accountFor(services, server, mailbox);
  return new DavConnection({ server, account, clock: services.clock, signal });
}

/**
 * Who is signed in may still have no right to a mailbox, and Exchange answers 401 to both: so the place above all
 * mailboxes is asked first. What it says of itself does not matter: an administrator may have no mailbox.
 */
export async function signIn(connection: DavConnection): Promise<void> {
  const { status, retryAfter } = await connection.multistatus(
    { method: 'PROPFIND', path: connection.root, body: askAnything },
    () => undefined,
  );
  const isAnswered = status === 207 || status === 403 || status === 404;
  if (!isAnswered) throw davError({ status, retryAfter }, 'root', connection.host);
}

export async function findMailbox(connection: DavConnection, mailbox: MailboxCredentials): Promise<DavMailbox> {
  const names = namesOf(mailbox);
  for (const name of names) {
    const found = await lookAt(connection, `${connection.root}${segment(name)}/`);
    if (found !== undefined) return found;
  }
  // Exchange names the version of its store with every answer; who has not done so yet is another server.
  if (connection.version === undefined) throw davError({ status: 404 }, 'root', connection.host);
  const message = at(connection.host, `there is no mailbox ${names.join(' or ')} below source.webdavUrl`);
  throw new MailboxBlockedError({ code: 'SOURCE_MAILBOX_NOT_FOUND', message });
}

/**
 * A mailbox is at its SMTP address where that is of the virtual directory's own domain, and at its alias elsewhere. The
 * alias is what the row says and never a guess: another person may have the first part of an address as alias.
 */
function namesOf({ emailAddress, userName }: MailboxCredentials): readonly string[] {
  const alias = userName.replace(/^.*\\/, '');
  return [...new Set([emailAddress, alias])].filter((name) => name !== '');
}

async function lookAt(connection: DavConnection, path: string): Promise<DavMailbox | undefined> {
  let response: DavResponse | undefined;
  const { status, retryAfter } = await lookThrough(connection, path, (found) => {
    response ??= found;
  });
  if (status === 404) return undefined;
  if (status !== 207 || response === undefined) throw davError({ status, retryAfter }, 'mailbox', connection.host);
  const { href, properties } = response;
  const roles = rolesByName.flatMap(([name, role]) => {
    const folder = properties.get(name) ?? '';
    return folder === '' ? [] : [[pathKey(pathOf(folder)), role] as const];
  });
  // Every mailbox has an inbox; what has none may be told of by a multistatus and not be there all the same.
  if (!roles.some(([, role]) => role === 'inbox')) return undefined;
  return { connection, root: pathOf(href === '' ? path : href), roles: new Map(roles) };
}

async function lookThrough(
  connection: DavConnection,
  path: string,
  onResponse: (response: DavResponse) => void,
): ReturnType<DavConnection['multistatus']> {
  try {
    return await connection.multistatus({ method: 'PROPFIND', path, body: askWellKnown }, onResponse);
  } catch (error) {
    // The account was taken a moment ago: here it is refused the mailbox.
    if (!isKnownError(error) || error.code !== 'SOURCE_SIGN_IN_FAILED') throw error;
    throw davError({ status: 401 }, 'mailbox', connection.host);
  }
}
