import type { Account, NewMessage } from '../../scripted-imap-server/account.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A message of its own by number; every seventh has no Message-ID, every fifth 8-bit text. */
export function message(number: number, bytes = 300): NewMessage {
  const id = number % 7 === 0 ? '' : `Message-ID: <${String(number)}@contoso.test>\r\n`;
  const word = number % 5 === 0 ? 'Grüße aus Köln' : 'Regards from Cologne';
  const head = `From: a@contoso.test\r\nTo: b@contoso.test\r\nSubject: number ${String(number)}\r\nDate: Fri, 17 Jul 2020 02:44:25 +0000\r\n${id}\r\n${word} ${String(number)}\r\n`;
  const line = 'The quick brown fox jumps over the lazy dog, again and again.\r\n';
  const octets = Buffer.from(head + line.repeat(Math.max(0, Math.ceil((bytes - head.length) / line.length))));
  const day = String(1 + (number % 28)).padStart(2, '0');
  const flags = ['\\Seen', '\\Flagged', '$Forwarded'].filter((_, at) => (number >> at) % 2 === 1);
  return { octets, internalDate: `${day}-${months[number % 12] ?? 'Jan'}-2019 10:20:30 +0000`, flags };
}

/** Several folders and pages, an empty folder, gaps between UIDs, and a message that is there three times. */
export function smallMailbox(account: Account): void {
  const inbox = account.create('INBOX');
  inbox.addAll([1, 2, 3, 4, 5].map((number) => message(number)));
  inbox.remove(new Set([3]));
  inbox.addAll([message(6), message(6)]);
  account.create('Empty');
  account.create('Sent', '\\Sent').addAll([10, 11].map((number) => message(number)));
  account.create('Work').addAll([message(20)]);
  account.create('Work/Gr&APYA3w-e').addAll([message(6), message(31)]);
}

/** What happens at the source between the two passes: new, read, moved, deleted mail and a new folder. */
export function changeSmallMailbox(account: Account): void {
  const inbox = account.create('INBOX');
  const sent = account.create('Sent');
  const work = account.create('Work');
  inbox.addAll([message(41), message(42), message(43)]);
  const read = inbox.messages.find(({ uid }) => uid === 2);
  if (read !== undefined) inbox.setFlags(read, ['\\Answered', '\\Seen']);
  const moved = inbox.messages.filter(({ uid }) => uid === 4 || uid === 5);
  work.addAll(moved);
  inbox.remove(new Set([4, 5]));
  sent.addAll([message(44)]);
  account.create('New').addAll([message(51), message(52), message(53)]);
}

/** Many messages over some folders, the first of them half of it. */
export function largeMailbox(account: Account, messages: number): void {
  const names = ['INBOX', 'Sent', ...Array.from({ length: 10 }, (_, at) => `Folder ${String(at)}`)];
  let number = 0;
  for (const [at, name] of names.entries()) {
    const share = at === names.length - 1 ? messages - number : Math.floor(messages / (at === 0 ? 2 : 22));
    account.create(name).addAll(Array.from({ length: share }, (_, index) => message(number + index, 200)));
    number += share;
  }
}

/** What a target holds where nothing can be moved: what was moved at the source is in both folders. */
export function movedStay(source: Account): Account {
  const expected = source.copy();
  const moved = (expected.mailbox('Work')?.messages ?? []).slice(-2);
  expected.mailbox('INBOX')?.addAll(moved);
  return expected;
}
