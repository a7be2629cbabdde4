/**
 * Strings as IMAP writes them (RFC 3501 section 4.3). Text on the wire is held as latin1, one character an octet, so
 * that nothing is lost whatever a server sends.
 */

/** Text that a quoted string may carry: RFC 3501 QUOTED-CHAR is 7 bit and has neither CR, LF nor NUL. */
// eslint-disable-next-line no-control-regex -- control characters are what it is about
const quotable = /^[\x01-\x09\x0b\x0c\x0e-\x7f]*$/;

/** Dovecot and Exchange limit command lines to 8 kB or less; a longer argument travels as a literal. */
const longestQuoted = 1024;

/** A part of a command: text as it stands on the line, or octets sent as a literal. */
export type CommandPart = string | Buffer;

export function quoteString(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** A quoted string where the characters allow it, a literal otherwise (RFC 3501 `string`). */
export function stringPart(text: string): CommandPart {
  return quotable.test(text) && text.length <= longestQuoted ? quoteString(text) : Buffer.from(text, 'utf8');
}

/** Decodes wire text that should be 7 bit but is UTF-8 on some servers (and with UTF8=ACCEPT). */
export function decodeWireText(wire: string): string {
  // eslint-disable-next-line no-control-regex -- octets, not characters, are tested here
  if (/^[\x00-\x7f]*$/.test(wire)) {
    return wire;
  }
  return Buffer.from(wire, 'latin1').toString('utf8');
}
