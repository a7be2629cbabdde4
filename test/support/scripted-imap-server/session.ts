import type { Clock } from '../../../shared/ports/clock.ts';
import type { Account, Mailbox, NewMessage, StoredMessage } from './account.ts';
import { type Argument, listOf, membersOf, parseArguments, quoted, setOf, textOf } from './command-arguments.ts';
import type { Fault, FaultPlan, ServerStep } from './faults.ts';
import { bodyStructureOf, envelopeOf, sectionOf } from './message-parts.ts';
import { matchesSearch } from './search.ts';
import { Disconnected, type ServerWire } from './wire.ts';

/** Ways of being odd that real servers have. */
export interface Quirks {
  /** The tagged OK of a UID FETCH comes after the data of the next UID FETCH, if that is there already (Dovecot). */
  readonly overlapFetches?: boolean;
  /** FETCH names the UID after the body. */
  readonly uidLast?: boolean;
  /** Mailbox names come as literals. */
  readonly literalNames?: boolean;
  /** No response codes of RFC 5530. */
  readonly noCodes?: boolean;
  /** A MULTIAPPEND that the connection cuts off leaves what was complete of it (RFC 3502 broken). */
  readonly partialMultiAppend?: boolean;
  /** UIDPLUS is announced, and no APPEND says where its messages are (RFC 4315 section 3: UIDs do not last, or no right to read). */
  readonly noAppendUid?: boolean;
  /** Messages are delivered in descending order. */
  readonly descending?: boolean;
  /** UIDs of messages that are delivered as a literal of no octets, whatever is said of their size. */
  readonly withheld?: readonly number[];
}

export interface SessionSettings {
  readonly number: number;
  readonly wire: ServerWire;
  readonly clock: Clock;
  readonly plan: FaultPlan;
  readonly capabilities: ReadonlySet<string>;
  readonly quirks: Quirks;
  readonly greeting: string;
  readonly appendLimit: number | undefined;
  /** The account of a login, undefined where it is refused. */
  readonly signIn: (user: string, password: string) => Account | undefined;
}

interface Selected {
  readonly mailbox: Mailbox;
  readonly readOnly: boolean;
  /** What the client has been told of; sequence numbers are places in it. */
  view: readonly StoredMessage[];
  /** Mod-sequence up to which the client knows all flags. */
  seen: number;
}

interface Command {
  readonly tag: string;
  readonly name: string;
  readonly line: string;
  args: readonly Argument[];
}

type Answer = { readonly status: 'OK' | 'NO' | 'BAD'; readonly text: string };

const ok = (text = 'done'): Answer => ({ status: 'OK', text });
const bad = (text: string): Answer => ({ status: 'BAD', text });
const systemFlags = '\\Answered \\Flagged \\Deleted \\Seen \\Draft';

/** Ends a session from within. */
class Ended extends Error {}

/** One connection, from greeting to end. */
export class Session {
  readonly #settings: SessionSettings;
  readonly #wire: ServerWire;
  #account: Account | undefined;
  #selected: Selected | undefined;
  #qresync = false;
  /** Tagged replies that are held back (quirk overlapFetches). */
  #held: string[] = [];

  constructor(settings: SessionSettings) {
    this.#settings = settings;
    this.#wire = settings.wire;
  }

  async run(): Promise<void> {
    try {
      await this.#meet({ kind: 'connected' });
      await this.#send(`* OK [CAPABILITY ${this.#capabilityText()}] ${this.#settings.greeting}\r\n`);
      for (;;) await this.#serve(await this.#wire.line());
    } catch (error) {
      if (!(error instanceof Ended) && !(error instanceof Disconnected)) {
        this.#wire.cut();
        throw error;
      }
    }
  }

  async #serve(line: string): Promise<void> {
    const [tag = '', verb = '', second = ''] = line.split(' ');
    const upper = verb.toUpperCase();
    const name = upper === 'UID' ? `UID ${second.toUpperCase()}` : upper;
    if (tag === '' || verb === '') {
      await this.#send('* BAD what?\r\n');
      return;
    }
    const rest = line.slice(tag.length + 1 + name.length + 1);
    const answered = await this.#meet({ kind: 'command', name, line });
    if (answered?.do === 'answer') {
      if (name === 'APPEND') await this.#readAppend(rest, true);
      else await this.#readArguments(rest);
      await this.#send(`${tag} ${answered.status} ${answered.text}\r\n`);
      return;
    }
    const command: Command = { tag, name, line, args: [] };
    const answer = name === 'APPEND' ? await this.#append(rest) : await this.#execute(command, rest);
    await this.#reply(command, answer);
  }

  async #execute(command: Command, rest: string): Promise<Answer> {
    if (command.name !== 'UID FETCH') await this.#release();
    const args = await this.#readArguments(rest);
    if (args === undefined) return bad('literal not finished');
    command.args = args;
    return this.#dispatch(command);
  }

  async #reply({ tag, name }: Command, answer: Answer): Promise<void> {
    const fault = await this.#meet({ kind: 'reply', name, status: answer.status });
    const { status, text } = fault?.do === 'answer' ? fault : answer;
    await this.#announce(name);
    const line = `${tag} ${status} ${this.#settings.quirks.noCodes === true ? text.replace(/^\[(?!CAPABILITY|APPENDUID|COPYUID|READ)[^\]]*\] ?/, '') : text}\r\n`;
    const overlaps = this.#settings.quirks.overlapFetches === true && name === 'UID FETCH';
    if (overlaps && this.#wire.nextStartsWith('UID FETCH')) {
      this.#held.push(line);
      return;
    }
    await this.#release();
    await this.#send(line);
    if (name === 'LOGOUT') {
      this.#wire.end();
      throw new Ended();
    }
  }

  async #release(): Promise<void> {
    for (const line of this.#held.splice(0)) await this.#send(line);
  }

  async #dispatch(command: Command): Promise<Answer> {
    const { name, args } = command;
    switch (name) {
      case 'CAPABILITY':
        await this.#send(`* CAPABILITY ${this.#capabilityText()}\r\n`);
        return ok();
      case 'NOOP':
      case 'CHECK':
        return ok();
      case 'ID':
        await this.#send('* ID ("name" "Scripted")\r\n');
        return ok();
      case 'LOGOUT':
        await this.#send('* BYE bye\r\n');
        return ok();
      case 'LOGIN':
        return this.#signIn(decoded(args[0]), decoded(args[1]));
      case 'AUTHENTICATE':
        return this.#authenticate(args);
    }
    if (this.#account === undefined) return bad('sign in first');
    const answer = await this.#inAccount(command, this.#account);
    if (answer !== undefined) return answer;
    if (this.#selected === undefined) return bad('no mailbox selected, or unknown command');
    return this.#inMailbox(command, this.#selected);
  }

  async #inAccount({ name, args }: Command, account: Account): Promise<Answer | undefined> {
    switch (name) {
      case 'ENABLE':
        this.#qresync ||= args.some((extension) => textOf(extension).toUpperCase() === 'QRESYNC');
        await this.#send(`* ENABLED${this.#qresync ? ' QRESYNC' : ''}\r\n`);
        return ok();
      case 'NAMESPACE':
        await this.#send(`* NAMESPACE ((${quoted(account.prefix)} ${quoted(account.separator)})) NIL NIL\r\n`);
        return ok();
      case 'LIST':
      case 'LSUB':
        return this.#list(name, args, account);
      case 'STATUS':
        return this.#status(args, account);
      case 'SELECT':
      case 'EXAMINE':
        return this.#select(name, args, account);
      case 'CREATE':
        return this.#create(textOf(args[0]), account);
      case 'DELETE':
        return account.delete(textOf(args[0])) ? ok() : { status: 'NO', text: '[NONEXISTENT] no such mailbox' };
      case 'RENAME':
        return this.#rename(textOf(args[0]), textOf(args[1]), account);
      case 'SUBSCRIBE':
      case 'UNSUBSCRIBE': {
        const mailbox = account.mailbox(textOf(args[0]));
        if (mailbox !== undefined) mailbox.subscribed = name === 'SUBSCRIBE';
        return ok();
      }
      case 'IDLE':
        await this.#send('+ idling\r\n');
        await this.#wire.line();
        return ok();
      default:
        return undefined;
    }
  }

  async #inMailbox(command: Command, selected: Selected): Promise<Answer> {
    const { name, args } = command;
    const uid = name.startsWith('UID ');
    switch (uid ? name.slice(4) : name) {
      case 'FETCH':
        return this.#fetch(selected, args, uid);
      case 'STORE':
        return this.#store(selected, args, uid);
      case 'SEARCH':
        return this.#search(command, selected, uid);
      case 'COPY':
      case 'MOVE':
        return this.#copy(command, selected, uid);
      case 'EXPUNGE':
        return this.#expunge(selected, uid ? textOf(args[0]) : undefined);
      case 'UNSELECT':
      case 'CLOSE':
        if (name === 'CLOSE' && !selected.readOnly) {
          const deleted = selected.mailbox.messages.filter(({ flags }) => flags.has('\\Deleted'));
          selected.mailbox.remove(new Set(deleted.map((message) => message.uid)));
        }
        this.#selected = undefined;
        return ok();
      default:
        return bad('unknown command');
    }
  }

  async #authenticate(args: readonly Argument[]): Promise<Answer> {
    if (textOf(args[0]).toUpperCase() !== 'PLAIN') return { status: 'NO', text: '[CANNOT] unknown mechanism' };
    let initial = textOf(args[1]);
    if (initial === '') {
      await this.#send('+ \r\n');
      initial = await this.#wire.line();
    }
    const [authorization = '', user = '', password = ''] = Buffer.from(initial, 'base64').toString('utf8').split('\0');
    return authorization === '' || authorization === user
      ? this.#signIn(user, password)
      : { status: 'NO', text: '[AUTHORIZATIONFAILED] no' };
  }

  #signIn(user: string, password: string): Answer {
    const account = this.#settings.signIn(user, password);
    if (account === undefined) return { status: 'NO', text: '[AUTHENTICATIONFAILED] no' };
    this.#account = account;
    return ok(`[CAPABILITY ${this.#capabilityText()}] signed in`);
  }

  async #list(name: string, args: readonly Argument[], account: Account): Promise<Answer> {
    const returns = listOf(args[args.findIndex((arg) => textOf(arg).toUpperCase() === 'RETURN') + 1]);
    const patterns = listOf(args[1]).length > 0 ? listOf(args[1]).map(textOf) : [textOf(args[1])];
    if (patterns.length === 1 && patterns[0] === '') {
      await this.#send(`* ${name} (\\Noselect) ${quoted(account.separator)} ""\r\n`);
      return ok();
    }
    const tests = patterns.map((pattern) => patternTest(`${textOf(args[0])}${pattern}`, account.separator));
    for (const mailbox of withParents(account)) {
      if (!tests.some((test) => test(mailbox.name))) continue;
      if (name === 'LSUB' && mailbox.mailbox?.subscribed !== true) continue;
      const attributes = [
        ...(mailbox.mailbox === undefined ? ['\\Noselect'] : []),
        ...(mailbox.mailbox?.specialUse !== undefined && this.#has('SPECIAL-USE') ? [mailbox.mailbox.specialUse] : []),
        mailbox.hasChildren ? '\\HasChildren' : '\\HasNoChildren',
      ];
      await this.#send(
        `* ${name} (${attributes.join(' ')}) ${quoted(account.separator)} ${this.#name(mailbox.name)}\r\n`,
      );
    }
    const statusAt = returns.findIndex((word) => textOf(word).toUpperCase() === 'STATUS');
    if (statusAt !== -1) {
      const items = returns[statusAt + 1] ?? [];
      for (const { name: listed } of account.mailboxes.values()) {
        if (tests.some((test) => test(listed))) await this.#status([listed, items], account);
      }
    }
    return ok();
  }

  #name(name: string): string {
    return this.#settings.quirks.literalNames === true ? `{${name.length}}\r\n${name}` : quoted(name);
  }

  async #status(args: readonly Argument[], account: Account): Promise<Answer> {
    const mailbox = account.mailbox(textOf(args[0]));
    if (mailbox === undefined) return { status: 'NO', text: '[NONEXISTENT] no such mailbox' };
    const values: Readonly<Record<string, string | number>> = {
      MESSAGES: mailbox.messages.length,
      UIDNEXT: mailbox.uidNext,
      UIDVALIDITY: mailbox.uidValidity,
      UNSEEN: mailbox.messages.filter(({ flags }) => !flags.has('\\Seen')).length,
      RECENT: 0,
      HIGHESTMODSEQ: mailbox.highestModSeq,
      MAILBOXID: `(${mailbox.id})`,
      SIZE: mailbox.messages.reduce((sum, { octets }) => sum + octets.length, 0),
    };
    const items = listOf(args[1]).map((item) => textOf(item).toUpperCase());
    if (items.some((item) => values[item] === undefined)) return bad('unknown STATUS item');
    const text = items.map((item) => `${item} ${String(values[item])}`).join(' ');
    await this.#send(`* STATUS ${this.#name(mailbox.name)} (${text})\r\n`);
    return ok();
  }

  async #select(name: string, args: readonly Argument[], account: Account): Promise<Answer> {
    this.#selected = undefined;
    const mailbox = account.mailbox(textOf(args[0]));
    if (mailbox === undefined) return { status: 'NO', text: '[NONEXISTENT] no such mailbox' };
    const readOnly = name === 'EXAMINE';
    const selected = { mailbox, readOnly, view: mailbox.messages, seen: mailbox.highestModSeq };
    this.#selected = selected;
    const keywords = [...new Set(mailbox.messages.flatMap(({ flags }) => [...flags]))].filter(
      (flag) => !flag.startsWith('\\'),
    );
    const lines = [
      `* FLAGS (${[systemFlags, ...keywords].join(' ')})`,
      `* OK [PERMANENTFLAGS (${readOnly ? '' : [systemFlags, ...keywords, '\\*'].join(' ')})] flags`,
      `* ${mailbox.messages.length} EXISTS`,
      '* 0 RECENT',
      `* OK [UIDVALIDITY ${mailbox.uidValidity}] uids`,
      `* OK [UIDNEXT ${mailbox.uidNext}] next`,
      ...(this.#has('CONDSTORE') ? [`* OK [HIGHESTMODSEQ ${mailbox.highestModSeq}] modseq`] : []),
      ...(this.#has('OBJECTID') ? [`* OK [MAILBOXID (${mailbox.id})] id`] : []),
    ];
    await this.#send(`${lines.join('\r\n')}\r\n`);
    await this.#resync(selected, listOf(args[1]));
    return ok(`[${readOnly ? 'READ-ONLY' : 'READ-WRITE'}] opened`);
  }

  /** SELECT box (QRESYNC (uidvalidity modseq)), RFC 7162 section 3.2.5. */
  async #resync({ mailbox, view }: Selected, parameters: readonly Argument[]): Promise<void> {
    const at = parameters.findIndex((parameter) => textOf(parameter).toUpperCase() === 'QRESYNC');
    if (at === -1 || !this.#qresync) return;
    const [uidValidity, modSeq] = listOf(parameters[at + 1]).map((value) => Number(textOf(value)));
    if (uidValidity !== mailbox.uidValidity || modSeq === undefined) return;
    const gone = mailbox.expunged.filter((message) => message.modSeq > modSeq).map(({ uid }) => uid);
    if (gone.length > 0) await this.#send(`* VANISHED (EARLIER) ${setOf(gone.sort((a, b) => a - b))}\r\n`);
    for (const [index, message] of view.entries()) {
      if (message.modSeq > modSeq) await this.#send(`* ${index + 1} FETCH (${flagData(message, true, true)})\r\n`);
    }
  }

  #create(name: string, account: Account): Answer {
    const bare = name.endsWith(account.separator) ? name.slice(0, -account.separator.length) : name;
    if (account.mailbox(bare) !== undefined) return { status: 'NO', text: '[ALREADYEXISTS] it exists' };
    account.create(bare);
    return ok();
  }

  #rename(from: string, to: string, account: Account): Answer {
    if (account.mailbox(from) === undefined) return { status: 'NO', text: '[NONEXISTENT] no such mailbox' };
    if (account.mailbox(to) !== undefined) return { status: 'NO', text: '[ALREADYEXISTS] it exists' };
    account.rename(from, to);
    return ok();
  }

  async #fetch(selected: Selected, args: readonly Argument[], uid: boolean): Promise<Answer> {
    const items = fetchItems(args[1]);
    if (uid && !items.includes('UID')) items.unshift('UID');
    const modifiers = listOf(args[2]).map((word) => textOf(word).toUpperCase());
    const since = modifiers.includes('CHANGEDSINCE') ? Number(modifiers[modifiers.indexOf('CHANGEDSINCE') + 1]) : 0;
    if (since > 0 && !items.includes('MODSEQ')) items.push('MODSEQ');
    const set = textOf(args[0]);
    if (modifiers.includes('VANISHED')) {
      const gone = selected.mailbox.expunged.filter(({ modSeq }) => modSeq > since).map((message) => message.uid);
      const members = [
        ...membersOf(
          set,
          gone.sort((a, b) => a - b),
        ),
      ];
      if (members.length > 0) await this.#send(`* VANISHED (EARLIER) ${setOf(members)}\r\n`);
    }
    const chosen = numbersOf(selected, uid);
    const members = membersOf(set, chosen);
    const there = new Set(selected.mailbox.messages);
    const entries = [...selected.view.entries()];
    for (const [index, message] of this.#settings.quirks.descending === true ? entries.reverse() : entries) {
      if (!members.has(uid ? message.uid : index + 1) || message.modSeq <= since || !there.has(message)) continue;
      await this.#fetchOne(selected, { message, sequence: index + 1 }, items);
    }
    return ok();
  }

  async #fetchOne(
    selected: Selected,
    { message, sequence }: { readonly message: StoredMessage; readonly sequence: number },
    items: readonly string[],
  ): Promise<void> {
    const sections = items.filter((item) => /^(BODY|BINARY)(\.PEEK)?\[|^RFC822(\.HEADER|\.TEXT)?$/.test(item));
    const sets = sections.some((item) => !item.includes('PEEK') && item !== 'RFC822.HEADER') && !selected.readOnly;
    if (sets && !message.flags.has('\\Seen')) selected.mailbox.setFlags(message, [...message.flags, '\\Seen']);
    const plain = items.filter((item) => !sections.includes(item)).map((item) => attribute(item, message));
    const uidLast = this.#settings.quirks.uidLast === true && sections.length > 0;
    const first = uidLast ? plain.filter((text) => !text.startsWith('UID ')) : plain;
    await this.#send(`* ${sequence} FETCH (${first.join(' ')}`);
    for (const [index, section] of sections.entries()) {
      const isWithheld = this.#settings.quirks.withheld?.includes(message.uid) === true;
      const octets = isWithheld ? Buffer.alloc(0) : sectionOctets(section, message.octets);
      const name = section.replace('.PEEK', '').replace(/<.*$/, (partial) => partial.replace(/\.\d+>/, '>'));
      await this.#send(`${first.length + index > 0 ? ' ' : ''}${name} {${octets.length}}\r\n`);
      await this.#sendLiteral(octets, message.uid);
    }
    await this.#send(uidLast ? ` UID ${message.uid})\r\n` : ')\r\n');
  }

  async #sendLiteral(octets: Buffer, uid: number): Promise<void> {
    const half = Math.floor(octets.length / 2);
    await this.#meet({ kind: 'literal-out', at: 'begin', uid });
    await this.#send(octets.subarray(0, half));
    await this.#meet({ kind: 'literal-out', at: 'inside', uid });
    await this.#send(octets.subarray(half));
    await this.#meet({ kind: 'literal-out', at: 'end', uid });
  }

  async #store(selected: Selected, args: readonly Argument[], uid: boolean): Promise<Answer> {
    if (selected.readOnly) return { status: 'NO', text: '[READ-ONLY] opened by EXAMINE' };
    const rest = args.slice(1).filter((arg) => typeof arg === 'string' || !/^UNCHANGEDSINCE$/i.test(textOf(arg[0])));
    const operation = textOf(rest[0]).toUpperCase();
    const flags = rest.slice(1).flatMap((arg) => (typeof arg === 'string' ? [arg] : arg.map(textOf)));
    const members = membersOf(textOf(args[0]), numbersOf(selected, uid));
    for (const [index, message] of selected.view.entries()) {
      if (!members.has(uid ? message.uid : index + 1)) continue;
      selected.mailbox.setFlags(message, changedFlags(message.flags, operation, flags));
      if (!operation.endsWith('.SILENT')) {
        await this.#send(`* ${index + 1} FETCH (${flagData(message, uid, this.#has('CONDSTORE'))})\r\n`);
      }
    }
    return ok();
  }

  async #search({ tag, args }: Command, selected: Selected, uid: boolean): Promise<Answer> {
    const extended = textOf(args[0]).toUpperCase() === 'RETURN';
    const criteria = extended ? args.slice(2) : args;
    const found = selected.view.flatMap((message, index) =>
      matchesSearch(criteria, { message, sequence: index + 1, view: selected.view })
        ? [uid ? message.uid : index + 1]
        : [],
    );
    if (extended) {
      const all = found.length === 0 ? '' : ` ALL ${setOf(found)}`;
      await this.#send(`* ESEARCH (TAG "${tag}")${uid ? ' UID' : ''}${all}\r\n`);
    } else {
      await this.#send(`* SEARCH${found.map((number) => ` ${number}`).join('')}\r\n`);
    }
    return ok();
  }

  async #copy({ name, args }: Command, selected: Selected, uid: boolean): Promise<Answer> {
    const target = this.#account?.mailbox(textOf(args[1]));
    if (target === undefined) return { status: 'NO', text: '[TRYCREATE] no such mailbox' };
    const members = membersOf(textOf(args[0]), numbersOf(selected, uid));
    const chosen = selected.view.filter((message, index) => members.has(uid ? message.uid : index + 1));
    if (chosen.length === 0) return ok('nothing to do');
    const copies = target.addAll(chosen);
    const from = setOf(chosen.map((message) => message.uid));
    const code = this.#has('UIDPLUS')
      ? `[COPYUID ${target.uidValidity} ${from} ${setOf(copies.map((copy) => copy.uid))}]`
      : '';
    if (!name.endsWith('MOVE')) return ok(`${code} copied`);
    await this.#send(`* OK ${code} moved\r\n`);
    selected.mailbox.remove(new Set(chosen.map((message) => message.uid)));
    return ok();
  }

  #expunge(selected: Selected, set: string | undefined): Answer {
    if (selected.readOnly) return { status: 'NO', text: '[READ-ONLY] opened by EXAMINE' };
    const deleted = selected.mailbox.messages.filter(({ flags }) => flags.has('\\Deleted')).map(({ uid }) => uid);
    selected.mailbox.remove(set === undefined ? new Set(deleted) : membersOf(set, deleted));
    return ok();
  }

  async #append(rest: string): Promise<Answer> {
    await this.#release();
    const read = await this.#readAppend(rest, false);
    if ('status' in read) return read;
    const { mailbox, messages } = read;
    const fault = await this.#meet({ kind: 'store', mailbox: mailbox.name, messages: messages.length });
    if (fault?.do === 'cut-and-store-later') {
      void this.#settings.clock.sleep(fault.ms).then(() => mailbox.addAll(messages));
      this.#wire.cut();
      throw new Ended();
    }
    if (fault?.do === 'cut-and-store-when') {
      void fault.when.then(() => mailbox.addAll(messages));
      this.#wire.cut();
      throw new Ended();
    }
    if (fault?.do === 'store-some') {
      mailbox.addAll(messages.slice(0, fault.messages));
      if (fault.then === 'NO') return { status: 'NO', text: 'some could not be stored' };
      this.#wire.cut();
      throw new Ended();
    }
    const stored = mailbox.addAll(messages);
    if (!this.#has('UIDPLUS') || this.#settings.quirks.noAppendUid === true) return ok('stored');
    return ok(`[APPENDUID ${mailbox.uidValidity} ${setOf(stored.map(({ uid }) => uid))}] stored`);
  }

  /** Reads all of an APPEND. `discard`: it is answered already, only the octets must go by. */
  async #readAppend(
    first: string,
    discard: boolean,
  ): Promise<{ readonly mailbox: Mailbox; readonly messages: readonly NewMessage[] } | Answer> {
    let line = first;
    let refusal: Answer | undefined;
    const messages: NewMessage[] = [];
    const name = parseArguments({ text: first.replace(/ ?\{\d+\+?\}$/, ''), literals: [] })[0];
    const mailbox = this.#account?.mailbox(textOf(name));
    if (mailbox === undefined) refusal = { status: 'NO', text: '[TRYCREATE] no such mailbox' };
    for (;;) {
      const mark = /\{(\d+)(\+?)\}$/.exec(line);
      if (mark === null) break;
      if (messages.length > 0 && !this.#has('MULTIAPPEND')) return bad('one message at a time');
      const size = Number(mark[1]);
      if (this.#settings.appendLimit !== undefined && size > this.#settings.appendLimit) {
        refusal ??= { status: 'NO', text: '[TOOBIG] too large' };
      }
      if (mark[2] !== '+') {
        if (refusal !== undefined || discard) return refusal ?? ok();
        await this.#send('+ go on\r\n');
      } else if (!this.#has('LITERAL+') && !(this.#has('LITERAL-') && size <= 4096)) {
        return bad('no non-synchronising literals here');
      }
      const octets = await this.#receiveLiteral(size, { mailbox, messages });
      messages.push({ octets, ...appendArguments(line.slice(0, mark.index), messages.length === 0) });
      line = await this.#wire.line();
    }
    if (refusal !== undefined || mailbox === undefined) return refusal ?? bad('no mailbox');
    return messages.length === 0 ? bad('no message') : { mailbox, messages };
  }

  async #receiveLiteral(
    size: number,
    before: { readonly mailbox: Mailbox | undefined; readonly messages: readonly NewMessage[] },
  ): Promise<Buffer> {
    const half = Math.floor(size / 2);
    try {
      await this.#meet({ kind: 'literal-in', at: 'begin', size });
      const first = await this.#wire.octets(half);
      await this.#meet({ kind: 'literal-in', at: 'inside', size });
      const second = await this.#wire.octets(size - half);
      await this.#meet({ kind: 'literal-in', at: 'end', size });
      return Buffer.concat([first, second]);
    } catch (error) {
      if (this.#settings.quirks.partialMultiAppend === true) before.mailbox?.addAll(before.messages);
      throw error;
    }
  }

  /** The command's arguments with their literals; undefined where the client gave up. */
  async #readArguments(rest: string): Promise<readonly Argument[] | undefined> {
    let text = rest;
    let newest = rest;
    const literals: Buffer[] = [];
    for (;;) {
      const mark = /\{(\d+)(\+?)\}$/.exec(newest);
      if (mark === null) return parseArguments({ text, literals });
      if (mark[2] !== '+') await this.#send('+ go on\r\n');
      literals.push(await this.#wire.octets(Number(mark[1])));
      newest = await this.#wire.line();
      text += newest;
    }
  }

  /** Tells of what changed in the selected mailbox; of removals only where sequence numbers allow it. */
  async #announce(name: string): Promise<void> {
    const selected = this.#selected;
    if (selected === undefined || ['SELECT', 'EXAMINE'].includes(name)) return;
    const { mailbox, seen } = selected;
    if (mailbox.highestModSeq === seen) return;
    const mayRenumber = !['FETCH', 'STORE', 'SEARCH'].includes(name);
    if (mayRenumber) await this.#announceRemovals(selected);
    const lastKnown = selected.view.at(-1)?.uid ?? 0;
    const known = selected.view.length;
    const arrived = mailbox.messages.filter(({ uid }) => uid > lastKnown);
    if (arrived.length > 0) {
      selected.view = [...selected.view, ...arrived];
      await this.#send(`* ${selected.view.length} EXISTS\r\n`);
    }
    // What could not be told this time is looked for again.
    if (mayRenumber) selected.seen = mailbox.highestModSeq;
    for (const [index, message] of selected.view.slice(0, known).entries()) {
      if (message.modSeq > seen) {
        await this.#send(`* ${index + 1} FETCH (${flagData(message, name.startsWith('UID'), false)})\r\n`);
      }
    }
  }

  async #announceRemovals(selected: Selected): Promise<void> {
    const left = new Set(selected.mailbox.messages);
    const gone = selected.view.filter((message) => !left.has(message));
    if (gone.length > 0 && this.#qresync) await this.#send(`* VANISHED ${setOf(gone.map(({ uid }) => uid))}\r\n`);
    if (!this.#qresync) {
      const places = selected.view.flatMap((message, index) => (left.has(message) ? [] : [index + 1]));
      for (const place of places.reverse()) await this.#send(`* ${place} EXPUNGE\r\n`);
    }
    if (gone.length > 0) selected.view = selected.view.filter((message) => left.has(message));
  }

  #has(capability: string): boolean {
    return this.#settings.capabilities.has(capability);
  }

  #capabilityText(): string {
    return [...this.#settings.capabilities].join(' ');
  }

  #send(octets: string | Buffer): Promise<void> {
    return this.#wire.send(octets);
  }

  /** Does what the plan has for this step; returns a fault that the caller must see to itself. */
  async #meet(step: ServerStep): Promise<Fault | undefined> {
    const fault = this.#settings.plan.meet(this.#settings.number, step);
    switch (fault?.do) {
      case 'cut':
        this.#wire.cut();
        throw new Ended();
      case 'bye':
        await this.#send(`* BYE ${fault.text}\r\n`);
        this.#wire.end();
        throw new Ended();
      case 'stall':
        await this.#wire.closed;
        throw new Ended();
      case 'wait':
        await this.#settings.clock.sleep(fault.ms);
        return undefined;
      case 'call':
        fault.action();
        return undefined;
      default:
        return fault;
    }
  }
}

/** Latin1 wire text that is UTF-8. */
function decoded(argument: Argument | undefined): string {
  return Buffer.from(textOf(argument), 'latin1').toString('utf8');
}

function numbersOf({ view }: Selected, uid: boolean): readonly number[] {
  return view.map((message, index) => (uid ? message.uid : index + 1));
}

function fetchItems(argument: Argument | undefined): string[] {
  const words = typeof argument === 'string' ? [argument] : listOf(argument).map(textOf);
  return words.flatMap((word) => {
    const upper = word.toUpperCase();
    if (upper === 'ALL') return ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE'];
    return upper === 'FAST' ? ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE'] : [upper];
  });
}

function attribute(item: string, message: StoredMessage): string {
  switch (item) {
    case 'UID':
      return `UID ${message.uid}`;
    case 'FLAGS':
      return `FLAGS (${[...message.flags].join(' ')})`;
    case 'INTERNALDATE':
      return `INTERNALDATE ${quoted(message.internalDate)}`;
    case 'RFC822.SIZE':
      return `RFC822.SIZE ${message.octets.length}`;
    case 'MODSEQ':
      return `MODSEQ (${message.modSeq})`;
    case 'ENVELOPE':
      return `ENVELOPE ${envelopeOf(message.octets)}`;
    case 'BODY':
    case 'BODYSTRUCTURE':
      return `${item} ${bodyStructureOf(message.octets)}`;
    default:
      return `${item} NIL`;
  }
}

function sectionOctets(item: string, octets: Buffer): Buffer {
  if (item === 'RFC822') return octets;
  if (item === 'RFC822.HEADER') return sectionOf(octets, 'HEADER');
  if (item === 'RFC822.TEXT') return sectionOf(octets, 'TEXT');
  const section = /\[(.*)\]/.exec(item)?.[1] ?? '';
  const whole = sectionOf(octets, section);
  const partial = /<(\d+)\.(\d+)>$/.exec(item);
  return partial === null ? whole : whole.subarray(Number(partial[1]), Number(partial[1]) + Number(partial[2]));
}

function flagData(message: StoredMessage, uid: boolean, modSeq: boolean): string {
  return [
    ...(uid ? [`UID ${message.uid}`] : []),
    `FLAGS (${[...message.flags].join(' ')})`,
    ...(modSeq ? [`MODSEQ (${message.modSeq})`] : []),
  ].join(' ');
}

function changedFlags(now: ReadonlySet<string>, operation: string, flags: readonly string[]): Set<string> {
  if (operation.startsWith('+')) return new Set([...now, ...flags]);
  if (operation.startsWith('-')) return new Set([...now].filter((flag) => !flags.includes(flag)));
  return new Set(flags);
}

/** `(\Seen) "01-Jan-2020 ..."` before a literal; the first has the mailbox name in front. */
function appendArguments(
  text: string,
  first: boolean,
): { readonly flags: readonly string[]; readonly internalDate: string } {
  const args = parseArguments({ text, literals: [] }).slice(first ? 1 : 0);
  const flags = args.find((arg) => typeof arg !== 'string');
  const date = args.find((arg) => typeof arg === 'string');
  return { flags: listOf(flags).map(textOf), internalDate: textOf(date) || '01-Jan-2020 00:00:00 +0000' };
}

function patternTest(pattern: string, separator: string): (name: string) => boolean {
  const source = Array.from(pattern)
    .map((sign) => {
      if (sign === '*') return '.*';
      return sign === '%'
        ? `[^${separator.replace(/[\\\]^-]/g, '\\$&')}]*`
        : sign.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  const expression = new RegExp(`^${source}$`, 's');
  return (name) => expression.test(name) || (name === 'INBOX' && expression.test('inbox'));
}

/** All mailboxes, and the parents that are none themselves. */
function withParents(
  account: Account,
): readonly { readonly name: string; readonly mailbox: Mailbox | undefined; readonly hasChildren: boolean }[] {
  const names = new Set<string>();
  for (const name of account.mailboxes.keys()) {
    const levels = name.split(account.separator);
    for (let level = 1; level <= levels.length; level += 1) names.add(levels.slice(0, level).join(account.separator));
  }
  return [...names].sort().map((name) => ({
    name,
    mailbox: account.mailbox(name),
    hasChildren: [...names].some((other) => other.startsWith(`${name}${account.separator}`)),
  }));
}
