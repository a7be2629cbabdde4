import { ConflictError } from '../../domain/errors.ts';
import type { FolderState, ItemListing, SourceFolder } from '../../domain/mail.ts';
import type { FolderChanges, SourceMailbox } from '../../ports/mail-source.ts';
import { at } from '../exchange-http/connection-errors.ts';
import { Turns } from '../turns.ts';
import type { ItemMap } from './item-map.ts';
import type { ItemMapStore } from './item-map-store.ts';
import { KeptMaps } from './kept-maps.ts';

/** Rounds in which folders are looked at: somebody who works all the time must not keep us for ever. */
const mostRounds = 4;

export interface MappedMailboxFacts {
  readonly host: string;
  readonly emailAddress: string;
  readonly maps: ItemMapStore;
}

/** A source mailbox that answers from the item maps of its folders: as of the last look at each. */
export abstract class MappedMailbox implements Pick<
  SourceMailbox,
  'identity' | 'stableOctets' | 'listItems' | 'changesSince'
> {
  readonly identity: string;
  readonly stableOctets = false;
  protected readonly maps: ItemMapStore;
  readonly #host: string;
  readonly #kept: KeptMaps;
  /** Looks at folders go one after the other: each may go on with the same map. */
  readonly #looks = new Turns();
  /** A page is read by several requests: those of the next one must not come between. */
  readonly #readings = new Turns();

  constructor({ host, emailAddress, maps }: MappedMailboxFacts) {
    this.identity = `exchange://${host.toLowerCase()}/${emailAddress.toLowerCase()}`;
    this.maps = maps;
    this.#host = host;
    this.#kept = new KeptMaps(maps);
  }

  listItems(
    folder: SourceFolder,
    { uidValidity, from, to }: { readonly uidValidity: number; readonly from: number; readonly to: number },
  ): Promise<readonly ItemListing[]> {
    return this.inTurn(async () => (await this.mapOf(folder, uidValidity)).list(from, to));
  }

  changesSince(folder: SourceFolder, known: FolderState): Promise<FolderChanges> {
    return this.inTurn(async () => (await this.mapOf(folder, known.uidValidity)).changesSince(known));
  }

  /**
   * `look` brings the map of a folder up to what the server has; `missing`: there is no such folder.
   *
   * Folders are looked at one after the other, and their users move messages meanwhile: one that left a folder that was
   * looked at already would be known in two, and be copied twice. So where something came or went they are looked at once
   * more, until nothing did: then what was found before was true of all of them at one moment. Not where nothing is known
   * of any of them yet, since then nothing can have been moved.
   */
  protected states(
    folders: readonly SourceFolder[],
    look: (folder: SourceFolder) => Promise<ItemMap | 'missing'>,
  ): Promise<readonly (FolderState | 'missing')[]> {
    return this.inTurn(async () => {
      for (let round = 1; ; round += 1) {
        const states: (FolderState | 'missing')[] = [];
        let hasMoved = false;
        let isKnown = false;
        for (const folder of folders) {
          const map = await look(folder);
          if (map === 'missing') {
            states.push('missing');
            continue;
          }
          this.#kept.keep(map);
          states.push(map.state());
          hasMoved ||= map.hasMoved;
          isKnown ||= map.wasKnown;
        }
        if (!hasMoved || !isKnown || folders.length === 1 || round === mostRounds) return states;
      }
    });
  }

  /** Looks up what a page needs, and reads it; the next page is read behind it. */
  protected read<Page, Result>(look: () => Promise<Page>, read: (page: Page) => Promise<Result>): Promise<Result> {
    return this.#readings.take(async () => read(await this.inTurn(look)));
  }

  /** As of the last look at the folder's state, in this slice or an earlier one; asked for in one's turn. */
  protected async mapOf({ mailboxId }: SourceFolder, uidValidity: number): Promise<ItemMap> {
    const map = mailboxId === undefined ? undefined : await this.#kept.get(mailboxId, uidValidity);
    if (map === undefined) throw this.changed();
    return map;
  }

  protected changed(): ConflictError {
    const message = at(this.#host, 'a folder is not the one that it was.');
    return new ConflictError({ code: 'FOLDER_CHANGED', message });
  }

  protected inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#looks.take(work);
  }
}
