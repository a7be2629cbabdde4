import type { PageLimits } from '../../../../shared/application/copy/page.ts';
import type { Account } from '../../scripted-imap-server/account.ts';
import { allCapabilities, allCapabilitiesBut } from '../../scripted-imap-server/scripted-imap-server.ts';
import { FaultWorld, type Snapshot } from './fault-world.ts';
import type { IoCall } from './io-calls.ts';
import { changeSmallMailbox, largeMailbox, movedStay, smallMailbox } from './mailboxes.ts';

const poor = allCapabilitiesBut(
  'MULTIAPPEND',
  'LITERAL+',
  'UIDPLUS',
  'MOVE',
  'CONDSTORE',
  'QRESYNC',
  'LIST-STATUS',
  'OBJECTID',
);

/** States of folders are asked for behind their names, not told with them. */
const apart = allCapabilitiesBut('LIST-STATUS');

/** Servers by what they offer. */
export const profiles = {
  'everything offered': { target: allCapabilities, source: allCapabilities },
  'no MULTIAPPEND': { target: allCapabilitiesBut('MULTIAPPEND'), source: allCapabilities },
  'no MULTIAPPEND, no LITERAL+': { target: allCapabilitiesBut('MULTIAPPEND', 'LITERAL+'), source: allCapabilities },
  'no UIDPLUS': { target: allCapabilitiesBut('UIDPLUS', 'MOVE'), source: apart },
  'no MOVE': { target: allCapabilitiesBut('MOVE'), source: apart },
  'nearly nothing offered': { target: poor, source: poor },
} as const;
export type ProfileName = keyof typeof profiles;
export const profileNames = Object.keys(profiles) as readonly ProfileName[];

/** The first pass over a mailbox, or a second one after the source changed. */
export type Scenario = 'first pass' | 'second pass';
export const scenarios: readonly Scenario[] = ['first pass', 'second pass'];

export interface Stage {
  readonly world: FaultWorld;
  /** Where every run begins. */
  readonly start: Snapshot;
  /** All calls of a run without faults. */
  readonly calls: readonly IoCall[];
  /** What the target is to hold, where that is not what the source holds. */
  readonly expected: Account | undefined;
}

/** Pages and windows so small that a dozen messages make several of each. */
const tinyPages: PageLimits = { items: 2, octets: 1_000_000, inFlight: 3, listing: 3 };

export async function smallStage(profile: ProfileName, scenario: Scenario, connections = 1): Promise<Stage> {
  const { target, source } = profiles[profile];
  // Where messages go one by one, a page is divided among the connections.
  const items = target.includes('MULTIAPPEND') ? tinyPages.items : tinyPages.items * connections;
  const world = await FaultWorld.open({
    pages: { ...tinyPages, items },
    commitsPerSlice: 1,
    connections,
    targetCapabilities: target,
    sourceCapabilities: source,
  });
  await world.fill(smallMailbox);
  let expected: Account | undefined;
  if (scenario === 'second pass') {
    requireSound(await world.run());
    changeSmallMailbox(world.sourceAccount);
    if (!target.includes('UIDPLUS')) expected = movedStay(world.sourceAccount);
    await world.beginPass();
  }
  return staged(world, expected);
}

export async function largeStage(
  profile: ProfileName,
  size: { readonly messages: number; readonly page: number; readonly connections?: number },
): Promise<Stage> {
  const { target, source } = profiles[profile];
  const world = await FaultWorld.open({
    pages: { items: size.page, octets: 8_000_000, inFlight: 8, listing: 2_500 },
    commitsPerSlice: 50,
    connections: size.connections ?? 1,
    targetCapabilities: target,
    sourceCapabilities: source,
  });
  await world.fill((account) => largeMailbox(account, size.messages));
  return staged(world, undefined);
}

async function staged(world: FaultWorld, expected: Account | undefined): Promise<Stage> {
  const start = await world.save();
  const clean = await world.run(undefined, { keepCalls: true, ...(expected === undefined ? {} : { expected }) });
  requireSound(clean);
  return { world, start, calls: clean.calls, expected };
}

function requireSound({ problems }: { readonly problems: readonly string[] }): void {
  if (problems.length > 0) throw new Error(`A run without faults has problems: ${problems.join('; ')}`);
}
