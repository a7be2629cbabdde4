import { createBatch } from '../../../shared/application/create-batch.ts';
import { tick } from '../../../shared/application/tick.ts';
import type { EndpointFile } from '../../../shared/domain/endpoint.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { anEndpoint, BatchWorld } from '../builders/batch-world.ts';
import { copyAll, runExecutions, runUntilAtRest, type Worker } from '../builders/run-executions.ts';

export const ann = 'ann@contoso.test';
export const bob = 'bob@contoso.test';
export const cy = 'cy@contoso.test';
export const people = [ann, bob, cy] as const;
export const batchName = 'wave1';

export function routingOf(address: string): string {
  return `SMTP:${address.replace(/@.*/, '')}@contoso.mail.onmicrosoft.com`;
}

export const stagedEndpoint: Partial<EndpointFile> = {
  type: 'staged',
  source: {
    kind: 'exchange',
    ewsUrl: 'https://mail.contoso.test/EWS/Exchange.asmx',
    login: { mode: 'admin', user: 'CONTOSO\\migadmin', secret: 'env:EXCHANGE' },
  },
  directory: { url: 'ldaps://dc1.contoso.test', base: 'DC=contoso,DC=test', user: 'migadmin', secret: 'env:AD' },
  target: {
    kind: 'exchange-online',
    tenant: 'contoso.test',
    clientId: 'app',
    certificate: 'file:app.pem',
    licence: { sku: 'SPE_E3', usageLocation: 'DE' },
    keeps: { octets: false, size: false, dates: true, keywords: false },
  },
};

interface Beginning {
  readonly endpoint?: Partial<EndpointFile>;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly csv?: string;
}

/** A staged batch of three people, who are on both sides as they should be. */
export class StagedWorld extends BatchWorld {
  constructor() {
    super();
    for (const address of people) {
      this.sourceDirectory.add({ primaryAddress: address });
      this.targetDirectory.add(address);
    }
  }

  async begin({ endpoint = {}, options = {}, csv }: Beginning = {}): Promise<void> {
    await this.services.store.putEndpoint(anEndpoint({ ...stagedEndpoint, ...endpoint }));
    const text = csv ?? `EmailAddress\n${people.join('\n')}\n`;
    await createBatch(this.services, {
      name: batchName,
      endpoint: 'contoso',
      csv: new TextEncoder().encode(text),
      options,
      start: true,
      startedBy: 'ada',
    });
  }

  worker(): Worker {
    return copyAll(() => this.now);
  }

  async run(worker: Worker = this.worker()): Promise<void> {
    await runExecutions(this, worker);
  }

  /** Runs to the end, over crashes. */
  async runOn(): Promise<void> {
    await runUntilAtRest(this, this.worker(), () => tick(this.services));
  }

  async jobOf(address: string): Promise<MailboxJob> {
    return await this.job(batchName, address);
  }

  forwarding(): readonly (string | null)[] {
    return people.map((address) => this.sourceDirectory.forwardingOf(address));
  }
}
