import { describe, expect, it } from '@jest/globals';
import { clockTime, isOrdinaryWait, waitingCodeOf, waitingReasons } from '../../shared/domain/waiting-reason.ts';

/** Each sentence of the list, with facts as they come. */
const said = {
  turn: waitingReasons.turn.say(),
  notStarted: waitingReasons.notStarted.say(),
  notChosen: waitingReasons.notChosen.say(),
  startsAt: waitingReasons.startsAt.say('2026-11-20T20:00:00.000Z'),
  slots: waitingReasons.slots.say(20, 'contoso'),
  askedToWait: waitingReasons.askedToWait.say('source', '14:05'),
  trouble: waitingReasons.trouble.say('14:05', 'The server said:\nnot now.'),
  targetMailbox: waitingReasons.targetMailbox.say(35),
  settling: waitingReasons.settling.say(),
  otherWorker: waitingReasons.otherWorker.say(),
  otherMailbox: 'another mailbox is being copied to the same target mailbox',
  takenOver: waitingReasons.takenOver.say(),
  otherExecution: waitingReasons.otherExecution.say(),
  serviceStopped: waitingReasons.serviceStopped.say(),
  breaker: waitingReasons.breaker.say(),
  stopping: waitingReasons.stopping.say(),
  stopped: waitingReasons.stopped.say(),
  mailboxStopped: waitingReasons.mailboxStopped.say('ada'),
  completing: waitingReasons.completing.say(),
  guidSynced: waitingReasons.guidSynced.say(35),
  forwarding: waitingReasons.forwarding.say(),
} satisfies Record<keyof typeof waitingReasons, string>;

describe('the reasons for which a mailbox does not move', () => {
  it.each(Object.entries(said))('%s is told by its sentence', (code, sentence) => {
    expect(waitingCodeOf(sentence)).toBe(code);
  });

  it('are a closed list: the words of an error are none of it', () => {
    expect(waitingCodeOf('The target mailbox is full.')).toBeUndefined();
  });

  it('know a line, or an admin’s wish, from trouble', () => {
    expect([said.turn, said.slots, said.startsAt, said.stopped].every(isOrdinaryWait)).toBe(true);
    expect([said.askedToWait, said.trouble, said.otherWorker].some(isOrdinaryWait)).toBe(false);
  });

  it('say the time on the clock of the batch’s zone', () => {
    const instant = Date.parse('2026-11-20T13:05:59Z');
    expect([clockTime(instant, 'UTC'), clockTime(instant, 'Europe/Berlin')]).toEqual(['13:05', '14:05']);
  });
});
