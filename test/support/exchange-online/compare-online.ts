import { createHash } from 'node:crypto';
import { deliveryTime, isDraft } from '../../../simulator/exchange-online/routes/message-view.ts';
import type { OnlineFolder } from '../../../simulator/exchange-online/store/online-folder.ts';
import type { OnlineItem } from '../../../simulator/exchange-online/store/online-item.ts';
import type { OnlineMailbox } from '../../../simulator/exchange-online/store/online-mailbox.ts';
import type { GeneratedMailbox, GeneratedMessage } from '../mail/generated-mailbox.ts';

/**
 * What differs between a mailbox as it was generated and one of the practice Exchange Online, one sentence a difference:
 * each message by its folder, Message-ID, time of receipt, flags and attached octets, as often as it is there.
 */
export function compareOnline(generated: GeneratedMailbox, online: OnlineMailbox): readonly string[] {
  const before = generated.folders.flatMap(({ path, messages }) =>
    messages.map((message) => `${folderName(path)}: ${describeGenerated(message)}`),
  );
  const after = online
    .items()
    .map((item) => `${folderName(pathOf(online.folder(item.folder), online))}: ${describeOnline(item)}`);
  const [there, here] = [tally(before), tally(after)];
  return [...new Set([...there.keys(), ...here.keys()])]
    .filter((key) => there.get(key) !== here.get(key))
    .map((key) => `${key}: ${String(there.get(key) ?? 0)} before, ${String(here.get(key) ?? 0)} after`);
}

/** Folders that every mailbox has, by the name that mail programs give them. */
const own: Readonly<Record<string, string>> = {
  INBOX: 'Inbox',
  Sent: 'Sent Items',
  Trash: 'Deleted Items',
  Junk: 'Junk Email',
};

function folderName([first = '', ...rest]: readonly string[]): string {
  return [own[first] ?? first, ...rest].join('/');
}

function pathOf(folder: OnlineFolder, mailbox: OnlineMailbox): readonly string[] {
  if (folder.id === mailbox.root.id) return [];
  return [...pathOf(mailbox.folder(folder.parent), mailbox), folder.name];
}

function describeGenerated({ stored, internalDate, flags }: GeneratedMessage): string {
  const mime = stored().toString('latin1');
  const id = /^message-id:\s*(\S+)/im.exec(mime)?.[1] ?? '';
  const attached = /Content-Transfer-Encoding: base64\n\n([^-]*)\n--/.exec(mime)?.[1];
  return described({
    id,
    received: internalDate.toISOString(),
    flags: ['\\Seen', '\\Flagged', '\\Draft'].filter((flag) => flags.some((one) => one === flag)),
    attached: attached === undefined ? [] : [Buffer.from(attached, 'base64')],
  });
}

function describeOnline(item: OnlineItem): string {
  const { properties, single, attachments } = item;
  const { internetMessageId, isRead, flag } = properties;
  const isFlagged = JSON.stringify(flag ?? {}).includes('"flagged"');
  return described({
    id: typeof internetMessageId === 'string' ? internetMessageId : '',
    received: new Date(single.get(deliveryTime) ?? '').toISOString(),
    flags: [
      ...(isRead === true ? ['\\Seen'] : []),
      ...(isFlagged ? ['\\Flagged'] : []),
      ...(isDraft(item) ? ['\\Draft'] : []),
    ],
    attached: attachments.map(({ content }) => content),
  });
}

function described(message: {
  readonly id: string;
  readonly received: string;
  readonly flags: readonly string[];
  readonly attached: readonly Buffer[];
}): string {
  const digests = message.attached.map((octets) => createHash('sha256').update(octets).digest('hex').slice(0, 12));
  return [message.id, message.received, ...message.flags, ...digests].join(' ');
}

function tally(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
