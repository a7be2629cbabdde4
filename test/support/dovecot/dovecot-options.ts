import type { CertificateKind } from './certificates.ts';

/** What a private Dovecot is like. Everything but `users` may be left out. */
export type DovecotOptions = {
  /** Login name to password. */
  readonly users: Readonly<Record<string, string>>;
  /** Admin logins that may act as any user: `user*admin` as login name, or SASL PLAIN with an authzid. */
  readonly masters?: Readonly<Record<string, string>>;
  readonly separator?: '/' | '.';
  /** Prefix of the personal namespace, separator included: `INBOX.` as Courier and Cyrus have it. */
  readonly prefix?: string;
  /** `fs` allows dots in folder names where the separator is `/`; `maildir++` (the default) does not. */
  readonly layout?: 'maildir++' | 'fs';
  /** Loads the listescape plugin, which allows every character in a folder name. */
  readonly listescape?: boolean;
  /** Replaces the capabilities after login, to hide MULTIAPPEND, LITERAL+, UIDPLUS, CONDSTORE and so on. */
  readonly capability?: string;
  /** Connections one user may have from one address (Dovecot's own default: 10). */
  readonly maxUserIpConnections?: number;
  /** Storage quota of each user, such as `5M`: an APPEND beyond it is answered with `NO [OVERQUOTA]`. */
  readonly quota?: string;
  /** Largest message that APPEND accepts, such as `1M`. */
  readonly maxMailSize?: string;
  /** Users may look but not write: APPEND, CREATE and STORE are refused (`NO [NOPERM]`). */
  readonly readonly?: boolean;
  readonly minTls?: 'TLSv1' | 'TLSv1.2' | 'TLSv1.3';
  /** Speaks nothing newer than this; for old servers, together with `minTls: 'TLSv1'`. */
  readonly maxTls?: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2';
  readonly certificate?: CertificateKind;
  /** Bearer token to the logins it opens; `*` means every user. Switches on XOAUTH2 and OAUTHBEARER. */
  readonly tokens?: Readonly<Record<string, readonly string[] | '*'>>;
  /** Dovecot's `mail_fsync`; `never` by default, as test mail need not survive a power cut. */
  readonly fsync?: 'never' | 'optimized' | 'always';
  /** Further `mail_plugins`, such as `zlib`. */
  readonly mailPlugins?: readonly string[];
  /** The server's clock zone, in which it prints INTERNALDATE: `Asia/Kolkata`. Default: UTC. */
  readonly timeZone?: string;
  /** Lines appended to dovecot.conf, for what has no option here. */
  readonly extraConfig?: string;
};
