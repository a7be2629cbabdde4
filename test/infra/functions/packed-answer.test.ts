import { expect, it } from '@jest/globals';
import { packedAnswer, PackedAnswer, unpackedAnswer } from '../../../functions/packed-answer.ts';

it('gets the answer about 50,000 mailboxes through what Lambda hands on', () => {
  const mailboxes = Array.from({ length: 50_000 }, (_, row) => ({
    mailbox: `first.last-${String(row * 7919)}@department-of-contoso.test`,
    outcome: 'pending',
    reason: 'It was not its turn yet: ask again.',
  }));
  const answer = { mailboxes, files: ['ConvertSource für Köln.ps1'] };

  const packed = JSON.stringify(packedAnswer(answer));

  expect(JSON.stringify(answer).length).toBeGreaterThan(6_000_000);
  expect(packed.length).toBeLessThan(3_000_000);
  expect(unpackedAnswer(PackedAnswer.parse(JSON.parse(packed)))).toEqual(answer);
});
