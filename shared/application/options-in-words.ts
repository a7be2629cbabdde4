import { parseOption } from '../domain/options.ts';

/**
 * Options as the audit trail names them: `badItemLimit=50`. Of one that is refused only the name, at most 64 characters
 * of it: what somebody typed in its place may be a password.
 */
export function optionsInWords(options: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(options).map(([name, value]) =>
    parseOption(name, value).outcome === 'parsed' ? `${name}=${String(value)}` : name.slice(0, 64),
  );
}
