import { ItemRefusedError } from '../../../domain/errors.ts';
import { readItemEntity, type ItemEntity } from '../../../domain/items/item-entity.ts';

/** The item that is to be written into a folder of no mail. ItemRefusedError where it is mail, or cannot be read. */
export function entityOf(octets: Buffer): ItemEntity {
  const entity = read(octets);
  if (entity !== null) return entity;
  throw new ItemRefusedError({
    code: 'ITEM_REFUSED',
    message: 'Graph takes no item of this form into a folder of this kind.',
  });
}

function read(octets: Buffer): ItemEntity | null {
  try {
    return readItemEntity(octets);
  } catch (error) {
    throw new ItemRefusedError({ code: 'ITEM_REFUSED', message: 'The item cannot be read.', cause: error });
  }
}
