import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { DovecotOptions } from './dovecot-options.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/dovecot');

export type MailOwner = { readonly user: string; readonly group: string; readonly privileged: boolean };

export type ServerPlace = {
  readonly folder: string;
  readonly imapPort: number;
  readonly imapsPort: number;
  readonly owner: MailOwner;
};

/** As root, mail belongs to a system user that is made when missing; otherwise to whoever runs the tests. */
export function mailOwner(): MailOwner {
  if (process.getuid?.() !== 0) {
    const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
    return { user: userInfo().username, group, privileged: false };
  }
  if (!userExists('dctest')) createUser('dctest');
  return { user: 'dctest', group: 'dctest', privileged: true };
}

/** The whole dovecot.conf: the fixture with its places filled in, and one block for each option that is set. */
export function dovecotConfig(place: ServerPlace, options: DovecotOptions): string {
  const values: Readonly<Record<string, string>> = {
    DIR: place.folder,
    USER: place.owner.user,
    GROUP: place.owner.group,
    MECHANISMS: options.tokens === undefined ? 'plain login' : 'plain login xoauth2 oauthbearer',
    SEPARATOR: options.separator ?? '/',
    PREFIX: options.prefix ?? '',
    MAIL_LOCATION: options.layout === 'fs' ? 'maildir:~/Maildir:LAYOUT=fs' : 'maildir:~/Maildir',
    IMAP_PORT: String(place.imapPort),
    IMAPS_PORT: String(place.imapsPort),
  };
  const files = place.owner.privileged ? ['dovecot.conf'] : ['dovecot.conf', 'dovecot-unprivileged-extra.conf'];
  const template = files.map((file) => readFileSync(join(FIXTURES, file), 'utf8')).join('');
  const filled = template.replaceAll(/@([A-Z_]+)@/g, (whole, name: string) => values[name] ?? whole);
  return [filled, ...optionBlocks(place, options), options.extraConfig ?? '', ''].join('\n');
}

/** Passwords are base64, so that they may hold any character. */
export function passwdFile(passwords: Readonly<Record<string, string>>): string {
  return Object.entries(passwords)
    .map(([user, password]) => `${user}:{PLAIN.b64}${Buffer.from(password).toString('base64')}\n`)
    .join('');
}

/** Each token has a passwd-file of its own, since a passwd-file knows one secret a user. */
export function tokenFiles(options: DovecotOptions): ReadonlyMap<string, string> {
  const everybody = Object.keys(options.users);
  return new Map(
    Object.entries(options.tokens ?? {}).map(([token, users], index) => {
      const holders = users === '*' ? everybody : users;
      return [`tokens-${index}`, passwdFile(Object.fromEntries(holders.map((user) => [user, token])))];
    }),
  );
}

function optionBlocks({ folder }: ServerPlace, options: DovecotOptions): string[] {
  const plugins = [...(options.mailPlugins ?? [])];
  const settings: string[] = [];
  const imap: string[] = [];
  const plugin: string[] = [];
  if (options.listescape === true) plugins.push('listescape');
  if (options.readonly === true) {
    plugins.push('acl');
    plugin.push(`acl = vfile:${folder}/acl`);
  }
  if (options.quota !== undefined || options.maxMailSize !== undefined) {
    plugins.push('quota');
    plugin.push('quota = maildir:User quota');
    if (options.quota !== undefined) plugin.push(`quota_rule = *:storage=${options.quota}`);
    if (options.maxMailSize !== undefined) plugin.push(`quota_max_mail_size = ${options.maxMailSize}`);
    imap.push('mail_plugins = $mail_plugins imap_quota');
  }
  if (options.maxUserIpConnections !== undefined)
    imap.push(`mail_max_userip_connections = ${options.maxUserIpConnections}`);
  if (options.capability !== undefined) imap.push(`imap_capability = ${options.capability}`);
  if (options.minTls !== undefined) settings.push(`ssl_min_protocol = ${options.minTls}`);
  if (options.minTls === 'TLSv1') settings.push('ssl_cipher_list = ALL:@SECLEVEL=0');
  if (options.maxTls !== undefined) settings.push('import_environment = $import_environment OPENSSL_CONF');
  settings.push(`mail_fsync = ${options.fsync ?? 'never'}`, `mail_plugins = ${plugins.join(' ')}`);
  const passdbs = [...tokenFiles(options).keys()].map((file) =>
    block('passdb', [
      'driver = passwd-file',
      'mechanisms = xoauth2 oauthbearer',
      `args = username_format=%u ${folder}/${file}`,
    ]),
  );
  return [...settings, block('protocol imap', imap), block('plugin', plugin), ...passdbs];
}

const block = (name: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `${name} {\n${lines.map((line) => `  ${line}\n`).join('')}}`;

function userExists(name: string): boolean {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${name}:`));
}

function createUser(name: string): void {
  try {
    execFileSync('useradd', ['-r', '-M', '-U', '-s', '/usr/sbin/nologin', name], { stdio: 'pipe' });
  } catch (error) {
    // Two test workers may try at the same moment; the loser finds the user made.
    if (!userExists(name)) throw error;
  }
}
