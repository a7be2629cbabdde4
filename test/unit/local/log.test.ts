import { expect, it, jest } from '@jest/globals';
import { startLog } from '../../../local/log.ts';

it('A log that the disk has no room for says so once, and ends nothing', () => {
  const said: string[] = [];
  const stderr = jest.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);

  // Every write to it ends with ENOSPC (full(4)).
  const log = startLog({ to: 'file', path: '/dev/full' });
  log.warn('A page waits.');
  log.warn('It waits still.');
  stderr.mockRestore();

  expect(said).toEqual([expect.stringMatching(/^The log \/dev\/full cannot be written: ENOSPC/)]);
});
