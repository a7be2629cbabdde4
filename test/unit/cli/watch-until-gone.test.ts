import { expect, it } from '@jest/globals';
import { watchUntilGone } from '../../../cli/watch-until-rest.ts';
import type { BatchDetail } from '../../../shared/contract/batch-view.ts';
import type { Operations } from '../../../shared/contract/routes.ts';

it('A batch that is being removed is gone also where another one has its name by now', async () => {
  const night = createdAt('2026-11-21T01:00:00.000Z');
  const morning = createdAt('2026-11-21T07:00:00.000Z');
  const answers = [night, morning, morning];
  const operations = { showBatch: () => Promise.resolve(answers.shift()) } as unknown as Operations;

  await watchUntilGone({ operations }, night.batch);

  expect(answers).toEqual([morning]);
});

function createdAt(at: string): BatchDetail {
  return { batch: { name: 'sales', createdAt: at } } as unknown as BatchDetail;
}
