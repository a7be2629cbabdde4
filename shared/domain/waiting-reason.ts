/*
 * The closed list of reasons for which a mailbox does not move: each a sentence for people and a code for whoever
 * counts. Every screen, report and mail shows the sentence as it stands on the job.
 */

interface ReasonKind<Facts extends readonly unknown[]> {
  readonly say: (...facts: Facts) => string;
  /** Every sentence that `say` makes. */
  readonly pattern: RegExp;
  /** Waiting in a line, or for what an admin asked: no sign of trouble, however long it takes. */
  readonly isOrdinary: boolean;
}

function kind<Facts extends readonly unknown[]>(
  isOrdinary: boolean,
  pattern: RegExp,
  say: (...facts: Facts) => string,
): ReasonKind<Facts> {
  return { say, pattern, isOrdinary };
}

export const waitingReasons = {
  turn: kind(true, /^waits for its turn$/, () => 'waits for its turn'),
  notStarted: kind(true, /^the batch has not been started$/, () => 'the batch has not been started'),
  notChosen: kind(
    true,
    /^only other mailboxes of the batch were started$/,
    () => 'only other mailboxes of the batch were started',
  ),
  startsAt: kind(true, /^starts at .+$/, (time: string) => `starts at ${time}`),
  slots: kind(
    true,
    /^all \d+ mailbox slots of \S+ are in use$/,
    (slots: number, endpoint: string) => `all ${String(slots)} mailbox slots of ${endpoint} are in use`,
  ),
  askedToWait: kind(
    false,
    /^(source|target) asked us to wait until \d\d:\d\d$/,
    (side: 'source' | 'target', until: string) => `${side} asked us to wait until ${until}`,
  ),
  trouble: kind(
    false,
    /^tried again at \d\d:\d\d: .+$/s,
    (until: string, what: string) => `tried again at ${until}: ${what}`,
  ),
  targetMailbox: kind(
    false,
    /^waiting for the target mailbox, \d+ min$/,
    (minutes: number) => `waiting for the target mailbox, ${String(minutes)} min`,
  ),
  guidSynced: kind(
    false,
    /^waiting for the target mailbox, \d+ min: it may never come, see MAILBOX_GUID_SYNCED$/,
    (minutes: number) =>
      `waiting for the target mailbox, ${String(minutes)} min: it may never come, see MAILBOX_GUID_SYNCED`,
  ),
  forwarding: kind(
    false,
    /^its mailbox is there; forwarding is about to be set$/,
    () => 'its mailbox is there; forwarding is about to be set',
  ),
  settling: kind(
    false,
    /^waiting until the target has stored what it received before the connection was lost$/,
    () => 'waiting until the target has stored what it received before the connection was lost',
  ),
  otherWorker: kind(
    false,
    /^another worker still holds this mailbox$/,
    () => 'another worker still holds this mailbox',
  ),
  otherMailbox: kind(
    true,
    /^another mailbox is being copied to the same target mailbox$/,
    () => 'another mailbox is being copied to the same target mailbox',
  ),
  takenOver: kind(false, /^another worker took this mailbox over$/, () => 'another worker took this mailbox over'),
  otherExecution: kind(false, /^another execution runs the batch$/, () => 'another execution runs the batch'),
  serviceStopped: kind(
    false,
    /^the service was stopped; it goes on when it starts again$/,
    () => 'the service was stopped; it goes on when it starts again',
  ),
  breaker: kind(true, /^paused by the circuit breaker$/, () => 'paused by the circuit breaker'),
  stopping: kind(false, /^its worker ends at the next page$/, () => 'its worker ends at the next page'),
  stopped: kind(true, /^the batch was stopped$/, () => 'the batch was stopped'),
  mailboxStopped: kind(true, /^the mailbox was stopped by .+$/, (who: string) => `the mailbox was stopped by ${who}`),
  completing: kind(
    true,
    /^its final pass is through; the others are waited for$/,
    () => 'its final pass is through; the others are waited for',
  ),
} as const;

export type WaitingCode = keyof typeof waitingReasons;

const kinds: readonly (readonly [string, Pick<ReasonKind<[]>, 'pattern' | 'isOrdinary'>])[] =
  Object.entries(waitingReasons);

/** The code of a reason as it stands on a job; undefined: it is none of the list (an error's sentence). */
export function waitingCodeOf(reason: string): WaitingCode | undefined {
  return kinds.find(([, { pattern }]) => pattern.test(reason))?.[0] as WaitingCode | undefined;
}

/** Whether waiting so is no sign of trouble, however long it takes. */
export function isOrdinaryWait(reason: string): boolean {
  return kinds.some(([, { pattern, isOrdinary }]) => isOrdinary && pattern.test(reason));
}

/** `14:05` on the clock of a time zone. */
export function clockTime(instant: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(instant);
}
