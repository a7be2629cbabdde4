import { mailSource, mailTarget } from '../../../../shared/adapters/mail-servers.ts';
import { Endpoint } from '../../../../shared/domain/endpoint.ts';
import type { ObjectStore } from '../../../../shared/ports/object-store.ts';
import { ExchangeSimulator } from '../../../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../../../simulator/exchange/practice-mailbox.ts';
import type { ExchangeOnlineSimulator } from '../../../../simulator/exchange-online/exchange-online-simulator.ts';
import type { OnlineItem } from '../../../../simulator/exchange-online/store/online-item.ts';
import { rightsOfGraph } from '../../../support/exchange-online/rights-table.ts';
import { CopyHarness } from '../../../support/copy/copy-harness.ts';
import { anna, fastClock, startSimulator, targetOf } from '../../graph-mailbox/support/graph-world.ts';

type Objects = Pick<ObjectStore, 'create' | 'get'>;

/** What a practice Exchange exports, copied by the engine to a practice Exchange Online. */
export class ImportWorld {
  readonly exchange: ExchangeSimulator;
  readonly online: ExchangeOnlineSimulator;
  readonly harness: CopyHarness;
  readonly #worker: { diesAt: number };

  private constructor(parts: Pick<ImportWorld, 'exchange' | 'online' | 'harness'>, worker: { diesAt: number }) {
    this.exchange = parts.exchange;
    this.online = parts.online;
    this.harness = parts.harness;
    this.#worker = worker;
  }

  static async open(
    fill: (mailbox: PracticeMailbox) => void,
    more: { readonly mail?: 'auto' | 'fts'; readonly version?: '2007SP1' | '2010SP1' } = {},
  ): Promise<ImportWorld> {
    const { mail = 'fts', version = '2010SP1' } = more;
    const mailbox = new PracticeMailbox(anna);
    fill(mailbox);
    const exchange = await ExchangeSimulator.start({
      mailboxes: [mailbox],
      accounts: [{ name: anna, password: 'pw', opens: [anna] }],
      version,
    });
    const clock = fastClock();
    const online = await startSimulator({ clock });
    const worker: { objects?: Objects; diesAt: number } = { diesAt: Infinity };
    const objects: Objects = {
      create: async (key, octets) => {
        if (online.log.requests.length >= worker.diesAt) throw new Error('killed');
        return (await worker.objects?.create(key, octets)) ?? 'exists';
      },
      get: async (key) => worker.objects?.get(key),
    };
    const secrets = (): Promise<string> => Promise.resolve('master');
    const harness = await CopyHarness.open({
      source: { imapPort: 1 },
      target: { imapPort: 1 },
      mailbox: anna,
      password: 'pw',
      change: {
        mailSource: (endpoint) => mailSource(endpoint, { clock, secrets, objects }),
        mailTarget: (endpoint) => mailTarget(endpoint, { clock, secrets, objects }),
        settings: {
          operator: null,
          firstWaitSeconds: 0,
          longestWaitSeconds: 0,
          sliceBudgetMs: 600_000,
          settleLookMs: 5,
          leaseMs: 90_000,
          renewMs: 30_000,
          bucket: 'files',
          consoleUrl: null,
        },
      },
      options: { settleAfter: 0 },
    });
    worker.objects = harness.services.objects;
    const before = await harness.store.getEndpoint('e');
    const source = { kind: 'exchange', ewsUrl: exchange.ewsUrl, login: { mode: 'user' } };
    await harness.store.putEndpoint(Endpoint.parse({ ...before, source, target: { ...targetOf(online), mail } }));
    return new ImportWorld({ exchange, online, harness }, worker);
  }

  async killAt(request: number, drop: 'before' | 'after'): Promise<void> {
    const { log, faults } = this.online;
    this.online.play({ skip: request, drop }, { drop: 'before', times: 100_000 });
    this.#worker.diesAt = log.requests.length + request + 1;
    await this.harness.slice(anna).catch(() => undefined);
    this.#worker.diesAt = Infinity;
    faults.clear();
  }

  /** The same mailbox, with another setting of the endpoint. */
  async write(mail: 'auto' | 'fts' | 'graph'): Promise<void> {
    const before = await this.harness.store.getEndpoint('e');
    const target = { ...targetOf(this.online), mail };
    await this.harness.store.putEndpoint(Endpoint.parse({ ...before, target }));
  }

  /** From now on the application has those rights of the documentation alone that are chosen. */
  permit(isGranted: (right: string) => boolean): void {
    const applications = this.online.tenants.flatMap((tenant) => tenant.applications);
    const permissions = rightsOfGraph.filter(isGranted);
    for (const application of applications) Object.assign(application, { permissions });
  }

  get items(): readonly OnlineItem[] {
    return this.online.mailbox(anna).items();
  }

  /** Where among the requests so far the first ones are that only an import makes. */
  importing(own: RegExp, most: number): readonly number[] {
    const places = this.online.log.requests.flatMap(({ path, method }, at) =>
      own.test(`${method} ${path}`) ? [at] : [],
    );
    return places.slice(0, most);
  }

  get imports(): number {
    return this.online.log.requests.filter(({ path }) => path.includes('importItem')).length;
  }

  async close(): Promise<void> {
    this.harness.close();
    await Promise.all([this.exchange.stop(), this.online.stop()]);
  }
}
