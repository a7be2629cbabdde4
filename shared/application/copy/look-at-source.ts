import { inCopyOrder } from '../../domain/folder-mapping.ts';
import { folderSelection } from '../../domain/folder-pattern.ts';
import type { LedgerIndex } from '../../domain/ledger-index.ts';
import type { FolderState, SourceFolder } from '../../domain/mail.ts';
import type { ListedFolders } from '../../ports/mail-source.ts';
import type { CopyContext } from './copy-context.ts';

/** Of source folders that can be selected. */
export type SourceStates = ReadonlyMap<SourceFolder, FolderState | 'missing'>;

/** The source's folders as they were at one moment, or nearly. */
export interface SourceLook {
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  /** What is to be copied, in that order. */
  readonly chosen: readonly SourceFolder[];
  readonly states: SourceStates;
}

/** What of a list is to be copied, in that order, and what is not. */
export function choose({ options }: CopyContext, listed: ListedFolders): Omit<SourceLook, 'states'> {
  const selected = folderSelection(options, listed.folders);
  const excluded = listed.folders.filter((folder) => folder.selectable && !selected(folder.path));
  return {
    chosen: inCopyOrder(listed.folders.filter((folder) => selected(folder.path))),
    leftOut: [...listed.leftOut, ...excluded.map(({ path }) => ({ name: path.join('/'), reason: 'excluded' }))],
  };
}

/** Looks again: what was renamed between the list and the states shows in neither. */
export async function lookAgain(context: CopyContext, previous: LedgerIndex): Promise<SourceLook> {
  const chosen = choose(context, await context.source.listFolders(context.target.profile.classes));
  return { ...chosen, states: await statesAtSource(context, chosen.chosen, previous) };
}

/** True: two looks showed the same folders under the same names. */
export function isSameLook(one: SourceLook, other: SourceLook): boolean {
  const namesOf = ({ chosen, states }: SourceLook): string =>
    chosen
      .map((folder) => JSON.stringify([folder.id, validityOf(states.get(folder)), mailboxIdOf(folder, states)]))
      .join();
  return namesOf(one) === namesOf(other);
}

function validityOf(state: FolderState | 'missing' | undefined): number | undefined {
  return state === 'missing' ? undefined : state?.uidValidity;
}

/** The identifier that a folder keeps whatever it is called (RFC 8474 MAILBOXID), where the source tells one. */
export function mailboxIdOf(folder: SourceFolder, states: SourceStates): string | undefined {
  const state = states.get(folder);
  return (state === 'missing' ? undefined : state?.mailboxId) ?? folder.mailboxId;
}

/**
 * What a folder does not show as changed since the previous pass is not looked at. A server answers for one folder after
 * the other: what is moved between two answers shows where it came, and not where it left. So where something came, those
 * that seem unchanged are asked once more.
 */
export async function statesAtSource(
  { source }: CopyContext,
  chosen: readonly SourceFolder[],
  previous: LedgerIndex | null,
): Promise<SourceStates> {
  const folders = chosen.filter(({ selectable }) => selectable);
  const states = [...(await source.folderStates(folders))];
  // Without HIGHESTMODSEQ every folder is looked at.
  const known = new Set(previous?.folders.flatMap(({ state }) => stateKey(state) ?? []));
  const reached = new Map(previous?.folders.map(({ source: { id }, state }) => [id, reachKey(state)]));
  let asked = [...folders.keys()];
  let hasCome = previous !== null && folders.some(({ id }, at) => reachKey(states[at]) !== reached.get(id));
  while (hasCome) {
    asked = asked.filter((at) => known.has(stateKey(states[at]) ?? ''));
    const again = await source.folderStates(asked.flatMap((at) => folders[at] ?? []));
    hasCome = asked.some((at, nth) => reachKey(again[nth]) !== reachKey(states[at]));
    for (const [nth, at] of asked.entries()) states[at] = again[nth] ?? 'missing';
  }
  return new Map(folders.map((folder, at) => [folder, states[at] ?? 'missing']));
}

function stateKey(state: FolderState | 'missing' | undefined): string | undefined {
  if (state === undefined || state === 'missing' || state.highestModSeq === undefined) return undefined;
  return [reachKey(state), state.messages, state.highestModSeq].join(' ');
}

function reachKey(state: FolderState | 'missing' | undefined): string {
  return state === undefined || state === 'missing' ? '' : `${String(state.uidValidity)} ${String(state.uidNext)}`;
}
