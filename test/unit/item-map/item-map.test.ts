import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ItemMap, type Change, type ItemFacts, type MapSegment } from '../../../shared/adapters/item-map/item-map.ts';
import { ItemMapStore } from '../../../shared/adapters/item-map/item-map-store.ts';
import { exchangeMapsPrefix } from '../../../shared/domain/pair.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';

function item(id: string, received: number, more: Partial<ItemFacts> = {}): { readonly item: ItemFacts } {
  return { item: { id, received, size: 1_000, flags: [], ...more } };
}

function segment(changes: readonly Change[], more: Partial<MapSegment> = {}): MapSegment {
  return {
    schema: 1,
    folder: 'F',
    nonce: 'n',
    anew: false,
    syncState: 's',
    last: true,
    changes: [...changes],
    ...more,
  };
}

function mapOf(...segments: readonly MapSegment[]): ItemMap {
  const map = new ItemMap('F');
  for (const one of segments) map.apply(one);
  return map;
}

const ids = (map: ItemMap): readonly (readonly [number, string])[] =>
  map.facts(map.list(1, Infinity).map(({ uid }) => uid)).map(({ uid, facts }) => [uid, facts.id]);

describe('a map of items', () => {
  it('numbers a folder by the date of receipt, whatever the order in which the server tells it', () => {
    const map = mapOf(
      segment([item('b', 20), item('d', 40)], { anew: true, last: false }),
      segment([item('a', 10), item('c', 30)]),
    );

    expect(ids(map)).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
      [4, 'd'],
    ]);
  });

  it('shows nothing of a listing before its end', () => {
    const map = mapOf(segment([item('b', 20)], { anew: true, last: false }));

    expect(map.state()).toMatchObject({ messages: 0, uidNext: 1 });
    expect(map.isPartial).toBe(true);
  });

  it('gives a saved item another number, and no other item', () => {
    const contact = (id: string, version: string) => item(id, 10, { key: 'k', version });
    const map = mapOf(segment([contact('a', '1'), contact('b', '1')], { anew: true }), segment([contact('a', '2')]));

    expect(ids(map)).toEqual([
      [2, 'b'],
      [3, 'a'],
    ]);
    expect(map.changesSince({ uidNext: 3, highestModSeq: '1' })).toMatchObject({ present: [2], vanished: [1] });
  });

  it('tells copies of an item apart, whichever is saved or removed', () => {
    const contact = (id: string, version: string) => item(id, 10, { key: 'k', version });
    const copies = (...segments: readonly MapSegment[]): Record<string, number> => {
      const map = mapOf(...segments);
      return Object.fromEntries(
        map.facts(map.list(1, 99).map(({ uid }) => uid)).map(({ facts, copy }) => [facts.id, copy]),
      );
    };
    const first = segment([contact('a', '1'), contact('b', '1'), item('mail', 5, { key: 'k' })], { anew: true });

    expect(copies(first)).toEqual({ mail: 1, a: 1, b: 2 });
    expect(copies(first, segment([contact('b', '2'), contact('a', '2')]))).toEqual({ mail: 1, a: 1, b: 2 });
    expect(copies(first, segment([{ gone: 'a' }]), segment([contact('c', '1')]))).toEqual({ mail: 1, c: 1, b: 2 });
    // The mailbox was moved to another server: other ids.
    const moved = segment([contact('x', '9'), contact('y', '9')], { anew: true });
    expect(Object.values(copies(segment([contact('a', '1'), contact('b', '1')], { anew: true }), moved))).toEqual([
      1, 2,
    ]);
  });

  it('gives what comes later higher numbers, also where it is older', () => {
    const map = mapOf(segment([item('a', 10), item('b', 20)], { anew: true }), segment([item('old', 1)]));

    expect(ids(map)).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'old'],
    ]);
  });

  it('keeps the number of an item when the folder is listed anew, and tells what is gone', () => {
    const map = mapOf(
      segment([item('a', 10), item('b', 20), item('c', 30)], { anew: true }),
      segment([item('c', 30, { flags: ['\\Seen'] })], { anew: true, last: false }),
      segment([item('a', 10), item('new', 5)]),
    );

    expect(ids(map)).toEqual([
      [1, 'a'],
      [3, 'c'],
      [4, 'new'],
    ]);
    expect(map.changesSince({ uidNext: 4, highestModSeq: '1' })).toEqual({
      flags: [{ uid: 3, flags: ['\\Seen'] }],
      present: [1, 3],
      vanished: [2],
    });
  });

  it('knows an item under another id by its search key and date', () => {
    const map = mapOf(
      segment([item('a', 10, { key: 'k1' }), item('b', 10, { key: 'k2' }), item('c', 10)], { anew: true }),
      segment([item('x', 10, { key: 'k2' }), item('y', 10, { key: 'k1' }), item('z', 10)], { anew: true }),
    );

    expect(ids(map)).toEqual([
      [1, 'y'],
      [2, 'x'],
      [4, 'z'],
    ]);
  });

  it('carries what was read and what was deleted', () => {
    const map = mapOf(
      segment([item('a', 10), item('b', 20)], { anew: true }),
      segment([{ id: 'a', read: true }, { gone: 'b' }, { gone: 'unknown' }, { id: 'unknown', read: true }]),
    );

    expect(map.list(1, 10)).toMatchObject([{ uid: 1, flags: ['\\Seen'] }]);
    expect(map.changesSince({ uidNext: 3, highestModSeq: '1' })).toMatchObject({ vanished: [2] });
    expect(map.changesSince({ uidNext: 3, highestModSeq: '2' })).toMatchObject({ flags: [], vanished: [] });
  });

  it('takes a draft that was saved again for another message, and other mail for the same', () => {
    const map = mapOf(
      segment([item('draft', 10, { flags: ['\\Draft'] }), item('mail', 20)], { anew: true }),
      segment([item('draft', 10, { flags: ['\\Draft'], size: 2_000 }), item('mail', 20, { size: 2_000 })]),
    );

    expect(ids(map)).toEqual([
      [2, 'mail'],
      [3, 'draft'],
    ]);
  });

  it('has another UIDVALIDITY for another folder and for another beginning', () => {
    const of = (folder: string, nonce: string): number => {
      const map = new ItemMap(folder);
      map.apply(segment([], { folder, nonce, anew: true }));
      return map.uidValidity;
    };

    expect(new Set([of('F', 'n'), of('G', 'n'), of('F', 'm')]).size).toBe(3);
    expect(of('F', 'n')).toBe(of('F', 'n'));
  });

  it('never gives a number twice and never two items the same, whatever happens', () => {
    const change = fc.oneof(
      fc.record({
        item: fc.record({
          id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
          received: fc.integer({ min: 0, max: 3 }),
          size: fc.integer({ min: 1, max: 2 }),
          flags: fc.constantFrom<string[]>([], ['\\Draft'], ['\\Seen']),
          key: fc.constantFrom('k', 'l'),
        }),
      }),
      fc.record({ gone: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ id: fc.constantFrom('a', 'b', 'c'), read: fc.boolean() }),
    );
    const story = fc.array(
      fc.record({ changes: fc.array(change, { maxLength: 6 }), anew: fc.boolean(), last: fc.boolean() }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(story, (segments) => {
        const map = new ItemMap('F');
        const everGone = new Set<number>();
        let uidNext = 1;
        for (const { changes, anew, last } of segments) {
          const before = new Set(map.list(1, Infinity).map(({ uid }) => uid));
          map.apply(segment(changes, { anew, last }));
          const now = ids(map);
          expect(new Set(now.map(([uid]) => uid)).size).toBe(now.length);
          expect(new Set(now.map(([, id]) => id)).size).toBe(now.length);
          for (const [uid] of now) {
            expect(everGone.has(uid)).toBe(false);
            if (!before.has(uid)) expect(uid).toBeGreaterThanOrEqual(uidNext);
          }
          for (const uid of before) if (!now.some(([there]) => there === uid)) everGone.add(uid);
          expect(map.state().uidNext).toBeGreaterThanOrEqual(uidNext);
          ({ uidNext } = map.state());
        }
        expect(map.changesSince({ uidNext, highestModSeq: '0' }).vanished).toHaveLength(everGone.size);
      }),
    );
  });
});

describe('the store of maps', () => {
  const told = (changes: readonly Change[], anew = false) => ({
    changes: [...changes],
    anew,
    syncState: 's',
    last: true,
  });

  async function filled(): Promise<{ readonly objects: MemoryObjectStore; readonly store: ItemMapStore }> {
    const objects = new MemoryObjectStore();
    const store = new ItemMapStore({ objects, prefix: exchangeMapsPrefix('Ann@contoso.test') });
    const stored = await store.load('F');
    await store.append(stored, store.newSegment(stored.map, told([item('a', 10)], true)));
    for (let at = 0; at < 40; at += 1) {
      await store.append(stored, store.newSegment(stored.map, told([item(`b${String(at)}`, at)])));
    }
    return { objects, store };
  }

  it('gives back what was kept', async () => {
    const { store } = await filled();

    const { map } = await store.load('F');

    expect(map.state()).toMatchObject({ messages: 41, uidNext: 42, highestModSeq: '41' });
  });

  it('lets one of two go on, and the other one learns of it', async () => {
    const { store } = await filled();
    const [one, other] = [await store.load('F'), await store.load('F')];

    const written = await store.append(one, store.newSegment(one.map, told([item('x', 1)])));
    const second = await store.append(other, store.newSegment(other.map, told([item('y', 1)])));

    expect([written, second]).toEqual([true, false]);
    expect((await store.load('F')).map.segments).toBe(42);
  });

  it.each([
    ['is lost', (objects: MemoryObjectStore, key: string) => objects.remove(key)],
    ['is garbage', (objects: MemoryObjectStore, key: string) => objects.put(key, Buffer.from('garbage'))],
  ])('begins another map where a segment %s, and says so by another UIDVALIDITY', async (_, harm) => {
    const { objects, store } = await filled();
    const before = (await store.load('F')).map.uidValidity;
    const keys: string[] = [];
    for await (const key of objects.list('ledger/exchange/')) keys.push(key);
    await harm(objects, keys[20] ?? '');

    const stored = await store.load('F');
    await store.append(stored, store.newSegment(stored.map, told([item('a', 10)], true)));

    expect(stored.map.uidValidity).not.toBe(before);
    expect((await store.load('F')).map.state()).toMatchObject({ messages: 1, uidNext: 2 });
  });
});
