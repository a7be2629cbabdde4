import type { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import type { OnlineItem } from '../../../simulator/exchange-online/store/online-item.ts';
import type { PracticeOrganisation } from '../../../simulator/practice-organisation.ts';

/**
 * What the two sides of the practice organisation hold themselves, without the product's help: every item that is there
 * more or less often than before, new mail that is not forwarded, an absence that is not told any more, and what went out to people.
 */
export function compareOrganisation(company: PracticeOrganisation): readonly string[] {
  const { addresses, exchange, online } = company;
  const differences: string[] = [];
  for (const [index, address] of addresses.entries()) {
    const source = exchange.mailboxes[index];
    const before = tally(source === undefined ? [] : sourceItems(source));
    const after = tally(online.mailbox(address).items().map(keyOf));
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      const [there, here] = [before.get(key) ?? 0, after.get(key) ?? 0];
      if (there !== here) differences.push(`${address}: ${key}: ${String(there)} before, ${String(here)} after`);
    }
    const [set, kept] = [source?.outOfOffice.state ?? 'Disabled', repliesAt(company, address)];
    if (statuses[set] !== kept) differences.push(`${address}: out of office is ${set} before, ${kept} after`);
    if (company.forwardingOf(address) === null) differences.push(`${address}: new mail is not forwarded`);
  }
  if (online.invitations.length > 0) differences.push(`${String(online.invitations.length)} invitations were sent`);
  return differences;
}

/** automaticRepliesStatus of Graph, for OofState of EWS. */
const statuses = { Disabled: 'disabled', Enabled: 'alwaysEnabled', Scheduled: 'scheduled' } as const;

function repliesAt({ online }: PracticeOrganisation, address: string): string {
  const { automaticRepliesSetting: replies } = online.mailbox(address).settings;
  const status = typeof replies === 'object' && replies !== null && 'status' in replies ? replies.status : 'disabled';
  return typeof status === 'string' ? status : 'disabled';
}

const kinds: Readonly<Record<string, string>> = {
  'IPM.Contact': 'contact',
  'IPM.DistList': 'contact',
  'IPM.Appointment': 'event',
  'IPM.Task': 'task',
};

function sourceItems(mailbox: PracticeMailbox): readonly string[] {
  return mailbox.folders.flatMap(({ id }) =>
    mailbox.items(id).map((item) => {
      const itemClass = item.itemClass ?? '';
      if (item.content !== undefined) return kinds[itemClass] ?? itemClass;
      return messageIdOf(item.mime().toString('latin1'));
    }),
  );
}

function keyOf({ kind, properties, single }: OnlineItem): string {
  if (kind !== 'message') return kind;
  const { internetMessageId } = properties;
  if ([...single.values()].includes('IPM.StickyNote')) return 'IPM.StickyNote';
  return messageIdOf(`Message-ID: ${typeof internetMessageId === 'string' ? internetMessageId : ''}\n`);
}

function messageIdOf(mime: string): string {
  const header = mime.split(/\r?\n\r?\n/, 1)[0] ?? '';
  const id = /^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^>\r\n]+>)/im.exec(`${header}\n`)?.[1];
  // Exchange Online gives a message one that has none.
  return id === undefined || id.endsWith('@practice.exchange.test>') ? 'message without Message-ID' : `message ${id}`;
}

function tally(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
