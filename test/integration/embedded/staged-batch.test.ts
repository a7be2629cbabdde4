import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrateBatchDefinition } from '../../../infra/constructs/migrate-batch-definition.ts';
import { openLocalAdapters, type LocalAdapters } from '../../../local/local-adapters.ts';
import { readSettings } from '../../../local/settings.ts';
import { loadManifest, workflowTasks } from '../../../local/tasks.ts';
import type { Definition } from '../../../local/workflow/embedded-definition.ts';
import { WorkflowRunner } from '../../../local/workflow/workflow-runner.ts';
import { imapMailTarget } from '../../../shared/adapters/imap/imap-mail-target.ts';
import { createBatch } from '../../../shared/application/create-batch.ts';
import type { Services } from '../../../shared/application/services.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import { tick } from '../../../shared/application/tick.ts';
import { Endpoint, ImapServer } from '../../../shared/domain/endpoint.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { ExchangeSimulator } from '../../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { MemorySourceDirectory } from '../../support/directories/memory-source-directory.ts';
import { MemoryTargetDirectory } from '../../support/directories/memory-target-directory.ts';
import { people, routingOf, stagedEndpoint } from '../../support/directories/staged-world.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { fillExchange } from '../../support/exchange/fill-exchange.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { snapshotDovecot } from '../../support/mail/snapshot-mailbox.ts';

const password = 'Secr3t-word';
const messages = 40;
const batch = 'wave1';

/** An embedded service on one data folder: directories in memory, a practice Exchange, and Dovecot in the cloud's place. */
class Company {
  readonly sourceDirectory = new MemorySourceDirectory();
  readonly targetDirectory = new MemoryTargetDirectory();
  readonly dataDir = mkdtempSync(join(tmpdir(), 'stagecoach-staged-'));
  #opened:
    { readonly adapters: LocalAdapters; readonly services: Services; readonly runner: WorkflowRunner } | undefined;

  constructor() {
    for (const address of people) {
      this.sourceDirectory.add({ primaryAddress: address });
      this.targetDirectory.add(address);
    }
  }

  get services(): Services {
    if (this.#opened === undefined) throw new Error('The service is not running.');
    return this.#opened.services;
  }

  async open(target: DovecotServer): Promise<void> {
    const environment = {
      EXCHANGE: 'source-pw',
      STAGECOACH_KEY: 'env:TEST_KEY',
      TEST_KEY: Buffer.alloc(32, 7).toString('base64'),
      STAGECOACH_FIRST_WAIT_SECONDS: '1',
      STAGECOACH_LONGEST_WAIT_SECONDS: '1',
      STAGECOACH_SETTLE_LOOK_MS: '200',
    };
    const settings = readSettings({ ...environment, TEST_KEY: undefined, EXCHANGE: undefined });
    const adapters = await openLocalAdapters({ dataDir: this.dataDir, settings, environment });
    const { secrets, clock } = adapters.services;
    const dovecot = ImapServer.parse({
      kind: 'imap',
      host: '127.0.0.1',
      port: target.imapPort,
      security: 'none',
      login: { mode: 'user' },
    });
    const nothing = (): void => undefined;
    const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
    const runner = new WorkflowRunner({
      definition: migrateBatchDefinition() as Definition,
      handlers: workflowTasks(() => services),
      loadManifest: (plan) => loadManifest(services, plan),
      log,
    });
    const services: Services = {
      ...adapters.services,
      mailTarget: () => imapMailTarget(dovecot, { secrets, clock }),
      endpointProbe: {
        probe: () => Promise.resolve([]),
        discover: () => Promise.reject(new Error('the address is in the file')),
        probeDirectories: () => Promise.resolve([]),
        probeStorage: () => Promise.reject(new Error('what the target keeps is known')),
      },
      sourceDirectory: () => this.sourceDirectory.port,
      targetDirectory: () => this.targetDirectory.port,
      outOfOfficeSource: () => ({
        read: () =>
          Promise.resolve({
            ...{ state: 'always', from: null, until: null, internalReply: 'Away', externalReply: null },
            externalAudience: 'all',
          } as const),
      }),
      workflow: runner,
      log,
      settings: { ...settings.deployment, bucket: this.dataDir },
    };
    await services.store.endAllLeases();
    this.#opened = { adapters, services, runner };
  }

  async settled(): Promise<void> {
    await this.#opened?.runner.settled(batch);
  }

  async close(): Promise<void> {
    await this.#opened?.runner.stopAll();
    this.#opened?.adapters.close();
    this.#opened = undefined;
  }

  async jobs(): Promise<readonly MailboxJob[]> {
    const jobs: MailboxJob[] = [];
    for await (const job of this.services.store.jobs(batch)) jobs.push(job);
    return jobs.sort((a, b) => a.row - b.row);
  }

  mails(): readonly string[] {
    const folder = join(this.dataDir, 'mail');
    return readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  }
}

describeWithDovecot('A staged batch in the embedded service', () => {
  let exchange: ExchangeSimulator;
  let target: DovecotServer;
  const company = new Company();

  beforeAll(async () => {
    const mailboxes = people.map((address) => new PracticeMailbox(address, { inbox: 'Inbox' }));
    for (const mailbox of mailboxes)
      fillExchange(mailbox, generateMailbox({ seed: mailbox.address, folders: 3, messages }));
    [exchange, target] = await Promise.all([
      ExchangeSimulator.start({
        mailboxes,
        accounts: [{ name: 'CONTOSO\\migadmin', password: 'source-pw', opens: '*' }],
        auth: ['NTLM'],
      }),
      DovecotServer.start({ users: Object.fromEntries(people.map((address) => [address, password])) }),
    ]);
    await company.open(target);
  });

  afterAll(async () => {
    await company.close();
    await Promise.all([exchange.stop(), target.stop()]);
    rmSync(company.dataDir, { recursive: true, force: true });
  });

  it('goes on where it was when the service ends while a mailbox is waited for, and moves everybody', async () => {
    const [, bob] = people;
    company.targetDirectory.add(bob, { isLicensed: false, looks: Infinity });
    await company.services.store.putEndpoint(
      Endpoint.parse({
        ...stagedEndpoint,
        name: 'contoso',
        source: { ...stagedEndpoint.source, ewsUrl: exchange.ewsUrl },
        defaults: { settleAfter: 1, notify: ['admin@contoso.test'] },
      }),
    );
    const csv = `EmailAddress,Password\n${people.map((one) => `${one},${password}`).join('\n')}\n`;
    await createBatch(company.services, {
      ...{ name: batch, endpoint: 'contoso', options: {}, start: true, startedBy: 'ada' },
      csv: new TextEncoder().encode(csv),
    });
    while ((await company.jobs()).filter(({ status }) => status === 'Provisioned').length < 2) await pause();
    expect((await company.jobs())[1]).toMatchObject({
      status: 'Provisioning',
      reason: 'waiting for the target mailbox, 0 min',
    });
    expect(company.sourceDirectory.forwardingOf(bob)).toBeNull();

    await company.close();
    company.targetDirectory.add(bob, { isLicensed: true });
    await company.open(target);
    await tick(company.services);
    await company.settled();

    const shown = await company.services.store.getBatch(batch);
    expect([shown?.status, shown?.reason]).toEqual(['Synced', '3 mailboxes synced, each with sums that close.']);
    for (const address of people) {
      expect(company.sourceDirectory.forwardingOf(address)).toBe(routingOf(address));
      const folders = [...(await snapshotDovecot(target, address)).values()];
      expect(folders.reduce((sum, folder) => sum + folder.messages.length, 0)).toBe(messages);
    }
    expect(company.sourceDirectory.writes).toHaveLength(3);
    expect(company.targetDirectory.passwords).toHaveLength(3);
    const jobs = await company.jobs();
    expect(jobs.map(({ outOfOffice }) => outOfOffice?.carried)).toEqual(['switch', 'switch', 'switch']);
    const said = (words: string) =>
      company.mails().filter((mail) => mail.includes(`\nE-mail migration batch "${batch}" ${words}`)).length;
    expect([said('is prepared'), said('has finished')]).toEqual([1, 1]);
  }, 180_000);

  it('puts forwarding back when it is asked to, and leaves what was copied', async () => {
    await stopBatch(company.services, { batch, by: 'ada', rollback: true });
    await company.settled();

    for (const address of people) expect(company.sourceDirectory.forwardingOf(address)).toBeNull();
    const jobs = await company.jobs();
    expect(jobs.map(({ status, forwarding }) => [status, forwarding?.state])).toEqual(
      people.map(() => ['Synced', 'put-back']),
    );
  });
});

async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
