import { CopyHarness } from '../../../support/copy/copy-harness.ts';
import type { GeneratedMailbox } from '../../../support/mail/generated-mailbox.ts';
import { ScriptedImapServer } from '../../../support/scripted-imap-server/scripted-imap-server.ts';
import { ExchangeOnlineSimulator } from '../../../../simulator/exchange-online/exchange-online-simulator.ts';
import type { ExchangeOnlineSimulatorOptions } from '../../../../simulator/exchange-online/exchange-online-simulator.ts';
import type { OnlineItem } from '../../../../simulator/exchange-online/store/online-item.ts';
import type { CopyServices } from '../../../../shared/application/copy/copy-slice.ts';
import { canonicalForm } from '../../../../shared/domain/item-digest.ts';
import { Endpoint } from '../../../../shared/domain/endpoint.ts';
import { formatInternalDate } from '../../../../shared/adapters/imap/protocol/internal-date.ts';

export const anna = 'anna@contoso.test';
const tenant = '7b3a1f0e-1111-4222-8333-444455556666';
const clientId = '0a0b0c0d-1234-4567-89ab-000000000001';

/** Mail of a scripted IMAP server, copied by the engine to a mailbox of the practice Exchange Online. */
export class GraphWorld {
  readonly source: ScriptedImapServer;
  readonly simulator: ExchangeOnlineSimulator;
  readonly harness: CopyHarness;

  private constructor(source: ScriptedImapServer, simulator: ExchangeOnlineSimulator, harness: CopyHarness) {
    this.source = source;
    this.simulator = simulator;
    this.harness = harness;
  }

  static async open(
    options: {
      readonly simulator?: Partial<ExchangeOnlineSimulatorOptions>;
      readonly change?: Partial<CopyServices>;
      readonly options?: Readonly<Record<string, unknown>>;
    } = {},
  ): Promise<GraphWorld> {
    const source = await ScriptedImapServer.start({ users: { [anna]: 'pw' } });
    const simulator = await startSimulator(options.simulator);
    const harness = await CopyHarness.open({
      source: { imapPort: source.port },
      target: { imapPort: 1 },
      mailbox: anna,
      password: 'pw',
      ...(options.change === undefined ? {} : { change: options.change }),
      options: { settleAfter: 0, ...options.options },
    });
    const before = await harness.store.getEndpoint('e');
    await harness.store.putEndpoint(Endpoint.parse({ ...before, target: targetOf(simulator) }));
    return new GraphWorld(source, simulator, harness);
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

  get items(): readonly OnlineItem[] {
    return this.simulator.mailbox(anna).items();
  }

  async close(): Promise<void> {
    this.harness.close();
    await Promise.all([this.source.stop(), this.simulator.stop()]);
  }
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

export function targetOf(simulator: ExchangeOnlineSimulator): object {
  return {
    kind: 'exchange-online',
    tenant,
    clientId,
    secret: 'env:SECRET',
    mail: 'graph',
    practice: { login: simulator.url, graph: simulator.url },
  };
}
