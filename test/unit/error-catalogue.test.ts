import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCatalogue, type CatalogueEntry } from '../../shared/domain/error-catalogue.ts';

const entries: [string, CatalogueEntry][] = Object.entries(errorCatalogue);

/** Everything of the program that may use a code, the catalogue itself left out. */
const program = ['shared', 'functions', 'local', 'cli', 'infra']
  .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
  .filter((file) => file.isFile() && file.name.endsWith('.ts') && file.name !== 'error-catalogue.ts')
  .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'))
  .join('\n');

describe('the error catalogue', () => {
  it.each(entries)('%s has a sentence, a cause and a fix', (_code, { text, cause, fix }) => {
    // Microsoft's own texts stand as they are, without a full stop.
    expect(text).toMatch(/^[A-Z][^\n]{10,}$/);
    for (const part of [cause, fix]) expect(part).toMatch(/^\S[^\n]{5,}\.$/);
  });

  it.each(entries)('%s is used by the program', (code) => {
    // Codes that exist for both sides are put together from SOURCE or TARGET and the rest.
    const rest = /^(?:SOURCE|TARGET)_(.+)$/.exec(code)?.[1] ?? code;
    expect(program.includes(code) || program.includes(`_${rest}`) || program.includes(`'${rest}'`)).toBe(true);
  });

  it('has no code that the program uses and it does not know', () => {
    const used = new Set([...program.matchAll(/\bcode: '([A-Z]+(?:_[A-Z]+)+)'/g)].map((match) => match[1]!));
    expect([...used].filter((code) => !Object.hasOwn(errorCatalogue, code))).toEqual([]);
  });
});
