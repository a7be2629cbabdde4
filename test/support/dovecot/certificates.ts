import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `wrong-name` is valid for another host; `unknown-authority` is signed by an authority that is not in `caFile`. */
export type CertificateKind = 'valid' | 'expired' | 'wrong-name' | 'unknown-authority';

/** Writes `ca.pem` (to trust), `cert.pem` and `key.pem` (to serve) into the folder; returns the path of `ca.pem`. */
export function writeCertificates(folder: string, kind: CertificateKind): string {
  createAuthority(folder, 'ca');
  if (kind === 'unknown-authority') createAuthority(folder, 'other');
  const signer = kind === 'unknown-authority' ? 'other' : 'ca';
  const name = kind === 'wrong-name' ? 'DNS:elsewhere.test' : 'DNS:localhost,IP:127.0.0.1';
  writeFileSync(join(folder, 'names.cnf'), `subjectAltName=${name}\n`);
  openssl(folder, `req -new ${newKey('key.pem')} -subj /CN=localhost -out request.pem`);
  // A negative number of days gives a certificate that ended before it began, which every client takes for expired.
  const days = kind === 'expired' ? '-1' : '365';
  openssl(
    folder,
    `x509 -req -in request.pem -CA ${signer}.pem -CAkey ${signer}-key.pem -set_serial ${serial()} -days ${days} -extfile names.cnf -out cert.pem`,
  );
  readFileSync(join(folder, 'cert.pem'));
  return join(folder, 'ca.pem');
}

function createAuthority(folder: string, name: string): void {
  openssl(
    folder,
    `req -x509 ${newKey(`${name}-key.pem`)} -days 365 -subj /CN=Stagecoach-${name}-${serial()} -out ${name}.pem`,
  );
}

const newKey = (file: string): string => `-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${file}`;

const serial = (): number => 1 + Math.floor(Math.random() * 1e12);

function openssl(folder: string, command: string): void {
  execFileSync('openssl', command.split(' '), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}
