import type { ExchangeOnline, ImapServer } from '../../../domain/endpoint.ts';
import type { TargetProfile } from '../../../domain/mail.ts';
import type { MailboxCredentials } from '../../../ports/mail-source.ts';
import type { MailTarget, PageWriter, TargetFolder, TargetMailbox } from '../../../ports/mail-target.ts';
import { imapMailTarget } from '../../imap/imap-mail-target.ts';
import type { ImapServices } from '../../imap/imap-login.ts';
import { addressesOf } from '../clouds.ts';
import { mostMessageLimit, usualMessageLimit } from '../message-limits.ts';
import { reservedFolders } from '../reserved-folders.ts';
import { type SignInServices, tokensFor } from '../sign-in.ts';
import { ImapPage } from './imap-page.ts';

/**
 * Exchange Online announces LITERAL+ and answers large literals that it was not asked about with BAD (MailKit issue
 * 1493); MULTIAPPEND would put the fate of a page on its worst message.
 */
const ignored = ['LITERAL+', 'LITERAL-', 'MULTIAPPEND'];

/** The IMAP server of the organisation's cloud, signed in to as the application. */
export function imapServerOf(target: ExchangeOnline): ImapServer {
  const { imap, outlookScope, signIn } = addressesOf(target);
  return {
    kind: 'imap',
    ...imap,
    login: {
      mode: 'oauth',
      tokenUrl: `${signIn}/${target.tenant}/oauth2/v2.0/token`,
      clientId: target.clientId,
      ...(target.certificate === undefined ? {} : { certificate: target.certificate }),
      ...(target.secret === undefined ? {} : { secret: target.secret }),
      scope: outlookScope,
      mechanism: 'xoauth2',
    },
    compress: false,
    keeps: { octets: false, size: false, dates: true, keywords: false },
  };
}

/** IMAP with tokens of the application's sign-in, as Exchange Online wants to be spoken to. */
export function imapServicesOf(services: SignInServices, target: ExchangeOnline): ImapServices {
  const tokens = tokensFor(services, target, addressesOf(target).outlookScope);
  return { ...services, ignored, accessToken: (refused) => tokens.token(refused) };
}

/**
 * Mail to Exchange Online by IMAP: messages are kept as they are, but for what `acceptableMessage` changes.
 * `identity`: of the mailbox, the same whatever way it is written.
 */
export function exchangeOnlineImapTarget(
  target: ExchangeOnline,
  services: SignInServices,
  identityOf: (mailbox: MailboxCredentials, signal: AbortSignal) => Promise<string>,
): MailTarget {
  const imap = imapMailTarget(imapServerOf(target), imapServicesOf(services, target));
  return {
    async open(mailbox, signal) {
      const identity = await identityOf(mailbox, signal);
      return exchangeMailbox(await imap.open(mailbox, signal), identity);
    },
  };
}

function exchangeMailbox(inner: TargetMailbox, identity: string): TargetMailbox {
  return {
    identity,
    description: inner.description,
    profile: { ...inner.profile, ...limitsOf(inner.profile), sameness: 'fingerprint', keywords: false },
    naming: { ...inner.naming, caseInsensitive: true, reserved: reservedFolders },
    listFolders: () => inner.listFolders(),
    createFolders: (paths) => inner.createFolders(paths),
    renameFolder: (from, to) => inner.renameFolder(from, to),
    folderStates: (folders) => inner.folderStates(folders),
    beginPage: (folder, page): PageWriter =>
      new ImapPage(inner.beginPage(folder, page), { flagAnew: (uids) => flagAnew(inner, folder, uids) }),
    listItems: (folder, range) => inner.listItems(folder, range),
    readItems: (folder, request, sink) => inner.readItems(folder, request, sink),
    changeFlags: (folder, changes) => inner.changeFlags(folder, changes),
    moveItems: (from, to, uids) => inner.moveItems(from, to, uids),
    expunge: (folder, uids) => inner.expunge(folder, uids),
    close: () => inner.close(),
  };
}

/** A limit that the server announces is the mailbox's own; Exchange Online announces none. */
function limitsOf({ appendLimit }: TargetProfile): Pick<TargetProfile, 'appendLimit' | 'mostAppendLimit'> {
  return appendLimit === undefined ? { appendLimit: usualMessageLimit, mostAppendLimit: mostMessageLimit } : {};
}

/** Sent one behind the other without waiting: either the server gets both commands, or it gets none. */
async function flagAnew(inner: TargetMailbox, folder: TargetFolder, uids: readonly number[]): Promise<void> {
  const flagged = ['\\Flagged'];
  await Promise.all([
    inner.changeFlags(
      folder,
      uids.map((uid) => ({ uid, add: [], remove: flagged })),
    ),
    inner.changeFlags(
      folder,
      uids.map((uid) => ({ uid, add: flagged, remove: [] })),
    ),
  ]);
}
