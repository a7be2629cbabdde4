import type { NewItem, PracticeItem, PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import type { DovecotServer } from '../dovecot/dovecot-server.ts';

/** A message that is known by its id everywhere; the number in it says when it was received. */
export function addMail(
  mailbox: PracticeMailbox,
  folder: string,
  id: string,
  more: Partial<NewItem> = {},
): PracticeItem {
  const text = `Message-ID: <${id}@x>\r\nFrom: a@x\r\nSubject: ${id}\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\n\r\n${id}\r\n`;
  const received = new Date(1.6e12 + Number(/\d+/.exec(id)?.[0] ?? 0) * 1000);
  return mailbox.addItem(folder, { mime: () => Buffer.from(text), received, subject: id, ...more });
}

/** A draft without a Message-ID, as drafts may be. */
export function addDraft(mailbox: PracticeMailbox): void {
  mailbox.addItem(wellKnown(mailbox, 'drafts'), {
    mime: () => Buffer.from('From: a@x\r\nSubject: draft\r\n\r\nDraft\r\n'),
    received: new Date(1.6e12),
    draft: true,
  });
}

export function wellKnown(mailbox: PracticeMailbox, name: string): string {
  const folder = mailbox.wellKnown(name);
  if (folder === undefined) throw new Error(`This mailbox has no folder ${name}.`);
  return folder.id;
}

/** Ids of such messages at a Dovecot, by folder. */
export async function idsAt(server: DovecotServer, user: string): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  const listed = await server.doveadm(['fetch', '-u', user, 'mailbox hdr.message-id', 'all']);
  for (const [, path = '', id = ''] of listed.matchAll(/mailbox: (.*)\nhdr\.message-id: <(.*)@x>/g)) {
    found[path] = [...(found[path] ?? []), id].sort();
  }
  return found;
}
