import { createHash } from 'node:crypto';
import type { PracticeFolder, PracticeItem, PracticeMailbox } from '../exchange/practice-mailbox.ts';
import { isSameName } from '../exchange/same-name.ts';

/** What a path below a mailbox leads to. */
export type Resource =
  | { readonly kind: 'root' }
  | { readonly kind: 'folder'; readonly folder: PracticeFolder }
  | { readonly kind: 'item'; readonly item: PracticeItem };

const flat = '-FlatUrlSpace-';

/** Which name stands for which folder and item of one mailbox, as in the addresses of Outlook Web Access. */
export class StoreNames {
  readonly #mailbox: PracticeMailbox;
  /** By item id; a name stays what it was when the item came. */
  readonly #items = new Map<string, string>();
  /** Item ids by the last segment of their permanent URLs. */
  readonly #permanentNames = new Map<string, string>();

  constructor(mailbox: PracticeMailbox) {
    this.#mailbox = mailbox;
  }

  /** Names from the mailbox's root to a folder; none for its root. */
  folderSegments(folder: PracticeFolder): readonly string[] {
    const top = this.#mailbox.wellKnown('msgfolderroot')?.id;
    const segments: string[] = [];
    for (let next: PracticeFolder | undefined = folder; next !== undefined && next.id !== top;) {
      segments.unshift(inUrl(next.name));
      next = this.#mailbox.folder(next.parent);
    }
    return segments;
  }

  itemSegments(item: PracticeItem): readonly string[] {
    const folder = this.#mailbox.folder(item.folder);
    return [...(folder === undefined ? [] : this.folderSegments(folder)), this.#nameOf(item)];
  }

  permanentSegments(item: PracticeItem): readonly string[] {
    return [flat, `${shortHash(item.folder)}-1`, `${shortHash(item.id)}-2`];
  }

  /** Decoded segments below the mailbox's root; undefined: there is nothing. */
  find(segments: readonly string[]): Resource | undefined {
    if (segments.length === 0) return { kind: 'root' };
    if (segments[0] === flat) {
      const item = this.#permanent(segments[2] ?? '');
      return item === undefined ? undefined : { kind: 'item', item };
    }
    let parent = this.#mailbox.wellKnown('msgfolderroot')?.id;
    for (const [at, segment] of segments.entries()) {
      const folder = this.#mailbox.folders.find(
        (candidate) => candidate.parent === parent && isSameName(inUrl(candidate.name), segment),
      );
      if (folder === undefined && at === segments.length - 1) return this.#itemNamed(parent ?? '', segment);
      if (folder === undefined) return undefined;
      if (at === segments.length - 1) return { kind: 'folder', folder };
      parent = folder.id;
    }
    return undefined;
  }

  #itemNamed(folder: string, name: string): Resource | undefined {
    const item = this.#mailbox.items(folder).find((candidate) => isSameName(this.#nameOf(candidate), name));
    return item === undefined ? undefined : { kind: 'item', item };
  }

  #permanent(name: string): PracticeItem | undefined {
    const known = this.#permanentNames.get(name);
    if (known !== undefined) return this.#mailbox.item(known);
    for (const { id } of this.#mailbox.folders.flatMap((folder) => this.#mailbox.items(folder.id)))
      this.#permanentNames.set(`${shortHash(id)}-2`, id);
    return this.#mailbox.item(this.#permanentNames.get(name) ?? '');
  }

  #nameOf(item: PracticeItem): string {
    const known = this.#items.get(item.id);
    if (known !== undefined) return known;
    const subject = inUrl(item.subject ?? 'No Subject');
    const taken = new Set(
      this.#mailbox.items(item.folder).flatMap(({ id }) => this.#items.get(id)?.toLowerCase() ?? []),
    );
    let name = `${subject}.EML`;
    for (let copy = 2; taken.has(name.toLowerCase()); copy += 1) name = `${subject}-${String(copy)}.EML`;
    this.#items.set(item.id, name);
    return name;
  }
}

export function shortHash(text: string): string {
  return createHash('sha1').update(text).digest('hex').slice(0, 20);
}

/** Characters that mean something in a path become private ones of Exchange, written out (MS-XWDVSEC knows them so too). */
function inUrl(name: string): string {
  return name
    .replaceAll('~', '_xF8FE_')
    .replaceAll('/', '_xF8FF_')
    .replaceAll('?', '_x003F_')
    .replaceAll('\\', '_xF8FC_');
}
