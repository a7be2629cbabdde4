import type { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { canonicalForm } from '../../../shared/domain/item-digest.ts';
import type { GeneratedMailbox } from '../mail/generated-mailbox.ts';

/** Puts generated mail into a mailbox of the practice Exchange. Exchange has no keywords and no \Deleted. */
export function fillExchange(mailbox: PracticeMailbox, generated: GeneratedMailbox): void {
  const made = new Map<string, string>();
  for (const folder of generated.folders) {
    const id = folderOf(mailbox, folder.path, made);
    for (const message of folder.messages) {
      mailbox.addItem(id, {
        mime: () => canonicalForm(message.stored()),
        received: message.internalDate,
        read: message.flags.includes('\\Seen'),
        draft: message.flags.includes('\\Draft'),
        flagged: message.flags.includes('\\Flagged'),
        ...(message.flags.includes('\\Answered') ? { verb: 102 } : {}),
      });
    }
  }
}

function folderOf(mailbox: PracticeMailbox, path: readonly string[], made: Map<string, string>): string {
  const known = made.get(path.join('\0'));
  if (known !== undefined) return known;
  const name = path.at(-1) ?? '';
  const id =
    path.length === 1 && name === 'INBOX'
      ? mailbox.wellKnown('inbox')?.id
      : mailbox.addFolder(name, path.length === 1 ? {} : { parent: folderOf(mailbox, path.slice(0, -1), made) }).id;
  made.set(path.join('\0'), id ?? '');
  return id ?? '';
}
