import { z } from 'zod';
import { ItemClass } from '../../domain/items/item-class.ts';
import { ItemRecord } from '../../domain/ledger.ts';
import type { CopyContext } from './copy-context.ts';
import type { KnownItem } from './known-item.ts';
import { readNamed, storeNamed } from './ledger.ts';
import type { PassPlan } from './pass-plan.ts';

const MovedItem = z.object({
  record: ItemRecord,
  target: z.object({
    id: z.string(),
    path: z.array(z.string()),
    selectable: z.boolean(),
    itemClass: ItemClass.optional(),
  }),
  uidValidity: z.int(),
  unnamed: z.boolean().optional(),
});

/** Items that are about to be moved at the target, into the folder of one page. */
const Move = z.object({
  /** The page that will name them where they come to be. */
  page: z.int(),
  /** Number of its folder in the plan, and that target folder's UIDNEXT before. */
  folder: z.int(),
  uidNext: z.int(),
  /** The target folder that they are in. */
  from: z.string(),
  /** With their UIDs there; where they are looked for later, this tells what they are. */
  items: z.array(MovedItem),
});
export type Move = z.infer<typeof Move>;

const Moves = z.array(Move);

type BegunMove = Omit<Move, 'items'> & { readonly items: readonly KnownItem[] };

export async function readMoves(context: CopyContext): Promise<readonly Move[]> {
  const { lease, services } = context;
  const key = lease.pair.pass?.moving ?? null;
  const moves = key === null ? [] : await readNamed(services.objects, key, Moves);
  // Pages are committed in order: what those below the cursor moved has a record.
  return moves.filter((move) => move.page >= lease.pass.cursor.page);
}

/** In place of the page of a move into a folder that is set aside: no page of this plan will name its items. */
const noPage = Number.MAX_SAFE_INTEGER;

/** Whether no page of this plan will name what is moved. */
export function isForNoPage({ page }: Move): boolean {
  return page === noPage;
}

/** The journal as it is to be when folders are set aside: of what was moved there, it alone tells. */
export async function keepMovesInto(
  context: CopyContext,
  plan: PassPlan,
  aside: ReadonlySet<number>,
): Promise<string | null> {
  const moves = await readMoves(context);
  const kept = moves.map((move) => (aside.has(move.folder) ? { ...move, page: noPage } : move));
  return kept.length === 0 ? null : await storeMoves(context, plan.prefix, kept);
}

async function storeMoves(
  { lease, services }: CopyContext,
  prefix: string,
  moves: readonly (Move | BegunMove)[],
): Promise<string> {
  return storeNamed(services.objects, `${prefix}/moving-${String(lease.pair.token)}`, moves);
}

/**
 * Moves at the target that were begun, and that no committed page names yet. A target without MOVE (RFC 6851) copies and
 * then removes; a worker that is killed in between leaves an item in two folders. So the intent is durable before the
 * first command, and whoever comes next looks for the copy, and removes the original instead of copying once more.
 */
export class MoveJournal {
  readonly #context: CopyContext;
  readonly #prefix: string;
  /** Of workers that were killed. */
  readonly #earlier: readonly Move[];
  #open: readonly (Move | BegunMove)[];

  private constructor(context: CopyContext, prefix: string, moves: readonly Move[]) {
    this.#context = context;
    this.#prefix = prefix;
    this.#earlier = moves;
    this.#open = moves;
  }

  static async open(context: CopyContext, plan: PassPlan): Promise<MoveJournal> {
    return new MoveJournal(context, plan.prefix, await readMoves(context));
  }

  /** The lowest UID that a copy may have whose making an earlier worker began; undefined: none did. */
  begunBefore(from: string, uid: number, folder: number): number | undefined {
    const moves = this.#earlier.filter((move) => move.from === from && move.folder === folder && isOf(move, uid));
    return moves.length === 0 ? undefined : Math.min(...moves.map((move) => move.uidNext));
  }

  /** Whether an earlier worker began to move an item to another folder than this one. */
  begunElsewhere(from: string, uid: number, folder: number): boolean {
    return this.#earlier.some((move) => move.from === from && move.folder !== folder && isOf(move, uid));
  }

  /** Resolves when the intent is durable. */
  async begin(move: BegunMove): Promise<void> {
    const { lease } = this.#context;
    this.#open = [...this.#open.filter(({ page }) => page >= lease.pass.cursor.page), move];
    const moving = await storeMoves(this.#context, this.#prefix, this.#open);
    await lease.update({ pass: { moving, lastSentAt: 0 } });
  }
}

function isOf({ items }: Move, uid: number): boolean {
  return items.some(({ record }) => record.target === uid);
}
