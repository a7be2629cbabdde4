import { canInstall, describeWith, install } from '../describe-with.ts';
import { findDovecot } from './dovecot-binary.ts';

/** Why Dovecot is not there, in words; undefined when it is. Installs it when root on Debian. */
export function requireDovecot(): string | undefined {
  if (findDovecot() === undefined && canInstall()) install('dovecot-imapd');
  return findDovecot() === undefined
    ? 'Dovecot is not installed (on Debian: apt-get install dovecot-imapd)'
    : undefined;
}

/** `describe` for tests that need real Dovecots. */
export function describeWithDovecot(name: string, tests: () => void): void {
  describeWith({ what: 'Dovecot', missing: requireDovecot() }, name, tests);
}
