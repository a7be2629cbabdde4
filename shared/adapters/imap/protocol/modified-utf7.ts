/** Mailbox names on the wire: modified UTF-7 of RFC 3501 section 5.1.3. */

const printable = (code: number): boolean => code >= 0x20 && code <= 0x7e;

export function encodeModifiedUtf7(name: string): string {
  let wire = '';
  let position = 0;
  while (position < name.length) {
    const start = position;
    while (position < name.length && printable(name.charCodeAt(position))) {
      position += 1;
    }
    wire += name.slice(start, position).replaceAll('&', '&-');
    const shifted = position;
    while (position < name.length && !printable(name.charCodeAt(position))) {
      position += 1;
    }
    if (position > shifted) {
      wire += `&${base64OfUtf16(name.slice(shifted, position))}-`;
    }
  }
  return wire;
}

/**
 * Names that are not valid modified UTF-7 come back as they are: servers do send raw UTF-8 or a lone `&`, and such a
 * folder must still be listed. The wire form, not this one, goes back to the server.
 */
export function decodeModifiedUtf7(wire: string): string {
  return wire.replace(/&([A-Za-z0-9+,]*)-/g, (sequence, encoded: string) => {
    if (encoded === '') {
      return '&';
    }
    return utf16OfBase64(encoded) ?? sequence;
  });
}

function base64OfUtf16(text: string): string {
  const octets = Buffer.from(text, 'utf16le').swap16();
  return octets.toString('base64').replaceAll('/', ',').replace(/=+$/, '');
}

function utf16OfBase64(encoded: string): string | undefined {
  const octets = Buffer.from(encoded.replaceAll(',', '/'), 'base64');
  if (octets.length < 2 || octets.length % 2 !== 0) {
    return undefined;
  }
  return octets.swap16().toString('utf16le');
}
