import { badRequest } from '../graph-failure.ts';

/** A word of $filter: a literal, a name with its path, or a sign. */
export type FilterToken =
  | { readonly kind: 'string' | 'name' | 'sign' | 'time'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string };

const shapes: readonly (readonly [FilterToken['kind'] | 'space', RegExp])[] = [
  ['space', /\s+/y],
  ['string', /'(?:[^']|'')*'/y],
  ['time', /\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?(?:Z|[+-]\d\d:\d\d))?/y],
  ['number', /-?\d+(?:\.\d+)?/y],
  ['name', /[A-Za-z_@$][\w.@]*(?:\/[A-Za-z_@$][\w.@]*)*/y],
  ['sign', /[(),:]/y],
];

export function filterTokens(filter: string): readonly FilterToken[] {
  const tokens: FilterToken[] = [];
  let at = 0;
  while (at < filter.length) {
    const found = shapes
      .map(([kind, shape]) => ({ kind, text: matchAt(shape, filter, at) }))
      .find(({ text }) => text !== '');
    if (found === undefined) throw badRequest(`Invalid filter clause: syntax error at position ${at} in '${filter}'.`);
    at += found.text.length;
    if (found.kind !== 'space') tokens.push({ kind: found.kind, text: literal(found.kind, found.text) });
  }
  return tokens;
}

function matchAt(shape: RegExp, text: string, at: number): string {
  shape.lastIndex = at;
  return shape.exec(text)?.[0] ?? '';
}

function literal(kind: FilterToken['kind'], text: string): string {
  return kind === 'string' ? text.slice(1, -1).replaceAll("''", "'") : text;
}
