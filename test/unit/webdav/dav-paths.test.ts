import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  itemPath,
  keptUrl,
  nameIn,
  parentOf,
  pathKey,
  pathOf,
  scopeOf,
  segment,
} from '../../../shared/adapters/webdav/dav-paths.ts';

describe('Paths of WebDAV', () => {
  it.each([
    ['http://back1.contoso.local/exchange/anna/Inbox/', '/exchange/anna/Inbox/'],
    ['https://mail:8443/exchange/anna/Gr%C3%BC%C3%9Fe.EML', '/exchange/anna/Gr%C3%BC%C3%9Fe.EML'],
    ['/exchange/anna/Grüße und "mehr".EML', '/exchange/anna/Gr%C3%BC%C3%9Fe%20und%20%22mehr%22.EML'],
    ['/exchange/anna/100% sure.EML', '/exchange/anna/100%25%20sure.EML'],
    ['/exchange/anna/a%20b', '/exchange/anna/a%20b'],
    ['/exchange/anna/../bob', '/exchange/anna/../bob'],
    ['/exchange/anna/what?.EML#1', '/exchange/anna/what%3F.EML%231'],
    ['http://server', '/'],
  ])('are taken of %s as %s', (href, path) => {
    expect(pathOf(href)).toBe(path);
  });

  it('hold nothing that a request line must not hold, and stay what they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const path = pathOf(`/exchange/${text}`);

        expect(path).toMatch(/^[\x21-\x7e]*$/);
        expect(pathOf(path)).toBe(path);
      }),
    );
  });

  it('know a name again, whatever it is made of', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.string({ unit: 'grapheme', minLength: 1 }),
        (folder, name) => {
          const path = `/exchange/anna/${segment(folder)}/${segment(name)}`;

          expect(pathKey(`${pathOf(`http://x${path}`)}/`)).toBe(pathKey(path));
          expect(decodeURIComponent(nameIn(path))).toBe(name);
          expect(pathKey(parentOf(path))).toBe(pathKey(`/exchange/anna/${segment(folder)}`));
          expect(itemPath(keptUrl(path, undefined), { root: '/exchange/anna/', folder: parentOf(path) })).toBe(path);
        },
      ),
    );
  });

  it('are compared whatever their case and encoding', () => {
    expect(pathKey('/Exchange/Anna/Gr%c3%bc%c3%9fe/')).toBe(pathKey('/exchange/anna/Grüße'));
    expect(pathKey('/exchange/100%')).toBe('/exchange/100%');
  });

  it('stand in a query decoded, but where that could be read in two ways', () => {
    expect(scopeOf('/exchange/anna/Gr%C3%BC%C3%9Fe%20%26%20mehr/')).toBe('/exchange/anna/Grüße & mehr');
    expect(scopeOf('/exchange/anna/50%25')).toBe('/exchange/anna/50%25');
    expect(scopeOf('/exchange/anna/a%22b')).toBe('/exchange/anna/a%22b');
  });

  it('lead to an item by its permanent URL from whatever root the mailbox has now', () => {
    const url = keptUrl('http://a/exchange/anna/Inbox/x.EML', 'http://a/exchange/anna/-FlatUrlSpace-/1f-2/3e-4');

    expect(url).toBe('-FlatUrlSpace-/1f-2/3e-4');
    expect(itemPath(url, { root: '/exchange/anna@contoso.test', folder: '/exchange/anna/Inbox' })).toBe(
      '/exchange/anna@contoso.test/-FlatUrlSpace-/1f-2/3e-4',
    );
  });
});
