import type { ExchangeSimulator } from '../../../../simulator/exchange/exchange-simulator.ts';
import type { PracticeMailbox } from '../../../../simulator/exchange/practice-mailbox.ts';
import type { ExchangeOnlineSimulator } from '../../../../simulator/exchange-online/exchange-online-simulator.ts';
import type { OnlineItem } from '../../../../simulator/exchange-online/store/online-item.ts';
import type { CopyHarness } from '../../../support/copy/copy-harness.ts';
import { rightsOfGraph } from '../../../support/exchange-online/rights-table.ts';
import { GraphWorld, targetOf } from '../../graph-mailbox/support/graph-world.ts';

/** What a practice Exchange exports, copied by the engine to a practice Exchange Online. */
export class ImportWorld {
  readonly #graph: GraphWorld;
  readonly exchange: ExchangeSimulator;
  readonly online: ExchangeOnlineSimulator;
  readonly harness: CopyHarness;

  private constructor(graph: GraphWorld, exchange: ExchangeSimulator) {
    this.#graph = graph;
    this.exchange = exchange;
    this.online = graph.simulator;
    this.harness = graph.harness;
  }

  static async open(
    fill: (mailbox: PracticeMailbox) => void,
    {
      mail = 'fts',
      version = '2010SP1',
    }: { readonly mail?: 'auto' | 'fts'; readonly version?: '2007SP1' | '2010SP1' } = {},
  ): Promise<ImportWorld> {
    const graph = await GraphWorld.open({ exchange: fill, version, mail });
    if (graph.exchange === undefined) throw new Error('no Exchange');
    return new ImportWorld(graph, graph.exchange);
  }

  killAt(request: number, drop: 'before' | 'after'): Promise<void> {
    return this.#graph.killAt(request, drop);
  }

  /** The same mailbox, with another setting of the endpoint. */
  async write(mail: 'auto' | 'fts' | 'graph'): Promise<void> {
    await this.harness.changeEndpoint({ target: { ...targetOf(this.online), mail } });
  }

  /** From now on the application has those rights of the documentation alone that are chosen. */
  permit(isGranted: (right: string) => boolean): void {
    const applications = this.online.tenants.flatMap((tenant) => tenant.applications);
    const permissions = rightsOfGraph.filter(isGranted);
    for (const application of applications) Object.assign(application, { permissions });
  }

  get items(): readonly OnlineItem[] {
    return this.#graph.items;
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

  close(): Promise<void> {
    return this.#graph.close();
  }
}
