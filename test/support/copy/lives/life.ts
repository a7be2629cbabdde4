import type { MailboxJob } from '../../../../shared/domain/mailbox-job.ts';
import { Random } from '../../mail/random.ts';
import type { Account } from '../../scripted-imap-server/account.ts';
import { ScriptedImapServer } from '../../scripted-imap-server/scripted-imap-server.ts';
import { CopyHarness } from '../copy-harness.ts';
import type { Circumstances } from './circumstances.ts';
import { happenings, newMessage } from './happenings.ts';

const user = 'alice@contoso.test';
const password = 'pw';
/** Several pages and windows a folder. */
const pages = { items: 3, octets: 1 << 20, inFlight: 2, listing: 6 };
/** Passes at the end in which nothing happens any more. */
const quietPasses = 2;

/** How one life ended. */
export interface Ending {
  /** What happened, in order. */
  readonly story: readonly string[];
  readonly job: Pick<MailboxJob, 'status' | 'green' | 'error'>;
  /** Messages that the source has and the target has not. */
  readonly missing: readonly string[];
  /** Messages that are at the target more often than they ever were at the source. */
  readonly doubled: readonly string[];
}

/**
 * A mailbox whose source and target change between and during its passes, and whose connections break, as chance has it:
 * the same seed, the same chance.
 */
export async function live(seed: number, circumstances: Circumstances): Promise<Ending> {
  const users = { [user]: password };
  const source = await ScriptedImapServer.start({ users, capabilities: circumstances.source });
  const target = await ScriptedImapServer.start({ users, capabilities: circumstances.target });
  const { usersAtWork, connections } = circumstances;
  const options = { settleAfter: 0, usersAtWork, verify: 'full' };
  const harness = await CopyHarness.open({ source, target, mailbox: user, password, pages, options, connections });
  try {
    return await new Life({ source, target, harness }, new Random(seed), circumstances).run();
  } finally {
    harness.close();
    await source.stop();
    await target.stop();
  }
}

/** A sentence a life, for a test's output; undefined: all is well, or the mailbox says that it is not. */
export function describeEnding(seed: number, { story, job, missing, doubled }: Ending): string | undefined {
  const what = [...missing.map((text) => `${text} is missing`), ...doubled.map((text) => `${text} is there twice`)];
  if (job.status === 'Synced' && (what.length === 0 || job.green === false)) return undefined;
  return [`seed ${String(seed)}: ${job.status}, green: ${String(job.green)}, ${what.join(', ')}`, ...story].join(
    '\n  ',
  );
}

interface World {
  readonly source: ScriptedImapServer;
  readonly target: ScriptedImapServer;
  readonly harness: CopyHarness;
}

class Life {
  readonly #world: World;
  readonly #random: Random;
  readonly #circumstances: Circumstances;
  readonly #story: string[] = [];
  /** How often each message was at the source at most. */
  readonly #most = new Map<string, number>();
  /** How often each message left one folder of the source for another. */
  readonly #moves = new Map<string, number>();
  /** How often a user of the target took each message away from where it was. */
  readonly #taken = new Map<string, number>();

  constructor(world: World, random: Random, circumstances: Circumstances) {
    this.#world = world;
    this.#random = random;
    this.#circumstances = circumstances;
  }

  async run(): Promise<Ending> {
    const { harness, source, target } = this.#world;
    this.#fill();
    const passes = this.#random.between(1, 4);
    for (let pass = 1; pass <= passes; pass += 1) {
      if (pass > 1) {
        const between = this.#random.between(0, 3);
        for (let at = 0; at < between; at += 1) this.#happen(`before pass ${String(pass)}`);
        await harness.beginPass('incremental');
      }
      this.#disturb(pass);
      await this.#pass(`pass ${String(pass)}`);
      source.plan.forget();
      target.plan.forget();
    }
    for (let pass = 1; pass < quietPasses; pass += 1) {
      await harness.beginPass('incremental');
      await this.#pass('quiet pass');
    }
    await harness.beginPass('incremental');
    const job = await this.#pass('last pass');
    return { story: this.#story, job, ...this.#judge() };
  }

  async #pass(name: string): Promise<MailboxJob> {
    const job = await this.#world.harness.run(user);
    const { missing, doubled } = this.#judge();
    this.#story.push(`${name}: ${job.status} ${job.error?.code ?? ''} ${JSON.stringify({ missing, doubled })}`);
    this.#story.push(...inWords('source', this.#source), ...inWords('target', this.#target));
    return job;
  }

  get #source(): Account {
    return this.#world.source.account(user);
  }

  get #target(): Account {
    return this.#world.target.account(user);
  }

  #fill(): void {
    for (const name of ['INBOX', 'Able', 'Baker', 'Chief']) {
      const mailbox = this.#source.create(name);
      const count = this.#random.between(0, 9);
      for (let at = 0; at < count; at += 1) mailbox.add(newMessage(`${name}-${String(at)}`, this.#random));
    }
    this.#note();
  }

  /** Something happens at a few moments of the pass. */
  #disturb(pass: number): void {
    const times = this.#random.between(0, 3);
    for (let at = 0; at < times; at += 1) {
      const server = this.#random.pick(['source', 'target'] as const);
      const number = this.#random.between(1, 120);
      const when = `pass ${String(pass)}, event ${String(number)} of the ${server}`;
      if (this.#random.chance(0.3)) this.#cut(server, number);
      else this.#world[server].plan.at(number, { do: 'call', action: () => this.#happen(when) });
    }
  }

  /** At any event, or, at the target, where messages are stored all the same. */
  #cut(server: 'source' | 'target', number: number): void {
    const { plan } = this.#world[server];
    const [stores, ms] = [this.#random.chance(0.5), this.#random.pick([0, 30, 100])];
    const place = this.#random.between(1, 12);
    let seen = 0;
    if (server === 'source' || !stores) {
      plan.at(number, { do: 'cut' });
      this.#story.push(`to be cut at event ${String(number)} of the ${server}`);
      return;
    }
    plan.when((event) => event.kind === 'store' && (seen += 1) === place, { do: 'cut-and-store-later', ms });
    this.#story.push(`to be cut at store ${String(place)}, stored ${String(ms)} ms later`);
  }

  #happen(when: string): void {
    const { atSource, atTarget } = this.#circumstances;
    const side = atTarget.length > 0 && this.#random.chance(0.35) ? 'target' : 'source';
    const account = side === 'source' ? this.#source : this.#target;
    const name = this.#random.pick(side === 'source' ? atSource : atTarget);
    const before = textsOf(account);
    const places = placesOf(account);
    this.#story.push(`${when}: ${side} ${happenings[name](account, this.#random)}`);
    this.#note();
    if (side === 'source') {
      for (const [text, place] of placesOf(account))
        if ((places.get(text) ?? place) !== place) this.#moves.set(text, 1 + (this.#moves.get(text) ?? 0));
      return;
    }
    const [after, placesAfter] = [textsOf(account), placesOf(account)];
    for (const [text, count] of before)
      if ((after.get(text) ?? 0) < count || placesAfter.get(text) !== places.get(text))
        this.#taken.set(text, 1 + (this.#taken.get(text) ?? 0));
  }

  #note(): void {
    for (const [text, count] of textsOf(this.#source)) this.#most.set(text, Math.max(count, this.#most.get(text) ?? 0));
  }

  #judge(): Pick<Ending, 'missing' | 'doubled'> {
    const there = textsOf(this.#target);
    // Where nothing can be moved safely, a moved message is copied to its new folder as well.
    const movesAreCopies = !this.#circumstances.target.includes('UIDPLUS');
    // One that its user took away while its page was open, or that the source moved after that, may be written once more
    // (docs/architecture.md, docs/verification.md).
    const most = (text: string): number =>
      (this.#most.get(text) ?? Infinity) +
      (this.#taken.get(text) ?? 0) +
      (movesAreCopies ? (this.#moves.get(text) ?? 0) : 0);
    const missing = [...textsOf(this.#source)]
      .filter(([text, count]) => (there.get(text) ?? 0) < count && !this.#taken.has(text))
      .map(([text]) => text);
    return { missing, doubled: [...there].filter(([text, count]) => count > most(text)).map(([text]) => text) };
  }
}

function inWords(side: string, account: Account): readonly string[] {
  return [...account.mailboxes.values()].map(({ name, id, uidValidity, messages }) => {
    const texts = messages.map((message) => `${String(message.uid)}=${subjectOf(message)}`);
    return `    ${side} ${name} (${id}, ${String(uidValidity)}): ${texts.join(' ')}`;
  });
}

function subjectOf({ octets }: { readonly octets: Buffer }): string {
  return /Subject: (\S+)/.exec(octets.toString())?.[1] ?? '';
}

/** Subjects, and the folder that each is in, whatever its name. */
function placesOf(account: Account): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const { id, messages } of account.mailboxes.values())
    for (const message of messages) places.set(subjectOf(message), id);
  return places;
}

/** Subjects, and how often each is there. */
function textsOf(account: Account): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { messages } of account.mailboxes.values()) {
    for (const message of messages) {
      const subject = subjectOf(message);
      counts.set(subject, (counts.get(subject) ?? 0) + 1);
    }
  }
  return counts;
}
