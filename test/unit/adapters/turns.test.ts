import { describe, expect, it } from '@jest/globals';
import { Turns } from '../../../shared/adapters/turns.ts';

describe('Work that is done in turn', () => {
  it('begins when the work before it is done, in the order of asking', async () => {
    const turns = new Turns();
    const first = Promise.withResolvers<undefined>();
    const seen: string[] = [];
    const work = [
      turns.take(async () => {
        seen.push('first begins');
        await first.promise;
        seen.push('first ends');
      }),
      turns.take(() => Promise.resolve(seen.push('second'))),
    ];
    await Promise.resolve();
    expect(seen).toEqual(['first begins']);

    first.resolve(undefined);
    await Promise.all(work);

    expect(seen).toEqual(['first begins', 'first ends', 'second']);
  });

  it('goes on after work that failed, which its asker alone is told', async () => {
    const turns = new Turns();
    const failed = expect(turns.take(() => Promise.reject(new Error('lost')))).rejects.toThrow('lost');

    await expect(turns.take(() => Promise.resolve('next'))).resolves.toBe('next');
    await failed;
  });
});
