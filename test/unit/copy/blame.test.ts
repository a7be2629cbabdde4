import { describe, expect, it } from '@jest/globals';
import { blamed } from '../../../shared/application/copy/blame.ts';
import { MailboxBlockedError } from '../../../shared/domain/errors.ts';
import type { PassState } from '../../../shared/domain/pair.ts';

type Blame = Pick<PassState, 'suspect' | 'givenUp'>;

const folder = 123;
const uidOf = (at: number): number => 4_000_000_000 + at;

function stopAt(uid: number, times: number, blame: Blame): Blame {
  return Array.from({ length: times }).reduce<Blame>((last) => ({ ...last, ...blamed(last, { folder, uid }) }), blame);
}

describe('The items at which workers stop', () => {
  it('are given up at the third time in a row, one by one', () => {
    const twice = stopAt(7, 2, { suspect: null, givenUp: [] });

    expect(twice).toEqual({ suspect: { folder, uid: 7, times: 2 }, givenUp: [] });
    expect(stopAt(7, 1, twice)).toEqual({ suspect: null, givenUp: [{ folder, uid: 7 }] });
    expect(stopAt(8, 1, twice)).toEqual({ suspect: { folder, uid: 8, times: 1 }, givenUp: [] });
  });

  it('block the mailbox where they are more than the PASS item has room for', () => {
    let blame: Blame = { suspect: null, givenUp: [] };
    for (let at = 0; at < 30; at += 1) blame = stopAt(uidOf(at), 3, blame);
    blame = stopAt(uidOf(30), 2, blame);

    expect(JSON.stringify(blame).length).toBeLessThan(1_100);
    expect(() => stopAt(uidOf(30), 1, blame)).toThrow(MailboxBlockedError);
    expect(() => stopAt(uidOf(30), 1, blame)).toThrow(expect.objectContaining({ code: 'ITEM_STOPS_WORKER' }));
  });
});
