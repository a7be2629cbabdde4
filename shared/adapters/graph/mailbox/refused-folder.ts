import { ItemRefusedError } from '../../../domain/errors.ts';
import type { FolderCreation } from '../../../ports/mail-target.ts';
import { shortTextWithoutAddresses } from '../../short-text.ts';
import { graphProblemOf } from '../graph-errors.ts';

/** A folder that Graph does not make; throws what is not the folder's fault. */
export function refusedFolder(path: readonly string[], error: unknown): FolderCreation {
  if (!(error instanceof ItemRefusedError)) throw error;
  const text = shortTextWithoutAddresses(graphProblemOf(error)?.message ?? error.message);
  return { outcome: 'refused', path, text };
}
