import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFolderHolder, lockFolder } from '../../../../shared/adapters/local/folder-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stagecoach-lock-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const me = { command: 'run', since: '2026-11-20T21:00:00.000Z' };

async function startHolder() {
  const script = fileURLToPath(new URL('lock-holder.ts', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

describe('the lock of a data folder', () => {
  it('is held by one at a time, who is named to the other', async () => {
    const lock = await lockFolder(folder, me);

    await expect(lockFolder(folder, me)).rejects.toMatchObject({
      name: 'ConflictError',
      // The command line waits for the other process where it meets this code (cli/service-access.ts).
      code: 'DATA_FOLDER_IN_USE',
      message: expect.stringContaining(`process ${process.pid} (run, since 2026-11-20T21:00:00.000Z)`),
    });
    lock.release();
    expect(await findFolderHolder(folder)).toEqual({ held: false });
    (await lockFolder(folder, me)).release();
  });

  it('is not held in a folder that nobody ever used', async () => {
    expect(await findFolderHolder(folder)).toEqual({ held: false });
    expect(await findFolderHolder(join(folder, 'nothing'))).toEqual({ held: false });
  });

  it('names the address of the service in another process, and ends when that is killed', async () => {
    const child = await startHolder();

    await expect(lockFolder(folder, me)).rejects.toMatchObject({ name: 'ConflictError' });
    expect(await findFolderHolder(folder)).toEqual({
      held: true,
      holder: { pid: child.pid, command: 'serve', since: expect.any(String), url: 'http://127.0.0.1:4680' },
    });

    child.kill('SIGKILL');
    await once(child, 'close');
    expect(await findFolderHolder(folder)).toEqual({ held: false });
    (await lockFolder(folder, me)).release();
  });

  it('is not disturbed by many who look whether it is held', async () => {
    const looks = Array.from({ length: 50 }, () => findFolderHolder(folder));
    const lock = await lockFolder(folder, me);

    await Promise.all(looks);
    expect(await findFolderHolder(folder)).toMatchObject({ held: true, holder: { command: 'run' } });
    lock.release();
  });
});
