import { existsSync } from 'node:fs';
import { canInstall, describeWith, install } from '../describe-with.ts';
import { davmailJar } from './davmail.ts';

/** `describe` for tests that need DavMail. */
export function describeWithDavMail(name: string, tests: () => void): void {
  if (!existsSync(davmailJar) && canInstall()) install('davmail-server');
  const missing = existsSync(davmailJar) ? undefined : 'on Debian: apt-get install davmail-server';
  describeWith({ what: 'DavMail', missing }, name, tests);
}
