/** One stored message. Its octets never change. */
export interface StoredMessage {
  readonly uid: number;
  readonly octets: Buffer;
  /** As in INTERNALDATE. */
  readonly internalDate: string;
  flags: ReadonlySet<string>;
  modSeq: number;
}

export type NewMessage = Pick<StoredMessage, 'octets' | 'internalDate'> & { readonly flags?: Iterable<string> };

export class Mailbox {
  readonly specialUse: string | undefined;
  /** RFC 8474: survives renames. */
  readonly id: string;
  /** Wire form: modified UTF-7. */
  name: string;
  uidValidity: number;
  uidNext = 1;
  subscribed = false;
  highestModSeq = 1;
  messages: readonly StoredMessage[] = [];
  readonly expunged: { readonly uid: number; readonly modSeq: number }[] = [];
  readonly #account: Account;

  constructor(
    account: Account,
    about: { readonly name: string; readonly number: number; readonly id?: string; readonly specialUse?: string },
  ) {
    this.#account = account;
    this.name = about.name;
    this.uidValidity = 1_000_000 + about.number;
    this.id = about.id ?? `M${about.number}`;
    this.specialUse = about.specialUse;
  }

  add({ octets, internalDate, flags = [] }: NewMessage): StoredMessage {
    const modSeq = this.#change();
    const message = { uid: this.uidNext, octets, internalDate, flags: new Set(flags), modSeq };
    this.uidNext += 1;
    this.messages = [...this.messages, message];
    return message;
  }

  /** Like `add`, many at once. */
  addAll(messages: readonly NewMessage[]): readonly StoredMessage[] {
    const modSeq = this.#change();
    const added = messages.map(({ octets, internalDate, flags = [] }, index) => ({
      uid: this.uidNext + index,
      octets,
      internalDate,
      flags: new Set(flags),
      modSeq,
    }));
    this.uidNext += added.length;
    this.messages = [...this.messages, ...added];
    return added;
  }

  setFlags(message: StoredMessage, flags: Iterable<string>): void {
    message.flags = new Set(flags);
    message.modSeq = this.#change();
  }

  remove(uids: ReadonlySet<number>): void {
    const modSeq = this.#change();
    for (const { uid } of this.messages) {
      if (uids.has(uid)) this.expunged.push({ uid, modSeq });
    }
    this.messages = this.messages.filter(({ uid }) => !uids.has(uid));
  }

  copy(account: Account): Mailbox {
    const use = this.specialUse === undefined ? {} : { specialUse: this.specialUse };
    const copy = new Mailbox(account, { name: this.name, number: 0, id: this.id, ...use });
    copy.uidValidity = this.uidValidity;
    copy.uidNext = this.uidNext;
    copy.subscribed = this.subscribed;
    copy.highestModSeq = this.highestModSeq;
    copy.messages = this.messages.map((message) => ({ ...message }));
    copy.expunged.push(...this.expunged);
    return copy;
  }

  #change(): number {
    this.highestModSeq = this.#account.nextModSeq();
    return this.highestModSeq;
  }
}

/** One user's mail. Tests fill and read it directly; sessions do so over the wire. */
export class Account {
  readonly separator: string;
  readonly prefix: string;
  readonly mailboxes = new Map<string, Mailbox>();
  #modSeq = 1;
  #number = 0;

  constructor({ separator, prefix }: { readonly separator: string; readonly prefix: string }) {
    this.separator = separator;
    this.prefix = prefix;
    this.create('INBOX').subscribed = true;
  }

  nextModSeq(): number {
    this.#modSeq += 1;
    return this.#modSeq;
  }

  mailbox(name: string): Mailbox | undefined {
    return this.mailboxes.get(keyOf(name));
  }

  /** Returns the mailbox, made if it was not there; parents are not made. */
  create(name: string, specialUse?: string): Mailbox {
    const existing = this.mailbox(name);
    if (existing !== undefined) return existing;
    this.#number += 1;
    const use = specialUse === undefined ? {} : { specialUse };
    const mailbox = new Mailbox(this, { name: keyOf(name), number: this.#number, ...use });
    this.mailboxes.set(mailbox.name, mailbox);
    return mailbox;
  }

  delete(name: string): boolean {
    return this.mailboxes.delete(keyOf(name));
  }

  /** The same mail in an account of its own. */
  copy(): Account {
    const account = new Account({ separator: this.separator, prefix: this.prefix });
    account.mailboxes.clear();
    account.#modSeq = this.#modSeq;
    account.#number = this.#number;
    for (const mailbox of this.mailboxes.values()) account.mailboxes.set(mailbox.name, mailbox.copy(account));
    return account;
  }

  /** With everything below it. */
  rename(from: string, to: string): void {
    for (const mailbox of [...this.mailboxes.values()]) {
      if (mailbox.name === from || mailbox.name.startsWith(`${from}${this.separator}`)) {
        this.mailboxes.delete(mailbox.name);
        mailbox.name = `${to}${mailbox.name.slice(from.length)}`;
        this.mailboxes.set(mailbox.name, mailbox);
      }
    }
  }
}

function keyOf(name: string): string {
  return name.toUpperCase() === 'INBOX' ? 'INBOX' : name;
}
