import { expect, it } from '@jest/globals';
import { wholeReport } from '../../../cli/commands/report.ts';

it('reads a report page after page', async () => {
  const asked: unknown[] = [];
  const contentType = 'text/csv; charset=utf-8';
  const pages = [
    { contentType, text: 'A,B\r\n', next: 'one' },
    { contentType, text: '', next: 'two' },
    { contentType, text: '1,2\r\n', next: null },
  ];
  const readReport = (request: unknown) => {
    asked.push(request);
    return Promise.resolve(pages[asked.length - 1]!);
  };

  const report = await wholeReport({ readReport }, { name: 'wave-1', kind: 'skipped' });

  expect(report).toEqual({ contentType, text: 'A,B\r\n1,2\r\n' });
  expect(asked).toEqual([
    { name: 'wave-1', kind: 'skipped' },
    { name: 'wave-1', kind: 'skipped', after: 'one' },
    { name: 'wave-1', kind: 'skipped', after: 'two' },
  ]);
});
