import { describe, expect, it } from '@jest/globals';
import { keepingRecent } from '../../../shared/application/copy/recent-objects.ts';
import type { ObjectStore } from '../../../shared/ports/object-store.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';

const megabyte = 1024 * 1024;

/** A store that notes which objects are read from it. */
function watched(): { readonly store: ObjectStore; readonly read: string[] } {
  const stored = new MemoryObjectStore();
  const read: string[] = [];
  const get = stored.get.bind(stored);
  stored.get = (key, version) => {
    read.push(key);
    return get(key, version);
  };
  return { store: stored, read };
}

describe('the store of one slice', () => {
  it('gives back what the slice made without asking the store, which has it as well', async () => {
    const { store, read } = watched();
    const recent = keepingRecent(store);

    await recent.create('ledger/a', Buffer.from('one'));

    expect(await recent.get('ledger/a')).toEqual(Buffer.from('one'));
    expect(read).toEqual([]);
    expect(await store.get('ledger/a')).toEqual(Buffer.from('one'));
  });

  it('asks the store for what another worker made, also under a key that it wanted for itself', async () => {
    const { store } = watched();
    const recent = keepingRecent(store);
    await store.create('ledger/a', Buffer.from('theirs'));

    expect(await recent.create('ledger/a', Buffer.from('ours'))).toBe('exists');

    expect(await recent.get('ledger/a')).toEqual(Buffer.from('theirs'));
    expect(await recent.get('ledger/b')).toBeUndefined();
  });

  it('keeps the newest objects alone, six megabytes of them', async () => {
    const { store, read } = watched();
    const recent = keepingRecent(store);
    const keys = Array.from({ length: 9 }, (_, at) => `ledger/${String(at)}`);
    for (const key of keys) await recent.create(key, Buffer.alloc(megabyte, key));
    await recent.create('ledger/large', Buffer.alloc(7 * megabyte));

    for (const key of [...keys, 'ledger/large']) expect((await recent.get(key))?.[0]).toBeDefined();

    expect(read).toEqual(['ledger/0', 'ledger/1', 'ledger/2', 'ledger/large']);
  });
});
