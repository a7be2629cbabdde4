import { mailSource, mailTarget } from '../../../../shared/adapters/mail-servers.ts';
import type { Clock } from '../../../../shared/ports/clock.ts';
import type { ObjectStore } from '../../../../shared/ports/object-store.ts';
import { SleepingClock } from '../../../support/exchange-online/sleeping-clock.ts';
import { CopyHarness } from '../../../support/copy/copy-harness.ts';
import type { GeneratedMailbox } from '../../../support/mail/generated-mailbox.ts';
import { ScriptedImapServer } from '../../../support/scripted-imap-server/scripted-imap-server.ts';
import { ExchangeSimulator } from '../../../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../../../simulator/exchange/practice-mailbox.ts';
import { ExchangeOnlineSimulator } from '../../../../simulator/exchange-online/exchange-online-simulator.ts';
import type { ExchangeOnlineSimulatorOptions } from '../../../../simulator/exchange-online/exchange-online-simulator.ts';
import type { OnlineItem } from '../../../../simulator/exchange-online/store/online-item.ts';
import type { CopyServices } from '../../../../shared/application/copy/copy-slice.ts';
import { canonicalForm } from '../../../../shared/domain/item-digest.ts';
import { formatInternalDate } from '../../../../shared/domain/internal-date.ts';

type Objects = Pick<ObjectStore, 'create' | 'get'>;

export const anna = 'anna@contoso.test';
const settings: CopyServices['settings'] = {
  operator: null,
  firstWaitSeconds: 0,
  longestWaitSeconds: 0,
  sliceBudgetMs: 600_000,
  settleLookMs: 5,
  leaseMs: 90_000,
  renewMs: 30_000,
  bucket: 'files',
  consoleUrl: null,
};
const tenant = '7b3a1f0e-1111-4222-8333-444455556666';
const clientId = '0a0b0c0d-1234-4567-89ab-000000000001';

/**
 * Mail of a scripted IMAP server, or what is in a mailbox of the practice Exchange, copied by the engine to a mailbox of
 * the practice Exchange Online.
 */
export class GraphWorld {
  readonly source: ScriptedImapServer;
  /** Undefined: the source is the IMAP server. */
  readonly exchange: ExchangeSimulator | undefined;
  readonly simulator: ExchangeOnlineSimulator;
  readonly harness: CopyHarness;
  /** Of both sides of the target. */
  readonly clock: Clock;

  readonly #worker: { diesAt: number };
  /** The practice Exchange Online is another world's, which stops it. */
  readonly #isGuest: boolean;

  private constructor(
    parts: Pick<GraphWorld, 'source' | 'exchange' | 'simulator' | 'harness' | 'clock'> & {
      worker: { diesAt: number };
      isGuest: boolean;
    },
  ) {
    this.source = parts.source;
    this.exchange = parts.exchange;
    this.simulator = parts.simulator;
    this.harness = parts.harness;
    this.clock = parts.clock;
    this.#worker = parts.worker;
    this.#isGuest = parts.isGuest;
  }

  /** A worker is killed at a request: nothing that it does later reaches anybody. Others go on from there. */
  async killAt(request: number, drop: 'before' | 'after'): Promise<void> {
    const { log, faults } = this.simulator;
    this.simulator.play({ skip: request, drop }, { drop: 'before', times: 100_000 });
    this.#worker.diesAt = log.requests.length + request + 1;
    await this.harness.slice(anna).catch(() => undefined);
    this.#worker.diesAt = Infinity;
    faults.clear();
  }

  static async open(
    options: {
      readonly simulator?: Partial<ExchangeOnlineSimulatorOptions>;
      readonly change?: Partial<CopyServices>;
      readonly options?: Readonly<Record<string, unknown>>;
      /** What the mailbox holds, at an Exchange in place of the IMAP server. */
      readonly exchange?: (mailbox: PracticeMailbox) => void;
      readonly version?: '2007SP1' | '2010SP1';
      /** How the target is written, where it is not Graph. */
      readonly mail?: 'auto' | 'fts';
      /** Of another world: what was migrated before, all of whose state is lost. */
      readonly into?: GraphWorld;
    } = {},
  ): Promise<GraphWorld> {
    const source = await ScriptedImapServer.start({ users: { [anna]: 'pw' } });
    const clock = new SleepingClock();
    const simulator = options.into?.simulator ?? (await startSimulator({ clock, ...options.simulator }));
    const exchange =
      options.exchange === undefined ? undefined : await startExchange(options.exchange, options.version);
    const worker: { objects?: Objects; diesAt: number } = { diesAt: Infinity };
    const objects: Objects = {
      create: async (key, octets) => {
        if (simulator.log.requests.length >= worker.diesAt) throw new Error('killed');
        return (await worker.objects?.create(key, octets)) ?? 'exists';
      },
      get: async (key) => worker.objects?.get(key),
    };
    const secrets = (): Promise<string> => Promise.resolve('master');
    const login = { mode: 'user' };
    const from = exchange === undefined ? source : { kind: 'exchange', ewsUrl: exchange.ewsUrl, auth: 'basic', login };
    const harness = await CopyHarness.open({
      source: from,
      target: { ...targetOf(simulator), ...(options.mail === undefined ? {} : { mail: options.mail }) },
      mailbox: anna,
      password: 'pw',
      change: {
        mailTarget: (endpoint) => mailTarget(endpoint, { clock, secrets, objects }),
        ...(exchange === undefined
          ? {}
          : { mailSource: (endpoint) => mailSource(endpoint, { clock, secrets, objects }) }),
        settings,
        ...options.change,
      },
      options: { settleAfter: 0, ...options.options },
    });
    worker.objects = harness.services.objects;
    const isGuest = options.into !== undefined;
    return new GraphWorld({ source, exchange, simulator, harness, clock, worker, isGuest });
  }

  fill(mailbox: GeneratedMailbox): void {
    const account = this.source.account(anna);
    for (const { path, messages } of mailbox.folders) {
      const folder = account.create(path.join('/'));
      for (const message of messages)
        folder.add({
          octets: canonicalForm(message.stored()),
          internalDate: formatInternalDate(message.internalDate.getTime()),
          flags: message.flags.filter((flag) => flag !== '\\Deleted'),
        });
    }
  }

  add(message: {
    readonly folder?: string;
    readonly octets: Buffer;
    readonly date: string;
    readonly flags?: readonly string[];
  }): void {
    const { folder = 'INBOX', octets, date, flags = [] } = message;
    const internalDate = formatInternalDate(Date.parse(date));
    this.source.account(anna).create(folder).add({ octets, internalDate, flags });
  }

  /** What a user does to an item, after so long a time. */
  async edit(item: OnlineItem, change: (item: OnlineItem) => void, afterMs = 10_000): Promise<void> {
    await this.clock.sleep(afterMs, new AbortController().signal);
    change(item);
    this.simulator.mailbox(anna).touch(item);
  }

  get items(): readonly OnlineItem[] {
    return this.simulator.mailbox(anna).items();
  }

  async close(): Promise<void> {
    this.harness.close();
    await Promise.all([this.source.stop(), this.exchange?.stop(), this.#isGuest ? undefined : this.simulator.stop()]);
  }
}

function startExchange(
  fill: (mailbox: PracticeMailbox) => void,
  version: '2007SP1' | '2010SP1' = '2010SP1',
): Promise<ExchangeSimulator> {
  const mailbox = new PracticeMailbox(anna);
  fill(mailbox);
  const accounts = [{ name: anna, password: 'pw', opens: [anna] }];
  return ExchangeSimulator.start({ mailboxes: [mailbox], accounts, version });
}

export function startSimulator(
  options: Partial<ExchangeOnlineSimulatorOptions> = {},
): Promise<ExchangeOnlineSimulator> {
  return ExchangeOnlineSimulator.start({
    tenants: [
      {
        id: tenant,
        applications: [{ clientId, secret: 'master' }],
        users: [{ userPrincipalName: anna, displayName: 'Anna' }],
      },
    ],
    ...options,
  });
}

export function targetOf(simulator: ExchangeOnlineSimulator) {
  return {
    kind: 'exchange-online',
    tenant,
    clientId,
    secret: 'env:SECRET',
    mail: 'graph',
    practice: { login: simulator.url, graph: simulator.url },
  };
}
