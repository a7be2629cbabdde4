import { z } from 'zod';

/** Names of endpoints and batches: they appear in paths, execution names and mails. */
export const Name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'a name starts with a letter or digit and has at most 64 letters, digits, dots, underscores or hyphens',
  );

export const MigrationType = z.enum(['staged', 'imap', 'cutover']);
export type MigrationType = z.infer<typeof MigrationType>;

/**
 * A secret is always a reference. A literal password in an endpoint file would end up in the store, in backups and in
 * `endpoint show`.
 */
export const SecretReference = z
  .string()
  .regex(
    /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|secretsmanager:stagecoach\/[A-Za-z0-9/_+=.@-]+)$/,
    'a secret is a reference (env:NAME, file:PATH or secretsmanager:stagecoach/NAME), never the password itself',
  );

const Tls = z
  .strictObject({
    /** PEM file with the certificate authorities to trust, relative to the endpoint file. */
    caFile: z.string().min(1).optional(),
    /** The same as text: how the store keeps it, so that a stored endpoint needs no file. */
    ca: z.string().optional(),
    /** Name expected in the certificate where it differs from `host`. */
    serverName: z.string().optional(),
    /** Old servers: Exchange 2007 speaks TLS 1.0 only. Never lowered by itself. */
    minVersion: z.enum(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']).optional(),
    /** Accepts any certificate; shown as a warning wherever the endpoint is shown. */
    acceptUntrusted: z.boolean().optional(),
  })
  .default({});
type Tls = z.infer<typeof Tls>;

const UserLogin = z.strictObject({ mode: z.literal('user') });

const AdminLogin = z
  .strictObject({
    mode: z.literal('admin'),
    user: z.string().min(1),
    secret: SecretReference,
    /** `authzid`: SASL PLAIN with an authorization identity (RFC 4616). `template`: the user name carries both. */
    style: z.enum(['authzid', 'template']).default('template'),
    /** `{user}`, `{admin}` and `{domain}` are replaced, e.g. `{user}*{admin}` for Dovecot. */
    template: z.string().default('{user}*{admin}'),
  })
  .refine((login) => login.style !== 'template' || login.template.includes('{user}'), {
    path: ['template'],
    message: 'the template must contain {user}',
  });

const OAuthLogin = z
  .strictObject({
    mode: z.literal('oauth'),
    tokenUrl: z.url(),
    clientId: z.string().min(1),
    secret: SecretReference.optional(),
    certificate: SecretReference.optional(),
    scope: z.string().min(1),
    mechanism: z.enum(['xoauth2', 'oauthbearer']).default('xoauth2'),
  })
  .refine((login) => (login.secret === undefined) !== (login.certificate === undefined), {
    path: ['secret'],
    message: 'give exactly one of secret and certificate',
  });

export const Login = z.discriminatedUnion('mode', [UserLogin, AdminLogin, OAuthLogin]);
export type Login = z.infer<typeof Login>;

/**
 * What a target leaves as it was written, found out by messages that `endpoint test` writes and reads back. Written by
 * hand, it is believed.
 */
export const Keeps = z.strictObject({
  /** The octets, but for line ends and NUL; false where the server composes messages anew. */
  octets: z.boolean(),
  /** RFC822.SIZE is the number of octets written, line ends counted as CRLF. */
  size: z.boolean(),
  /** INTERNALDATE, to the second. */
  dates: z.boolean(),
  /** Keywords beside the system flags. */
  keywords: z.boolean(),
});
export type Keeps = z.infer<typeof Keeps>;

/** One IMAP server, as source or as target. */
export const ImapServer = z.strictObject({
  kind: z.literal('imap'),
  host: z.string().min(1),
  port: z.int().min(1).max(65535).optional(),
  security: z.enum(['tls', 'starttls', 'none']).default('tls'),
  tls: Tls,
  login: Login,
  /** DEFLATE (RFC 4978): only worth its processor time on links below about 100 Mbit/s. */
  compress: z.boolean().default(false),
  /** Of a target; absent until it was tested with a mailbox. */
  keeps: Keeps.optional(),
});
export type ImapServer = z.infer<typeof ImapServer>;

const ExchangeAdmin = z.strictObject({
  mode: z.literal('admin'),
  /** `CONTOSO\\migadmin` or `migadmin@contoso.test`. */
  user: z.string().min(1),
  secret: SecretReference,
});

/** An on-premises Exchange, as a source: by Exchange Web Services (2007 SP1 and newer), or by WebDAV (2003). */
export const ExchangeServer = z.strictObject({
  kind: z.literal('exchange'),
  /** '' until Autodiscover was asked: what it finds is stored with the endpoint. */
  ewsUrl: z
    .string()
    .refine((url) => url === '' || /^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''), {
      error: 'ewsUrl is an address such as https://mail.contoso.test/EWS/Exchange.asmx',
    })
    .default(''),
  /** In place of ewsUrl: address of a mailbox, whose Exchange Autodiscover is asked for. */
  autodiscover: z.email('autodiscover is the address of a mailbox').optional(),
  /** In place of ewsUrl, of Exchange 2003: where its mailboxes are, such as https://mail.contoso.test/exchange/. */
  webdavUrl: z
    .url({ protocol: /^https?$/, error: 'webdavUrl is an address such as https://mail.contoso.test/exchange/' })
    .optional(),
  /** `forms`: the page of Outlook Web Access, of WebDAV alone. */
  auth: z.enum(['basic', 'ntlm', 'forms']).default('ntlm'),
  /** How an administrator's account opens a mailbox: as a delegate of it, or in its owner's place. */
  access: z.enum(['fullAccess', 'impersonation']).default('fullAccess'),
  tls: Tls,
  login: z.discriminatedUnion('mode', [UserLogin, ExchangeAdmin]),
});
export type ExchangeServer = z.infer<typeof ExchangeServer>;

/** Loopback addresses that stand in for Microsoft's in the practice organisation; every other one must be https. */
const PracticeUrl = z.url().refine((url) => {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
}, 'an address of another machine begins with https://');

/** An Exchange Online organisation, as a target. */
export const ExchangeOnline = z
  .strictObject({
    kind: z.literal('exchange-online'),
    /** Tenant id, or one of its domains. */
    tenant: z.string().regex(/^[A-Za-z0-9.-]+$/, 'tenant is the id of the tenant, or one of its domains'),
    /** Application (client) id of the app registration. */
    clientId: z.string().min(1),
    /** PEM with certificate and private key; exactly one of this and `secret`. */
    certificate: SecretReference.optional(),
    secret: SecretReference.optional(),
    /** National clouds have their own addresses, and no mailbox import (learn.microsoft.com/graph/deployments). */
    cloud: z.enum(['global', 'usgov', 'usgov-dod', 'china']).default('global'),
    /** How mail is written; `auto`: FTS after a good probe, else IMAP, else Graph. */
    mail: z.enum(['auto', 'fts', 'imap', 'graph']).default('auto'),
    /** Domain of the routing addresses, as contoso.mail.onmicrosoft.com; unset: the tenant's initial domain. */
    deliveryDomain: z.string().min(1).optional(),
    /** Given to users that have no Exchange licence; without it nobody is licensed. */
    licence: z
      .strictObject({
        /** Id of the SKU (`skuId` of GET /subscribedSkus), or its part number such as SPE_E3. */
        sku: z.string().min(1),
        /** Country, two letters (ISO 3166): a licence cannot be assigned without it. */
        usageLocation: z.string().regex(/^[A-Z]{2}$/, 'usageLocation is a country of two capital letters, such as DE'),
      })
      .optional(),
    /** Of the practice organisation: where sign-in, Graph and IMAP are instead of the cloud's own addresses. */
    practice: z
      .strictObject({
        login: PracticeUrl,
        graph: PracticeUrl,
        imap: z.strictObject({ host: z.string().min(1), port: z.int().min(1).max(65535), tls: Tls }).optional(),
      })
      .optional(),
    /** Absent until it was tested with a mailbox. */
    keeps: Keeps.optional(),
  })
  .refine((target) => (target.secret === undefined) !== (target.certificate === undefined), {
    path: ['certificate'],
    message: 'give exactly one of certificate and secret',
  });
export type ExchangeOnline = z.infer<typeof ExchangeOnline>;

/** The Active Directory of an on-premises Exchange. */
export const Directory = z.strictObject({
  url: z.url({ protocol: /^ldaps?$/, error: 'url is an address such as ldaps://dc1.contoso.test' }),
  /** `ldap://` without StartTLS would send the password in the clear, and is refused. */
  startTls: z.boolean().default(true),
  /** Distinguished name below which recipients are, e.g. DC=contoso,DC=test. */
  base: z.string().min(1),
  /** User principal name or distinguished name that binds. */
  user: z.string().min(1),
  secret: SecretReference,
  tls: Tls,
});
export type Directory = z.infer<typeof Directory>;

export type SourceServer = ImapServer | ExchangeServer;
export type TargetServer = ImapServer | ExchangeOnline;

/** Who signs in: the mailbox's user with a password of the batch file, one administrator's account, or an application. */
export function loginModeOf(server: SourceServer | TargetServer): Login['mode'] {
  return server.kind === 'exchange-online' ? 'oauth' : server.login.mode;
}

/** The port that belongs to a security mode where the file names none (RFC 8314 section 3.2). */
export function imapPort(server: ImapServer): number {
  return server.port ?? (server.security === 'tls' ? 993 : 143);
}

const wholeNumber = (name: string, max: number) =>
  z
    .int(`${name} is a whole number`)
    .min(1, `${name} is at least 1: to a Map state, 0 would mean no limit`)
    .max(max, `${name} is at most ${String(max)}`);

/** DESIGN: N at most 100. Cutover has its own smaller bounds. */
export const Endpoint = z
  .strictObject({
    name: Name,
    type: MigrationType,
    source: z.discriminatedUnion('kind', [ImapServer, ExchangeServer]),
    target: z.discriminatedUnion('kind', [ImapServer, ExchangeOnline]),
    /** Of an on-premises Exchange; staged migration needs it. */
    directory: Directory.optional(),
    maxConcurrentMigrations: wholeNumber('maxConcurrentMigrations', 100).default(20),
    maxConcurrentIncrementalSyncs: wholeNumber('maxConcurrentIncrementalSyncs', 100).optional(),
    /** Connections one mailbox may use at each server. */
    maxConnectionsPerMailbox: wholeNumber('maxConnectionsPerMailbox', 16).default(1),
    /** Connections all mailboxes together may use per server; unset: mailboxes x connections. */
    maxConnections: wholeNumber('maxConnections', 1600).optional(),
    /** Options of section 9 of the design, as written; parsed by `options.ts`. */
    defaults: z.record(z.string(), z.unknown()).default({}),
  })
  .refine(
    (endpoint) =>
      endpoint.maxConcurrentIncrementalSyncs === undefined ||
      endpoint.maxConcurrentIncrementalSyncs <= endpoint.maxConcurrentMigrations,
    {
      path: ['maxConcurrentIncrementalSyncs'],
      message: 'maxConcurrentIncrementalSyncs is at most maxConcurrentMigrations',
    },
  )
  .refine((endpoint) => endpoint.type !== 'cutover', {
    path: ['type'],
    message: 'this version migrates the types staged and imap',
  })
  .refine(({ type, source }) => type !== 'staged' || source.kind === 'exchange', {
    path: ['source', 'kind'],
    message: 'a staged migration is from an Exchange: kind is exchange',
  })
  .refine(({ type, target }) => type !== 'staged' || target.kind === 'exchange-online', {
    path: ['target', 'kind'],
    message: 'a staged migration is to Exchange Online: kind is exchange-online',
  })
  .refine(({ type, directory }) => type !== 'staged' || directory !== undefined, {
    path: ['directory'],
    message: 'a staged migration needs the directory of the Exchange organisation',
  });
export type Endpoint = z.infer<typeof Endpoint>;
/** An endpoint as an admin writes it, before defaults. */
export type EndpointFile = z.input<typeof Endpoint>;

/** M: how many mailboxes of an endpoint may be in an incremental pass at a time. */
export function incrementalLimit(endpoint: Endpoint): number {
  return endpoint.maxConcurrentIncrementalSyncs ?? Math.min(10, endpoint.maxConcurrentMigrations);
}

/** Every place where an endpoint says how TLS is spoken. */
export function tlsSettings({
  source,
  target,
  directory,
}: Endpoint): readonly { readonly at: string; readonly tls: Tls }[] {
  return [
    { at: 'source.tls', tls: source.tls },
    ...(target.kind === 'imap' ? [{ at: 'target.tls', tls: target.tls }] : []),
    ...(directory === undefined ? [] : [{ at: 'directory.tls', tls: directory.tls }]),
  ];
}
