import { maxLength } from './limits.ts';
import { oddCharacter } from './odd-characters.ts';

// RFC 5321 section 4.1.2 with the letters of RFC 6531: dot-string or quoted-string before the @.
const atom = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+$/u;
const quotedName = /^"(?:[^"\\\p{Cc}]|\\[^\p{Cc}])+"$/u;
const label = /^[\p{L}\p{M}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?$/u;

/** Domains where people have private mailboxes: as the *target* of a company's migration nearly always a mix-up. */
const publicProviders: ReadonlySet<string> = new Set(
  `gmail.com googlemail.com yahoo.com outlook.com hotmail.com live.com aol.com icloud.com me.com gmx.de gmx.net gmx.at
   web.de t-online.de freenet.de mail.ru yandex.ru orange.fr laposte.net libero.it`.split(/\s+/),
);

export function isPublicProvider(domain: string): boolean {
  return publicProviders.has(domain);
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

/** What keeps a value from being an SMTP address, as the end of "EmailAddress ..."; null for a valid one. */
export function addressProblem(value: string): string | null {
  if (/^\/o=/i.test(value)) return 'holds an Exchange name (/o=...) instead of an SMTP address';
  if (/^(mailto|smtp):/i.test(value)) return 'begins with mailto: or smtp:';
  if (/[<>]/.test(value)) return 'holds < or >: write the bare address';
  if (/[;,]/.test(value)) return 'holds a comma or semicolon: one address a row';
  if (new TextEncoder().encode(value).length > maxLength.address) return 'is longer than 320 octets';
  const odd = oddCharacter(value);
  if (odd !== null) return `holds ${odd}`;
  const at = value.lastIndexOf('@');
  if (at === -1) return 'has no @';
  const name = value.slice(0, at);
  return nameProblem(name) ?? domainProblem(value.slice(at + 1));
}

function nameProblem(name: string): string | null {
  if (name === '') return 'has nothing before the @';
  if (name.length > 64) return 'has more than 64 characters before the @';
  if (quotedName.test(name)) return null;
  if (name.includes('@')) return 'has more than one @';
  if (/\s/.test(name)) return 'has a space before the @';
  const parts = name.split('.');
  if (parts.includes('')) return 'begins or ends with a dot, or has two dots in a row, before the @';
  return parts.every((part) => atom.test(part)) ? null : 'has a character before the @ that an address cannot have';
}

function domainProblem(domain: string): string | null {
  if (domain === '') return 'has nothing after the @';
  if (/\s/.test(domain)) return 'has a space after the @';
  const labels = domain.split('.');
  if (labels.includes('')) return 'begins or ends with a dot, or has two dots in a row, after the @';
  return domain.length <= 255 && labels.every((part) => part.length <= 63 && label.test(part))
    ? null
    : 'has a domain after the @ that cannot exist';
}

/** Close enough to an address to be shown as one; anything else may be a password in the wrong column. */
export function looksLikeAddress(value: string): boolean {
  return addressProblem(value) === null || /^[^@\s]+@[^@]*\.[^@]*$/.test(value);
}
