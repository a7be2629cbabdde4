import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PracticeCertificate {
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
  /** Hexadecimal. */
  readonly thumbprintSha256: string;
}

function newCertificate(name: string): PracticeCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'stagecoach-app-'));
  const [key, file] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      key,
      '-out',
      file,
    ],
    { stdio: 'ignore' },
  );
  const certificate = readFileSync(file, 'utf8');
  const privateKey = readFileSync(key, 'utf8');
  rmSync(folder, { recursive: true });
  const thumbprintSha256 = new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
  return { certificate, privateKey, thumbprintSha256 };
}

/** Of the practice application. */
export const practiceCertificate = newCertificate('practice');
/** Registered nowhere. */
export const rogueCertificate = newCertificate('rogue');
