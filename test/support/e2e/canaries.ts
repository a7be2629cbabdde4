import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, inflateSync } from 'node:zlib';

/** Every file below the folder. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/**
 * Which of the texts stand in the octets: plainly, in UTF-16, in hexadecimal or percent notation, in base64 at any of
 * its three alignments, in quoted-printable, or within a compressed file.
 */
export function findCanaries(octets: Uint8Array, canaries: readonly string[]): readonly string[] {
  const haystacks = [Buffer.from(octets), ...unpacked(octets)].flatMap((bytes) => {
    const text = bytes.toString('latin1');
    // Mails break their lines: base64 anywhere (RFC 2045 section 6.8), quoted-printable after a `=`.
    return [text, text.replaceAll(/=?\r?\n/g, '')];
  });
  return canaries.filter((canary) => {
    const needles = disguises(canary);
    return haystacks.some((haystack) => needles.some((needle) => haystack.includes(needle)));
  });
}

function disguises(canary: string): readonly string[] {
  const bytes = Buffer.from(canary);
  return [
    bytes.toString('latin1'),
    Buffer.from(canary, 'utf16le').toString('latin1'),
    bytes.toString('hex'),
    encodeURIComponent(canary),
    canary.replaceAll('=', '=3D'),
    // The characters that the octets before and after have a part in are left off.
    ...[0, 1, 2].map((before) => {
      const encoded = Buffer.concat([Buffer.alloc(before), bytes])
        .toString('base64')
        .replaceAll('=', '');
      return encoded.slice(before === 0 ? 0 : before + 1, -1);
    }),
  ];
}

function unpacked(octets: Uint8Array): readonly Buffer[] {
  const [first, second] = octets;
  if (first === 0x1f && second === 0x8b) return [gunzipSync(octets)];
  if (first === 0x78 && (second === 0x9c || second === 0x01 || second === 0xda)) return [inflateSync(octets)];
  return [];
}

export function canariesInFile(path: string, canaries: readonly string[]): readonly string[] {
  return findCanaries(readFileSync(path), canaries).map((canary) => `${path}: ${canary}`);
}
