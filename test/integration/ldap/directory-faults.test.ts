import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { activeDirectory } from '../../../shared/adapters/ldap/active-directory.ts';
import { retryBatch } from '../../../shared/application/retry-batch.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import type { JobForwarding } from '../../../shared/domain/job-preparation.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import type { ModificationFate } from '../../../simulator/directory/directory-connection.ts';
import { DirectorySimulator } from '../../../simulator/directory/directory-simulator.ts';
import type { PracticeEntry } from '../../../simulator/directory/practice-entry.ts';
import { ann, batchName, routingOf, StagedWorld } from '../../support/directories/staged-world.ts';
import { Random } from '../../support/mail/random.ts';
import { ldapServices } from '../../support/samba/open-directory.ts';

const lives = 60;
const seed = process.env['STAGECOACH_TEST_SEED'] ?? 'directory-faults';
const hour = 3_600_000;
const routing = routingOf(ann);

/** A value of targetAddress with what Active Directory decides by which of two counts: version, then time. */
interface Stamp {
  value: string | null;
  version: number;
  time: number;
  /** uSNChanged when it was last looked at: each change of ours and of others counts. */
  usn: number;
}

/** Two domain controllers of one domain, which tell each other of changes only when they are asked to. */
class Domain {
  readonly #stamps = new Map<DirectorySimulator, Stamp>();
  readonly controllers: readonly DirectorySimulator[];
  #time = 0;

  constructor(controllers: readonly DirectorySimulator[]) {
    this.controllers = controllers;
  }

  reset(value: string | null): void {
    for (const controller of this.controllers) {
      set(controller, value);
      this.#stamps.set(controller, { value, version: 1, time: 0, usn: usnOf(controller) });
    }
  }

  /** Somebody else's change, which reaches both at once. */
  setByHand(value: string | null): void {
    this.replicate();
    for (const controller of this.controllers) {
      set(controller, value);
      this.look();
    }
    this.replicate();
  }

  /** Notes what was changed since. */
  look(): void {
    for (const [controller, stamp] of this.#stamps) {
      const usn = usnOf(controller);
      if (usn === stamp.usn) continue;
      this.#time += 1;
      Object.assign(stamp, {
        ...{ value: valueAt(controller), version: stamp.version + usn - stamp.usn, time: this.#time, usn },
      });
    }
  }

  replicate(): void {
    this.look();
    const stamps = [...this.#stamps.values()];
    const [first] = stamps.toSorted((a, b) => b.version - a.version || b.time - a.time);
    for (const [controller, stamp] of this.#stamps) {
      if (first === undefined || first === stamp) continue;
      set(controller, first.value);
      Object.assign(stamp, { ...first, usn: usnOf(controller) });
    }
  }
}

function entryOf({ tree }: DirectorySimulator): PracticeEntry {
  const entry = tree.find('CN=ann,OU=Staff,DC=contoso,DC=test');
  if (entry === undefined) throw new Error('There is no Ann.');
  return entry;
}
const usnOf = (controller: DirectorySimulator) => Number(entryOf(controller).texts('uSNChanged')[0]);
const valueAt = (controller: DirectorySimulator) => entryOf(controller).texts('targetAddress')[0] ?? null;
function set(controller: DirectorySimulator, value: string | null): void {
  const values = value === null ? [] : [Buffer.from(value)];
  entryOf(controller).replaceAll(new Map([['targetaddress', { name: 'targetAddress', values }]]));
}

/** One batch of one person, whose directory fails as the seed says. */
class Life extends StagedWorld {
  readonly random: Random;
  readonly #domain: Domain;
  readonly wrong: string[] = [];
  readonly met = new Set<string>();
  #journal: JobForwarding | undefined;
  #faultsLeft = 6;
  #asked:
    | {
        readonly controller: DirectorySimulator;
        readonly usn: number;
        readonly found: string | null;
        readonly journal: JobForwarding | undefined;
      }
    | undefined;
  /** Numbers somebody else's addresses. */
  #others = 0;

  constructor(domain: Domain, random: Random) {
    super();
    this.#domain = domain;
    this.random = random;
    const [first] = domain.controllers;
    if (first === undefined) throw new Error('There is no domain controller.');
    const immutableId = entryOf(first).guid.toString('base64');
    this.targetDirectory.add(ann, { immutableId });
    const { store } = this.services;
    const saveJob = store.saveJob.bind(store);
    this.watch({
      saveJob: async (job: MailboxJob) => {
        const saved = await saveJob(job);
        if (job.id === ann) this.#journal = job.forwarding;
        return saved;
      },
    });
    Object.assign(this.services, {
      sourceDirectory: () => ({
        check: () => Promise.resolve([]),
        open: (signal: AbortSignal) => activeDirectory(this.#anyController(), ldapServices).open(signal),
      }),
    });
  }

  #anyController() {
    const { url, base, ca } = this.random.pick(this.#domain.controllers);
    return { url, base, startTls: true, user: 'migadmin', secret: 'env:DIRECTORY_PASSWORD', tls: { ca } };
  }

  /** What becomes of a modification; somebody else may be quicker by a hair. */
  fate(controller: DirectorySimulator): ModificationFate {
    this.judge();
    if (this.#faultsLeft > 0 && this.random.chance(0.15)) {
      this.#faultsLeft -= 1;
      this.met.add('other writer');
      this.otherWrites();
    }
    const fate = this.#nextFate();
    this.met.add(fate);
    this.#asked = { controller, usn: usnOf(controller), found: valueAt(controller), journal: this.#journal };
    return fate;
  }

  #nextFate(): ModificationFate {
    if (this.#faultsLeft === 0 || this.random.chance(0.4)) return 'answered';
    this.#faultsLeft -= 1;
    return this.random.pick(['lost-before', 'lost-after', 'lost-after', 'busy', 'referred']);
  }

  /** The modification asked for last, if it was made, is one that the journal of that moment allows and can take back. */
  judge(): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked === undefined || usnOf(asked.controller) === asked.usn) return;
    const { found, journal } = asked;
    const made = valueAt(asked.controller);
    const sets = journal?.state === 'intended' && found === journal.before && made === journal.next;
    const takesBack = found === journal?.next && made === journal.before;
    if (!sets && !takesBack)
      this.wrong.push(`${String(found)} -> ${String(made)} with the journal ${JSON.stringify(journal)}`);
  }

  otherWrites(): void {
    this.judge();
    this.#others += 1;
    this.#domain.setByHand(this.random.chance(0.3) ? null : `SMTP:other${String(this.#others)}@elsewhere.test`);
  }

  calm(): void {
    this.#faultsLeft = 0;
  }

  /** Over whatever happens; a crash in the middle every now and then. */
  async live(): Promise<void> {
    if (this.random.chance(0.4)) {
      this.met.add('crash');
      this.crash = { call: this.calls + this.random.between(1, 60), when: this.random.pick(['before', 'after']) };
    }
    await this.runOn();
    this.crash = undefined;
    this.judge();
  }

  async step(): Promise<void> {
    const order = { batch: batchName, by: 'ada' };
    switch (this.random.pick(['roll-back', 'roll-back', 'retry', 'replicate', 'other', 'later'] as const)) {
      case 'roll-back':
        await this.#ask(() => stopBatch(this.services, { ...order, rollback: true }));
        break;
      case 'retry':
        await this.#ask(() => retryBatch(this.services, { ...order, items: false, doubtful: false }));
        break;
      case 'replicate':
        this.#domain.replicate();
        break;
      case 'other':
        this.otherWrites();
        break;
      case 'later':
        // By then everybody knows.
        this.now += 4 * hour;
        this.#domain.replicate();
        break;
    }
    await this.live();
  }

  async #ask(verb: () => Promise<unknown>): Promise<void> {
    this.crash = undefined;
    await verb();
  }
}

describe('forwarding in a directory whose connections break, whose controllers lag, and in which others write', () => {
  const simulators: DirectorySimulator[] = [];
  let life: Life | undefined;
  let domain: Domain;

  beforeAll(async () => {
    for (const [index, name] of ['dc1', 'dc2'].entries())
      simulators.push(
        await DirectorySimulator.start({
          domain: 'contoso.test',
          hostName: `${name}.contoso.test`,
          accounts: [{ names: ['migadmin'], password: 'Passw0rd!Mig', rights: ['targetAddress'] }],
          recipients: [{ name: 'ann', displayName: 'Ann', address: ann, kind: 'user-mailbox' }],
          onModification: () => {
            const [controller] = simulators.slice(index);
            return controller === undefined ? 'answered' : (life?.fate(controller) ?? 'answered');
          },
        }),
      );
    domain = new Domain(simulators);
  });
  afterAll(() => Promise.all(simulators.map((simulator) => simulator.close())));

  it('is what the journal says in the end, in every one of many lives', async () => {
    const random = new Random(seed);
    const met = new Set<string>();
    const ends = new Set<string>();
    for (let count = 0; count < lives; count += 1) {
      const old = random.pick([null, null, 'SMTP:ann@old.test', 'SMTP:ann@old.test', routing]);
      domain.reset(old);
      life = new Life(domain, random);
      await life.begin({ csv: `EmailAddress\n${ann}\n` });
      await life.live();
      for (let step = random.between(0, 5); step > 0; step -= 1) await life.step();

      life.calm();
      domain.replicate();
      await life.live();
      life.now += 4 * hour;
      domain.replicate();
      const values = simulators.map(valueAt);
      const { forwarding, status } = await life.jobOf(ann);
      const at = `life ${String(count)} of ${seed}, which began with ${String(old)}: ${status} ${JSON.stringify(forwarding)}`;
      expect([at, values[0]]).toEqual([at, values[1]]);
      expect([at, ...life.wrong]).toEqual([at]);
      const value = values[0] ?? null;
      expect([at, isExplained(value, forwarding, old)]).toEqual([at, true]);
      for (const one of life.met) met.add(one);
      ends.add(forwarding?.state ?? 'none');
    }
    expect([...met].sort()).toEqual([
      ...['answered', 'busy', 'crash', 'lost-after', 'lost-before', 'other writer', 'referred'],
    ]);
    expect([...ends]).toEqual(expect.arrayContaining(['set', 'put-back', 'left', 'found']));
  }, 120_000);
});

/** Either the journal says that this value is there, or somebody else has written it. */
function isExplained(value: string | null, journal: JobForwarding | undefined, old: string | null): boolean {
  const isOthers = value === null || /^SMTP:other\d+@/.test(value);
  switch (journal?.state) {
    case undefined:
      return value === old || isOthers;
    case 'intended':
      return value === journal.next || value === journal.before || isOthers;
    case 'set':
    case 'found':
      return value === journal.next || isOthers;
    case 'put-back':
      return value === journal.before || isOthers;
    case 'left':
      return journal.why === undefined ? isOthers : value === journal.next || isOthers;
  }
}
