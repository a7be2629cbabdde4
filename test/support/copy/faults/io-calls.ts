import type { ServerStep } from '../../scripted-imap-server/faults.ts';

/** One call of the outside world that a worker makes, or one step of a server while it serves the worker. */
export type IoCall = ServerCall | StoreCall;

interface ServerCall {
  readonly place: 'source' | 'target';
  readonly step: ServerStep;
}

interface StoreCall {
  readonly place: 'table' | 'objects';
  readonly call: string;
}

/** What may go wrong at a call to a server of mail. */
export const faultsOfServers = [
  /** The connection breaks. */
  'cut',
  /** The server says BYE. */
  'bye',
  /** Nothing is answered any more on this connection. */
  'stall',
  /** The command is answered NO, or BAD, and not done. */
  'no',
  'bad',
  /** Done, and answered NO all the same. */
  'done-but-no',
  /** The connection breaks; what was received is stored while the successor waits, or between its two looks. */
  'stored-20s-later',
  'stored-between-looks',
  /** Part of a page is stored (RFC 3502 broken), then the connection breaks, or the answer is NO. */
  'part-stored-cut',
  'part-stored-no',
  /** Later than any settling waits: while the page is being written again, or when the pass is through. */
  'stored-while-written-again',
  'stored-after-the-pass',
] as const;

/** What may go wrong at a call to a store, or with the worker at any call. */
export const faultsOfWorkers = [
  /** The call fails and nothing was done. */
  'fails',
  /** The call was done, and its reply is lost. */
  'reply-lost',
  /** The call is made twice, as by an SDK whose first reply was lost. */
  'made-twice',
  /** The process is killed: nothing in memory is left. After: the call was done. */
  'killed',
  'killed-after',
  /** The process is frozen, loses its lease to a successor that runs to the end, or for one slice, and goes on then. */
  'frozen-for-good',
  'frozen-for-a-slice',
] as const;

export const faultKinds = [...faultsOfServers, ...faultsOfWorkers] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Kinds after which an item may rightly be listed as not copied, or the job as failed: what the server said was NO. */
export const refusals: readonly FaultKind[] = ['no', 'bad', 'done-but-no', 'part-stored-no'];
/** Kinds that break the promise on which settling rests; what is doubled is found at the end of this or the next pass. */
export const lateOnes: readonly FaultKind[] = ['stored-while-written-again', 'stored-after-the-pass'];
export const frozenOnes: readonly FaultKind[] = ['frozen-for-good', 'frozen-for-a-slice'];

const everywhere: readonly FaultKind[] = ['killed', 'frozen-for-good', 'frozen-for-a-slice'];
const ofServers: readonly FaultKind[] = ['cut', 'bye', 'stall', ...everywhere];
const ofStoring: readonly FaultKind[] = [
  'stored-20s-later',
  'stored-between-looks',
  'part-stored-cut',
  'part-stored-no',
  'stored-while-written-again',
  'stored-after-the-pass',
];
const ofStores: readonly FaultKind[] = ['fails', 'reply-lost', 'made-twice', 'killed-after', ...everywhere];

/** The kinds that make sense at a call. */
export function kindsAt(call: IoCall): readonly FaultKind[] {
  if (isOfStore(call)) return ofStores;
  const { step } = call;
  switch (step.kind) {
    case 'connected':
      return ofServers;
    case 'command':
      return [...ofServers, 'no', 'bad'];
    case 'store':
      return [...ofServers, ...ofStoring];
    case 'reply':
      return [...ofServers, 'done-but-no'];
    case 'literal-in':
    case 'literal-out':
      // BYE within a literal would be its octets.
      return ofServers.filter((kind) => kind !== 'bye' || step.kind === 'literal-in');
  }
}

function isOfStore(call: IoCall): call is StoreCall {
  return call.place === 'table' || call.place === 'objects';
}

export function nameOf(call: IoCall): string {
  if (isOfStore(call)) return `${call.place} ${call.call}`;
  const { step } = call;
  const detail = 'at' in step ? ` ${step.at}` : 'name' in step ? ` ${step.name}` : '';
  return `${call.place} ${step.kind}${detail}`;
}
