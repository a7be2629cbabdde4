import { afterEach, beforeEach, jest } from '@jest/globals';

/** What a test's functions write to CloudWatch; for all the tests of the file that calls it. */
export function captureLines(): { readonly lines: string[] } {
  const captured = { lines: [] as string[] };
  beforeEach(() => {
    captured.lines = [];
    // Powertools writes by a console of its own.
    for (const stream of [process.stdout, process.stderr]) {
      jest.spyOn(stream, 'write').mockImplementation((line) => {
        captured.lines.push(String(line));
        return true;
      });
    }
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  return captured;
}
