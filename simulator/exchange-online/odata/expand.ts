import { badRequest } from '../graph-failure.ts';

/** What $expand asks for: a navigation property and its own options, as `$filter` and `$select`. */
export interface Expansion {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
}

/** `attachments,singleValueExtendedProperties($filter=id eq 'Integer 0x0E07';$top=2)` */
export function parseExpand(expand: string): readonly Expansion[] {
  return splitOutside(expand, ',').map((part) => {
    const { name = '', options } = /^\s*(?<name>[A-Za-z]+)\s*(?:\((?<options>[^]*)\))?\s*$/.exec(part)?.groups ?? {};
    if (name === '') throw badRequest(`Invalid expand clause: ${expand}`);
    const pairs = options === undefined ? [] : splitOutside(options, ';').map((option) => splitOnce(option.trim()));
    return { name, options: Object.fromEntries(pairs) };
  });
}

/** At a sign that stands in no quotes and no parentheses. */
function splitOutside(text: string, sign: string): readonly string[] {
  const parts: string[] = [''];
  let depth = 0;
  let quoted = false;
  for (const letter of text) {
    if (letter === "'") quoted = !quoted;
    else if (!quoted && letter === '(') depth += 1;
    else if (!quoted && letter === ')') depth -= 1;
    if (letter === sign && depth === 0 && !quoted) parts.push('');
    else parts.push((parts.pop() ?? '') + letter);
  }
  return parts;
}

function splitOnce(option: string): readonly [string, string] {
  const at = option.indexOf('=');
  return [option.slice(0, at), option.slice(at + 1)];
}
