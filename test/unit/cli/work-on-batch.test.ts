import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceGoneError } from '../../../cli/remote-operations.ts';
import { workOnBatch } from '../../../cli/work-on-batch.ts';
import type { BatchWork } from '../../../cli/work-on-batch.ts';

let data: string;

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'stagecoach-work-'));
});

afterEach(() => {
  rmSync(data, { recursive: true });
});

const refused = new ServiceGoneError('http://127.0.0.1:1', { cause: { code: 'ECONNREFUSED' } });
const lost = new ServiceGoneError('http://127.0.0.1:1', { cause: { code: 'ECONNRESET' } });

/** How often the work is begun where the service ends at the first try, and what comes of it. */
async function begun(ends: Error, work: Partial<BatchWork> = {}): Promise<{ times: number; error: unknown }> {
  let times = 0;
  const done: unknown = await workOnBatch({
    options: { data, stack: '' },
    command: 'test',
    batch: 'sales',
    waitsForService: true,
    makesFolder: true,
    begin: () => {
      times += 1;
      return Promise.reject(times === 1 ? ends : new Error('second time'));
    },
    ...work,
  }).catch((error: unknown) => error);
  return { times, error: done };
}

describe('work that was about to be given to a service that ends', () => {
  it('is begun again where the service never had the request', async () => {
    expect(await begun(refused)).toEqual({ times: 2, error: new Error('second time') });
  });

  it('is not begun again where the service may have begun it', async () => {
    expect(await begun(lost)).toEqual({ times: 1, error: lost });
  });

  it('is begun again even so where asking twice is as good as once', async () => {
    expect((await begun(lost, { mayBeginTwice: true })).times).toBe(2);
  });

  it('is not begun elsewhere where the service was named', async () => {
    expect((await begun(refused, { options: { data, stack: '', url: 'http://127.0.0.1:1' } })).times).toBe(0);
  });
});
