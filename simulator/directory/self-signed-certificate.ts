import { generateKeyPairSync, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { element, integer, sequence, tags, text } from './der.ts';

/** Both as PEM. */
export interface SelfSignedCertificate {
  readonly key: string;
  readonly cert: string;
}

const day = 24 * 3_600_000;

/**
 * A certificate (RFC 5280) that is its own authority, for servers on loopback that must speak TLS on a machine without any
 * tool for it: ECDSA on P-256, valid from yesterday for a year.
 */
export function selfSignedCertificate(names: readonly string[], now: Date): SelfSignedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
  const name = sequence(element(tags.set, sequence(oid('2.5.4.3'), text(names[0] ?? 'localhost', tags.utf8))));
  const validity = sequence(utcTime(now.getTime() - day), utcTime(now.getTime() + 365 * day));
  const extensions = sequence(
    extension('2.5.29.17', sequence(...names.map(generalName))),
    // A client takes it for the authority of itself.
    extension('2.5.29.19', sequence(element(tags.boolean, Buffer.from([0xff])))),
  );
  const body = sequence(
    element(0xa0, integer(2)),
    integer(1 + Math.floor(now.getTime() / 1000)),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    element(0xa3, extensions),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = sequence(body, algorithm, element(tags.bitString, Buffer.from([0]), signature));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: pem(certificate) };
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), element(tags.octets, value));
}

function generalName(name: string): Buffer {
  return isIPv4(name) ? element(0x87, Buffer.from(name.split('.').map(Number))) : text(name, 0x82);
}

/** YYMMDDHHMMSSZ, RFC 5280 section 4.1.2.5.1: the years up to 2049. */
function utcTime(time: number): Buffer {
  const digits = new Date(time).toISOString().replace(/\D/g, '');
  return text(`${digits.slice(2, 14)}Z`, tags.utcTime);
}

/** X.690 section 8.19. */
function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number);
  const octets = [first * 40 + second, ...others].flatMap((arc) => {
    const sevenBits = [arc & 0x7f];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
      sevenBits.unshift(0x80 | (rest & 0x7f));
    return sevenBits;
  });
  return element(tags.oid, Buffer.from(octets));
}

function pem(octets: Buffer): string {
  const lines = octets.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
