import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian puts servers where a user's PATH does not look. */
const ALSO = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/sbin'];

/** Where dovecot is installed, or undefined. */
export function findDovecot(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...ALSO];
  return folders.map((folder) => join(folder, 'dovecot')).find((file) => existsSync(file));
}

export function dovecotBinary(): string {
  const found = findDovecot();
  if (found === undefined) throw new Error('Dovecot is not installed. On Debian: apt-get install dovecot-imapd');
  return found;
}
