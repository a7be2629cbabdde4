import { allCapabilities, allCapabilitiesBut } from '../../scripted-imap-server/scripted-imap-server.ts';
import type { HappeningName } from './happenings.ts';

/** What a life is made of: what the servers offer, and what people do at either side. */
export interface Circumstances {
  readonly source: readonly string[];
  readonly target: readonly string[];
  readonly usersAtWork: boolean;
  readonly atSource: readonly HappeningName[];
  readonly atTarget: readonly HappeningName[];
  readonly connections: number;
}

/** Tells a folder by its name, its UIDVALIDITY and what it holds alone. */
const poorSource = allCapabilitiesBut('OBJECTID', 'CONDSTORE', 'QRESYNC', 'LIST-STATUS');
/** Tells no UIDs of what is written, and removes no single message. */
const poorTarget = allCapabilitiesBut('UIDPLUS', 'MOVE', 'OBJECTID', 'MULTIAPPEND');

const anything: readonly HappeningName[] = [
  'arrive',
  'move',
  'moveAll',
  'remove',
  'mark',
  'rename',
  'renameAndReplace',
  'swap',
  'create',
  'emptyAndDelete',
  'delete',
  'renumber',
  'makeAnew',
];
const names: readonly HappeningName[] = ['arrive', 'mark', 'remove', 'rename', 'renameAndReplace', 'swap', 'create'];

const rich: Circumstances = {
  source: allCapabilities,
  target: allCapabilities,
  usersAtWork: false,
  atSource: anything,
  atTarget: [],
  connections: 1,
};

const users: Circumstances = {
  ...rich,
  usersAtWork: true,
  atTarget: ['move', 'remove', 'mark', 'rename', 'create', 'arrive'],
};

export const circumstances = {
  'everything offered': rich,
  'two connections': { ...rich, connections: 2 },
  'a poor source': { ...rich, source: poorSource },
  'a poor target, and folders that change names': { ...rich, target: poorTarget, atSource: names },
  'a poor source and target, and folders that change names': {
    ...rich,
    source: poorSource,
    target: poorTarget,
    atSource: names,
  },
  'a poor target': { ...rich, target: poorTarget },
  'users at work': users,
  'a poor source and users at work': { ...users, source: poorSource },
} as const satisfies Readonly<Record<string, Circumstances>>;

export type CircumstancesName = keyof typeof circumstances;
export const circumstancesNames = Object.keys(circumstances) as readonly CircumstancesName[];
