import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { IncomingWatcher } from '../../../local/incoming-watcher.ts';
import { until } from '../../support/until.ts';

const nothing = () => undefined;
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const settledAfterMs = 150;
let dataDir: string;
let taken: string[];
let watcher: IncomingWatcher;
let refuse: number;
let whenTaken: () => void;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'incoming-'));
  mkdirSync(join(dataDir, 'incoming', 'contoso'), { recursive: true });
  taken = [];
  refuse = 0;
  whenTaken = nothing;
  watcher = new IncomingWatcher({
    dataDir,
    log,
    lookEveryMs: 5,
    settledAfterMs,
    take: async ({ key }) => {
      whenTaken();
      await sleep(1);
      if (refuse > 0) {
        refuse -= 1;
        throw new Error('not now');
      }
      taken.push(key);
    },
  });
  watcher.start();
});

afterEach(async () => {
  await watcher.stop();
  rmSync(dataDir, { recursive: true });
});

const drop = (name: string) => join(dataDir, 'incoming', 'contoso', name);

describe('the watcher of incoming/', () => {
  it('takes a file once', async () => {
    writeFileSync(drop('sales.csv'), 'rows');

    await until(() => taken.length > 0);
    await sleep(300);

    expect(taken).toEqual(['incoming/contoso/sales.csv']);
  });

  it('waits until a file has stopped growing', async () => {
    const begun = Date.now();
    let grown = begun;
    const still: number[] = [];
    whenTaken = () => void still.push(Date.now() - grown);
    for (let line = 0; line < 6; line += 1) {
      appendFileSync(drop('sales.csv'), 'row\n');
      grown = Date.now();
      await sleep(50);
    }

    await until(() => taken.length > 0);

    expect(Date.now() - begun).toBeGreaterThan(300);
    // Also where this process is held up, and a file has settled before its next row comes.
    expect(Math.min(...still)).toBeGreaterThanOrEqual(settledAfterMs);
  });

  it('leaves files alone that are named .part, and takes them under their last name', async () => {
    writeFileSync(drop('sales.csv.part'), 'rows');
    await sleep(300);
    expect(taken).toEqual([]);

    renameSync(drop('sales.csv.part'), drop('sales.csv'));
    await until(() => taken.length > 0);

    expect(taken).toEqual(['incoming/contoso/sales.csv']);
  });

  it('takes .csv and .txt in any case, and nothing else', async () => {
    for (const name of ['a.CSV', 'b.txt', 'c.json', 'd', '.e.swp']) writeFileSync(drop(name), 'rows');
    mkdirSync(drop('folder.csv'));
    writeFileSync(join(dataDir, 'incoming', 'lost.csv'), 'rows');

    await until(() => taken.length >= 2);
    await sleep(200);

    expect(taken.sort()).toEqual(['incoming/contoso/a.CSV', 'incoming/contoso/b.txt']);
  });

  it('takes a file again when it is changed, and when it comes back', async () => {
    writeFileSync(drop('sales.csv'), 'rows');
    await until(() => taken.length === 1);
    writeFileSync(drop('sales.csv'), 'more rows');
    await until(() => taken.length === 2);
    rmSync(drop('sales.csv'));
    await sleep(50);
    writeFileSync(drop('sales.csv'), 'more rows');
    await until(() => taken.length === 3);
  });

  it('tries again when a file could not be taken', async () => {
    refuse = 2;
    writeFileSync(drop('sales.csv'), 'rows');

    await until(() => taken.length === 1);
  });

  it('needs no folder to begin with', async () => {
    rmSync(join(dataDir, 'incoming'), { recursive: true });
    await sleep(30);
    mkdirSync(join(dataDir, 'incoming', 'contoso'), { recursive: true });
    writeFileSync(drop('sales.csv'), 'rows');

    await until(() => taken.length === 1);
  });
});
