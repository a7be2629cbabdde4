import { z } from 'zod';
import type { FolderRole } from '../../../domain/mail.ts';
import type { FolderCreation, TargetFolder } from '../../../ports/mail-target.ts';
import { graphProblemOf, isNotFound } from '../graph-errors.ts';
import { graphPath } from '../graph-path.ts';
import { ItemRefusedError } from '../../../domain/errors.ts';
import type { OpenMailbox } from './open-mailbox.ts';
import { refusedFolder } from './refused-folder.ts';

const MailFolder = z.object({
  id: z.string(),
  displayName: z.string(),
  childFolderCount: z.number().nullish(),
  totalItemCount: z.number().nullish(),
  isHidden: z.boolean().nullish(),
});
type MailFolder = z.infer<typeof MailFolder>;

/** Names by which Graph knows a mailbox's own folders in any language, and what they are for. */
const wellKnown: readonly (readonly [name: string, role: FolderRole | undefined])[] = [
  ['inbox', 'inbox'],
  ['sentitems', 'sent'],
  ['drafts', 'drafts'],
  ['deleteditems', 'trash'],
  ['junkemail', 'junk'],
  ['archive', 'archive'],
  // Folders of the program that reads mail: nothing is written to them.
  ['outbox', undefined],
  ['syncissues', undefined],
  ['conversationhistory', undefined],
];
const select = '$select=id,displayName,childFolderCount,totalItemCount,isHidden';

/** Every folder of mail, hidden ones left out: their owners never see what is in them. */
export async function listMailFolders({ client, user }: OpenMailbox): Promise<readonly TargetFolder[]> {
  const roles = await rolesById({ client, user });
  const folders: TargetFolder[] = [];
  const visit = async (parent: string | undefined, path: readonly string[]): Promise<void> => {
    const below =
      parent === undefined
        ? graphPath`/users/${user}/mailFolders`
        : graphPath`/users/${user}/mailFolders/${parent}/childFolders`;
    const children = await client.all(`${below}?${select}&$top=250`, MailFolder);
    const withChildren: Promise<void>[] = [];
    for (const child of children) {
      const role = roles.get(child.id);
      if (role === 'left-out') continue;
      const folder = targetFolder(child, path, role);
      folders.push(folder);
      if ((child.childFolderCount ?? 0) > 0) withChildren.push(visit(child.id, folder.path));
    }
    await Promise.all(withChildren);
  };
  await visit(undefined, []);
  return folders;
}

function targetFolder({ id, displayName }: MailFolder, parent: readonly string[], role?: FolderRole): TargetFolder {
  const name = role === 'inbox' ? 'INBOX' : displayName;
  return { id, path: [...parent, name], selectable: true, ...(role === undefined ? {} : { role }) };
}

async function rolesById({ client, user }: OpenMailbox): Promise<ReadonlyMap<string, FolderRole | 'left-out'>> {
  const outcomes = await client.batch(
    wellKnown.map(([name]) => ({ method: 'GET', path: `${graphPath`/users/${user}/mailFolders/${name}`}?$select=id` })),
    'parallel',
  );
  const roles = new Map<string, FolderRole | 'left-out'>();
  for (const [at, outcome] of outcomes.entries()) {
    if (outcome.outcome === 'failed') {
      // Not every mailbox has every one of them.
      if (isNotFound(outcome.error) || outcome.error instanceof ItemRefusedError) continue;
      throw outcome.error;
    }
    const found = outcome.outcome === 'ok' ? z.object({ id: z.string() }).parse(outcome.body) : undefined;
    if (found !== undefined) roles.set(found.id, wellKnown[at]?.[1] ?? 'left-out');
  }
  return roles;
}

/** `siblings`: what is there. Parents come into being with their children; what is there already is success. */
export async function createMailFolder(
  { client, user }: OpenMailbox,
  path: readonly string[],
  known: ReadonlyMap<string, TargetFolder>,
): Promise<FolderCreation> {
  let parent: TargetFolder | undefined;
  let made = false;
  for (let depth = 1; depth <= path.length; depth += 1) {
    const part = path.slice(0, depth);
    const there = known.get(folderKey(part));
    if (there !== undefined) {
      parent = there;
      continue;
    }
    try {
      const child = await makeChild({ client, user }, parent?.id, part.at(-1) ?? '');
      made ||= child.isNew;
      parent = targetFolder(child.folder, part.slice(0, -1));
    } catch (error) {
      return refusedFolder(path, error);
    }
  }
  if (parent === undefined) return { outcome: 'refused', path, text: 'A folder needs a name.' };
  return { outcome: made ? 'created' : 'exists', folder: { ...parent, path } };
}

/** Names that differ only in case are one folder to Exchange. */
export function folderKey(path: readonly string[]): string {
  return path.join('\0').toLowerCase();
}

async function makeChild(
  { client, user }: OpenMailbox,
  parent: string | undefined,
  name: string,
): Promise<{ readonly folder: MailFolder; readonly isNew: boolean }> {
  const below =
    parent === undefined
      ? graphPath`/users/${user}/mailFolders`
      : graphPath`/users/${user}/mailFolders/${parent}/childFolders`;
  try {
    // Made twice it is refused the second time: that one is found below.
    const folder = await client.post(below, { displayName: name, isHidden: false }, MailFolder, { isRepeatable: true });
    return { folder, isNew: true };
  } catch (error) {
    if (graphProblemOf(error)?.says('ErrorFolderExists') !== true) throw error;
    const siblings = await client.all(`${below}?${select}&includeHiddenFolders=true&$top=250`, MailFolder);
    const same = siblings.find((sibling) => folderKey([sibling.displayName]) === folderKey([name.trim()]));
    if (same === undefined) throw error;
    const isShown = same.isHidden !== true && (await rolesById({ client, user })).get(same.id) !== 'left-out';
    if (isShown) return { folder: same, isNew: false };
    // Its owner would never see what is in there.
    const message = `${client.host} (target): a folder of this name is there already, and is not shown.`;
    throw new ItemRefusedError({ code: 'FOLDER_REFUSED', message });
  }
}

export async function renameMailFolder(
  { client, user }: OpenMailbox,
  folder: TargetFolder,
  to: { readonly path: readonly string[]; readonly parent: string | undefined; readonly isMoved: boolean },
): Promise<TargetFolder> {
  const path = graphPath`/users/${user}/mailFolders/${folder.id}`;
  if (to.isMoved) {
    const destinationId = to.parent ?? 'msgfolderroot';
    await client.post(`${path}/move`, { destinationId }, z.unknown(), { isRepeatable: true });
  }
  await client.patch(path, { displayName: to.path.at(-1) ?? '' }, z.unknown());
  return { ...folder, path: to.path };
}

/** How many items each folder has; `missing` where it is gone. */
export async function countItems(
  { client, user }: OpenMailbox,
  ids: readonly string[],
): Promise<readonly (number | 'missing')[]> {
  const outcomes = await client.batch(
    ids.map((id) => ({
      method: 'GET',
      path: `${graphPath`/users/${user}/mailFolders/${id}`}?$select=id,totalItemCount`,
    })),
    'parallel',
  );
  return outcomes.map((outcome) => {
    if (outcome.outcome === 'ok') return MailFolderCount.parse(outcome.body).totalItemCount;
    if (outcome.outcome === 'failed' && !isMissing(outcome.error)) throw outcome.error;
    return 'missing';
  });
}

const MailFolderCount = z.object({ totalItemCount: z.number() });

/** A folder of another protocol (the mailbox was written over IMAP before) has an id that Graph calls malformed. */
function isMissing(error: unknown): boolean {
  return isNotFound(error) || graphProblemOf(error)?.says('ErrorInvalidIdMalformed', 'ErrorInvalidId') === true;
}
