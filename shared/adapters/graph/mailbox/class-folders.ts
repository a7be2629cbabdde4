import { z } from 'zod';
import type { FolderCreation, TargetFolder } from '../../../ports/mail-target.ts';
import { graphPath } from '../graph-path.ts';
import type { EntityClass } from './entity-kinds.ts';
import type { OpenMailbox } from './open-mailbox.ts';
import { refusedFolder } from './refused-folder.ts';

/** Folders of a class lie beside each other at Graph; the names of those above stand in front, with this between. */
const between = ' / ';

/** The id of a folder that Graph reaches without one: that of the mailbox's own contacts. */
const ownFolder = 'own';

export const entityClasses: readonly EntityClass[] = ['contacts', 'calendar', 'tasks', 'notes'];

/** `calendar:AAMk…`: tells the class from the id alone. Undefined: a folder of mail. */
export function classOfId(id: string): { readonly itemClass: EntityClass; readonly folder: string } | undefined {
  const itemClass = entityClasses.find((candidate) => id.startsWith(`${candidate}:`));
  return itemClass === undefined ? undefined : { itemClass, folder: id.slice(itemClass.length + 1) };
}

/** Path of the items of a folder. */
export function itemsPath(user: string, itemClass: EntityClass, folder: string): string {
  switch (itemClass) {
    case 'contacts':
      return folder === ownFolder
        ? graphPath`/users/${user}/contacts`
        : graphPath`/users/${user}/contactFolders/${folder}/contacts`;
    case 'calendar':
      return graphPath`/users/${user}/calendars/${folder}/events`;
    case 'tasks':
      return graphPath`/users/${user}/todo/lists/${folder}/tasks`;
    case 'notes':
      return graphPath`/users/${user}/mailFolders/${folder}/messages`;
  }
}

const ContactFolder = z.object({ id: z.string(), displayName: z.string() });
const Calendar = z.object({
  id: z.string(),
  name: z.string(),
  isDefaultCalendar: z.boolean().nullish(),
  canEdit: z.boolean().nullish(),
});
const TaskList = z.object({
  id: z.string(),
  displayName: z.string(),
  wellknownListName: z.string().nullish(),
  isOwner: z.boolean().nullish(),
});

export async function listClassFolders(
  { client, user }: OpenMailbox,
  itemClass: EntityClass,
): Promise<readonly TargetFolder[]> {
  const folder = (id: string, name: string, isOwn: boolean): TargetFolder => ({
    id: `${itemClass}:${id}`,
    path: name.split(between),
    selectable: true,
    itemClass,
    ...(isOwn ? { role: itemClass } : {}),
  });
  switch (itemClass) {
    case 'contacts': {
      const below = await client.all(graphPath`/users/${user}/contactFolders?$top=100`, ContactFolder);
      return [
        folder(ownFolder, 'Contacts', true),
        ...below.map(({ id, displayName }) => folder(id, displayName, false)),
      ];
    }
    case 'calendar': {
      const calendars = await client.all(graphPath`/users/${user}/calendars?$top=100`, Calendar);
      return calendars
        .filter(({ canEdit }) => canEdit !== false)
        .map(({ id, name, isDefaultCalendar }) => folder(id, name, isDefaultCalendar === true));
    }
    case 'tasks': {
      const lists = await client.all(graphPath`/users/${user}/todo/lists?$top=100`, TaskList);
      return lists
        .filter(({ isOwner, wellknownListName }) => isOwner !== false && wellknownListName !== 'flaggedEmails')
        .map(({ id, displayName, wellknownListName }) => folder(id, displayName, wellknownListName === 'defaultList'));
    }
    case 'notes': {
      const notes = await client.get(graphPath`/users/${user}/mailFolders/notes`, ContactFolder);
      return [folder(notes.id, notes.displayName, true)];
    }
  }
}

/** Two of the same name could be made, so that the one that is there has to be found first. */
export async function createClassFolders(
  mailbox: OpenMailbox,
  itemClass: EntityClass,
  paths: readonly (readonly string[])[],
): Promise<readonly FolderCreation[]> {
  const known = await listClassFolders(mailbox, itemClass);
  const byName = new Map(known.map((folder) => [keyOf(folder.path), folder]));
  const creations: FolderCreation[] = [];
  for (const path of paths) {
    const there = byName.get(keyOf(path));
    if (there !== undefined) {
      creations.push({ outcome: 'exists', folder: there });
      continue;
    }
    const creation = await create(mailbox, itemClass, path);
    if (creation.outcome !== 'refused') byName.set(keyOf(path), creation.folder);
    creations.push(creation);
  }
  return creations;
}

function keyOf(path: readonly string[]): string {
  return path.join(between).toLowerCase();
}

async function create(
  { client, user }: OpenMailbox,
  itemClass: EntityClass,
  path: readonly string[],
): Promise<FolderCreation> {
  if (itemClass === 'notes') return { outcome: 'refused', path, text: 'A mailbox has one folder of notes.' };
  const name = path.join(between);
  const [address, body] = {
    contacts: [graphPath`/users/${user}/contactFolders`, { displayName: name }] as const,
    calendar: [graphPath`/users/${user}/calendars`, { name }] as const,
    tasks: [graphPath`/users/${user}/todo/lists`, { displayName: name }] as const,
  }[itemClass];
  try {
    const { id } = await client.post(address, body, z.object({ id: z.string() }));
    return { outcome: 'created', folder: { id: `${itemClass}:${id}`, path, selectable: true, itemClass } };
  } catch (error) {
    return refusedFolder(path, error);
  }
}

export async function renameClassFolder(
  { client, user }: OpenMailbox,
  folder: TargetFolder,
  to: readonly string[],
): Promise<TargetFolder> {
  const place = classOfId(folder.id);
  if (place === undefined || place.itemClass === 'notes' || place.folder === ownFolder) return folder;
  const name = to.join(between);
  const { itemClass, folder: id } = place;
  const [address, body] = {
    contacts: [graphPath`/users/${user}/contactFolders/${id}`, { displayName: name }] as const,
    calendar: [graphPath`/users/${user}/calendars/${id}`, { name }] as const,
    tasks: [graphPath`/users/${user}/todo/lists/${id}`, { displayName: name }] as const,
  }[itemClass];
  await client.patch(address, body, z.unknown());
  return { ...folder, path: to };
}
