import type { Random } from '../../mail/random.ts';
import type { Account, Mailbox, StoredMessage } from '../../scripted-imap-server/account.ts';

/** What people and servers do to an account between and in the middle of passes; each says what it did. */
export type Happening = (account: Account, random: Random) => string;

/** Names that folders are given: few, so that a name soon stands for another folder than before. */
const names = ['Able', 'Baker', 'Chief', 'Dover', 'Eagle', 'Fancy'];

/** So few that most messages share their second with others. */
const seconds = ['05', '06', '07'];

/** A message like no other; `stem` is what it says of itself. */
export function newMessage(
  stem: string,
  random: Random,
): { readonly octets: Buffer; readonly internalDate: string; readonly flags: readonly string[] } {
  return {
    octets: Buffer.from(`Message-ID: <${stem}@contoso.test>\r\nSubject: ${stem}\r\n\r\nbody of ${stem}\r\n`),
    internalDate: `17-Jul-2020 02:44:${random.pick(seconds)} +0000`,
    flags: random.some(['\\Seen', '\\Flagged', 'blue'], 0.3),
  };
}

function some(mailbox: Mailbox | undefined, random: Random): readonly StoredMessage[] {
  const messages = mailbox?.messages ?? [];
  return random.chance(0.3) ? messages : random.some(messages, 0.4);
}

function pickTwo(account: Account, random: Random): readonly [Mailbox, Mailbox] | undefined {
  const [first, second] = [...account.mailboxes.values()].sort(() => random.next() - 0.5);
  return first === undefined || second === undefined ? undefined : [first, second];
}

function ordinary(account: Account, random: Random): Mailbox | undefined {
  const folders = [...account.mailboxes.values()].filter(({ name }) => name !== 'INBOX');
  return folders.length === 0 ? undefined : random.pick(folders);
}

function free(account: Account, random: Random): string | undefined {
  const left = names.filter((name) => account.mailbox(name) === undefined);
  return left.length === 0 ? undefined : random.pick(left);
}

const nothing = 'nothing';

function moveTo(from: Mailbox, to: Mailbox, messages: readonly StoredMessage[]): string {
  to.addAll(messages.map(({ octets, internalDate, flags }) => ({ octets, internalDate, flags })));
  from.remove(new Set(messages.map(({ uid }) => uid)));
  return `${String(messages.length)} from ${from.name} to ${to.name}`;
}

export const happenings = {
  arrive: (account, random) => {
    const folder = random.pick([...account.mailboxes.values()]);
    const count = random.between(1, 4);
    for (let at = 0; at < count; at += 1) folder.add(newMessage(`new-${random.hex(8)}`, random));
    return `${String(count)} arrive in ${folder.name}`;
  },
  move: (account, random) => {
    const two = pickTwo(account, random);
    return two === undefined ? nothing : `moved ${moveTo(two[0], two[1], some(two[0], random))}`;
  },
  moveAll: (account, random) => {
    const two = pickTwo(account, random);
    return two === undefined ? nothing : `moved all ${moveTo(two[0], two[1], two[0].messages)}`;
  },
  remove: (account, random) => {
    const folder = random.pick([...account.mailboxes.values()]);
    const messages = random.some(folder.messages, 0.3);
    folder.remove(new Set(messages.map(({ uid }) => uid)));
    return `removed ${String(messages.length)} of ${folder.name}`;
  },
  mark: (account, random) => {
    const folder = random.pick([...account.mailboxes.values()]);
    for (const message of random.some(folder.messages, 0.3))
      folder.setFlags(message, random.some(['\\Seen', '\\Answered', 'blue'], 0.5));
    return `marked in ${folder.name}`;
  },
  rename: (account, random) => {
    const [folder, name] = [ordinary(account, random), free(account, random)];
    if (folder === undefined || name === undefined) return nothing;
    const before = folder.name;
    account.rename(before, name);
    return `renamed ${before} to ${name}`;
  },
  /** The name is another folder's afterwards. */
  renameAndReplace: (account, random) => {
    const [folder, name] = [ordinary(account, random), free(account, random)];
    if (folder === undefined || name === undefined) return nothing;
    const before = folder.name;
    account.rename(before, name);
    account.create(before).add(newMessage(`new-${random.hex(8)}`, random));
    return `renamed ${before} to ${name}, and another ${before}`;
  },
  swap: (account, random) => {
    const [a, b] = [ordinary(account, random), ordinary(account, random)];
    if (a === undefined || b === undefined || a === b) return nothing;
    const [first, second] = [a.name, b.name];
    account.rename(first, 'In between');
    account.rename(second, first);
    account.rename('In between', second);
    return `swapped ${first} and ${second}`;
  },
  create: (account, random) => {
    const name = free(account, random);
    if (name === undefined) return nothing;
    account.create(name);
    return `created ${name}`;
  },
  emptyAndDelete: (account, random) => {
    const [a, b] = [ordinary(account, random), ordinary(account, random)];
    if (a === undefined || b === undefined || a === b) return nothing;
    const moved = moveTo(a, b, a.messages);
    account.delete(a.name);
    return `moved ${moved}, deleted ${a.name}`;
  },
  delete: (account, random) => {
    const folder = ordinary(account, random);
    if (folder === undefined) return nothing;
    account.delete(folder.name);
    return `deleted ${folder.name}`;
  },
  renumber: (account, random) => {
    const folder = random.pick([...account.mailboxes.values()]);
    folder.uidValidity = 2_000_000 + random.between(1, 1_000_000);
    return `renumbered ${folder.name}`;
  },
  /** Another folder with the same messages, as a restored one. */
  makeAnew: (account, random) => {
    const folder = ordinary(account, random);
    if (folder === undefined) return nothing;
    account.delete(folder.name);
    account.create(folder.name).addAll(folder.messages);
    return `made ${folder.name} anew`;
  },
} as const satisfies Readonly<Record<string, Happening>>;

export type HappeningName = keyof typeof happenings;
