import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ObjectStore } from '../../shared/ports/object-store.ts';
import { objectKinds } from './support/object-stores.ts';
import type { OpenObjects } from './support/object-stores.ts';

const octets = (text: string) => Buffer.from(text);
const text = (found: Uint8Array | undefined) => (found === undefined ? undefined : Buffer.from(found).toString());

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

let names = 0;
const fresh = (folder: string) => `${folder}/${(names += 1)}`;

describe.each(objectKinds)('the object store over $kind', ({ open }) => {
  let opened: OpenObjects;
  let objects: ObjectStore;

  beforeAll(async () => {
    opened = await open();
    objects = opened.objects;
  });
  afterAll(async () => {
    await opened.close();
  });

  it('creates an object once and never overwrites it', async () => {
    const key = `${fresh('ledger')}/1-1`;

    expect(await objects.create(key, octets('first'))).toBe('created');
    expect(await objects.create(key, octets('second'))).toBe('exists');
    expect(text(await objects.get(key))).toBe('first');
  });

  it('lets exactly one of many who create the same object win, and keeps that one’s octets', async () => {
    const key = `${fresh('ledger')}/1-1`;

    const outcomes = await Promise.all(
      Array.from({ length: 16 }, (_, writer) => objects.create(key, octets(`writer ${writer}`.repeat(5000)))),
    );

    const winner = outcomes.indexOf('created');
    expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
    expect(text(await objects.get(key))).toBe(`writer ${winner}`.repeat(5000));
  });

  it('overwrites with put', async () => {
    const key = `${fresh('reports')}/MigrationErrors.csv`;

    await objects.put(key, octets('long first text'), 'text/csv');
    await objects.put(key, octets('second'), 'text/csv');

    expect(text(await objects.get(key))).toBe('second');
  });

  it('keeps octets as they are, none and many', async () => {
    const key = fresh('work');
    const many = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, position) => (position * 7919) % 256));

    await objects.put(`${key}/many`, many);
    await objects.put(`${key}/none`, octets(''));

    expect(many.equals((await objects.get(`${key}/many`))!)).toBe(true);
    expect(many.equals(Buffer.concat(await collect((await objects.stream(`${key}/many`))!)))).toBe(true);
    expect((await objects.get(`${key}/none`))?.length).toBe(0);
  });

  it('tells of an object that is not there', async () => {
    const key = `${fresh('work')}/nothing`;

    expect(await objects.get(key)).toBeUndefined();
    expect(await objects.stream(key)).toBeUndefined();
    await objects.remove(key);
    await objects.create(`${key}/below`, octets(''));
    expect(await objects.get(key)).toBeUndefined();
  });

  it('removes an object', async () => {
    const key = `${fresh('work')}/manifest.json`;
    await objects.create(key, octets('x'));

    await objects.remove(key);

    expect(await objects.get(key)).toBeUndefined();
    expect(await objects.create(key, octets('y'))).toBe('created');
  });

  it('lists the keys below a prefix in order, whatever characters they have', async () => {
    const folder = fresh('ledger');
    const keys = [
      `${folder}-other/1`,
      `${folder}/1-1`,
      `${folder}/10-1`,
      `${folder}/2-1`,
      `${folder}/A`,
      `${folder}/a`,
      `${folder}/a.b/x`,
      `${folder}/a/b`,
      `${folder}/a/b/c`,
      `${folder}/ann+filed=here%20~@contoso.test!`,
      `${folder}/${'long.name-'.repeat(35)}end`,
      `${folder}/${'x'.repeat(400)}/below`,
    ].toSorted();
    for (const key of keys.toReversed()) await objects.create(key, octets(key));

    expect(await collect(objects.list(folder))).toEqual(keys);
    expect(await collect(objects.list(`${folder}/`))).toEqual(keys.filter((key) => key.startsWith(`${folder}/`)));
    expect(await collect(objects.list(`${folder}/1`))).toEqual([`${folder}/1-1`, `${folder}/10-1`]);
    expect(await collect(objects.list(`${folder}/a/`))).toEqual([`${folder}/a/b`, `${folder}/a/b/c`]);
    expect(await collect(objects.list(`${folder}/nothing/`))).toEqual([]);
    for (const key of keys) expect(text(await objects.get(key))).toBe(key);
  });

  it('lists more than a page of keys', async () => {
    const folder = fresh('work');
    const keys = Array.from({ length: 1050 }, (_, number) => `${folder}/${String(number).padStart(4, '0')}`);
    for (let start = 0; start < keys.length; start += 50) {
      await Promise.all(keys.slice(start, start + 50).map((key) => objects.create(key, octets('x'))));
    }

    expect(await collect(objects.list(`${folder}/`))).toEqual(keys);
  });

  it('lists uploads and reports by their keys too', async () => {
    const [endpoint, batch] = [fresh('incoming'), fresh('reports')];
    await objects.put(`${endpoint}/wave 1.csv`, octets('x'));
    await objects.put(`${batch}/MigrationStatistics.csv`, octets('x'));

    expect(await collect(objects.list(`${endpoint}/`))).toEqual([`${endpoint}/wave 1.csv`]);
    expect(await collect(objects.list(`${batch}/Mig`))).toEqual([`${batch}/MigrationStatistics.csv`]);
  });

  it('reads and removes the version of an upload that is asked for, and no other', async () => {
    const key = `${fresh('incoming')}/wave-1.csv`;
    const written = await objects.put(key, octets('first'));
    const version = opened.versionOf(key, octets('first'));
    expect(written).toBe(version);
    expect(text(await objects.get(key, version))).toBe('first');
    expect(text(Buffer.concat(await collect((await objects.stream(key, version))!)))).toBe('first');

    await objects.remove(key, version);
    await objects.remove(key, version);
    expect(await objects.get(key, version)).toBeUndefined();
    expect(await objects.stream(key, version)).toBeUndefined();

    await objects.put(key, octets('second'));
    await objects.remove(key, version);
    expect(text(await objects.get(key))).toBe('second');
    expect(text(await objects.get(key, opened.versionOf(key, octets('second'))))).toBe('second');
  });

  it('says where an object is', () => {
    expect(objects.locate('reports/wave-1/MigrationStatistics.csv')).toMatch(
      /reports\/wave-1\/MigrationStatistics\.csv$/,
    );
  });
});
