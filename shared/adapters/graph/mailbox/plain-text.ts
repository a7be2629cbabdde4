import type { ItemBody } from '../../../domain/items/item-parts.ts';
import { manyLines } from './sanitised-text.ts';

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

/** What can be read of a body, for places that take no HTML. */
export function plainText(body: ItemBody | undefined): string {
  if (body === undefined) return '';
  if (body.type === 'text') return manyLines(body.content);
  const text = body.content
    .replace(/<(script|style|head)\b[^]*?<\/\1>/gi, '')
    .replace(/<(br|\/p|\/div|\/tr|\/li|\/h\d)\b[^>]*>/gi, '\r\n')
    .replace(/<[^>]*>/g, '')
    .replace(/&(#\d+|#x[0-9a-f]+|[a-z]+);/gi, (whole, name: string) => entityOf(name) ?? whole);
  return manyLines(text).trim();
}

function entityOf(name: string): string | undefined {
  if (!name.startsWith('#')) return entities[name.toLowerCase()];
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}

export function asHtml(body: ItemBody | undefined): string {
  if (body === undefined) return '';
  if (body.type === 'html') return manyLines(body.content);
  return `<div style="white-space: pre-wrap">${escaped(manyLines(body.content))}</div>`;
}

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${String(sign.charCodeAt(0))};`);
}
