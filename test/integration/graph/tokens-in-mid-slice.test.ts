import { afterEach, describe, expect, it } from '@jest/globals';
import { mailTarget } from '../../../shared/adapters/mail-servers.ts';
import { errorCatalogue } from '../../../shared/domain/error-catalogue.ts';
import type { ExchangeOnlineSimulatorOptions } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { SleepingClock } from '../../support/exchange-online/sleeping-clock.ts';
import { generateMailbox } from '../../support/mail/generate-mailbox.ts';
import { GraphWorld, anna } from '../graph-mailbox/support/graph-world.ts';

const messages = 40;

describe('Tokens that end while a mailbox is copied', () => {
  let world: GraphWorld | undefined;
  /** Called at each request. */
  let revoke: (() => void) | undefined;
  afterEach(async () => {
    revoke = undefined;
    await world?.close();
  });

  async function filled(options: Partial<ExchangeOnlineSimulatorOptions> = {}): Promise<GraphWorld> {
    const clock = options.clock ?? new SleepingClock();
    const services = { clock, secrets: () => Promise.resolve('master'), objects: new MemoryObjectStore() };
    const opened = await GraphWorld.open({
      simulator: { clock, watch: () => revoke?.(), ...options },
      change: { mailTarget: (endpoint) => mailTarget(endpoint, services) },
    });
    world = opened;
    opened.fill(generateMailbox({ seed: 11, folders: 3, messages }));
    return opened;
  }

  const refused = ({ simulator }: GraphWorld): number =>
    simulator.log.requests.filter(({ status }) => status === 401).length;

  it('are renewed before their end in the middle of a slice', async () => {
    // Each request takes 2 s of a token of 200 s.
    const opened = await filled({ clock: new SleepingClock(), tokenLifetimeSeconds: 200, latencyMs: 2_000 });

    const output = await opened.harness.slice(anna);

    expect(output.outcome).toBe('done');
    expect(opened.items).toHaveLength(messages);
    expect(opened.simulator.signIn.issued).toBeGreaterThan(1);
  });

  it('are replaced at once where they are taken back', async () => {
    const opened = await filled();
    for (let times = 0; times < 50; times += 1) opened.simulator.play({ path: '/messages', skip: 23, status: 401 });

    const output = await opened.harness.slice(anna);

    expect(output.outcome).toBe('done');
    expect(opened.items).toHaveLength(messages);
    expect(refused(opened)).toBeGreaterThan(2);
  });

  it('leave a mailbox waiting where the new one is refused too, and it goes on later', async () => {
    const opened = await filled();
    opened.simulator.play({ method: 'POST', path: /messages$/, skip: 10, times: 8, status: 401 });

    const output = await opened.harness.slice(anna);
    const job = await opened.harness.run(anna);

    expect(output).toMatchObject({ outcome: 'waiting', reason: expect.stringContaining('just given is refused') });
    expect(job).toMatchObject({ status: 'Synced', error: null, items: { copied: messages } });
    expect(opened.items).toHaveLength(messages);
  });

  it('end a mailbox with its code and fix where the secret was taken back', async () => {
    const opened = await filled();
    const { applications } = opened.simulator.tenants[0] ?? { applications: [] };
    const [application] = applications;
    if (application === undefined) throw new Error('There is no application.');
    const { simulator } = opened;
    let asked = 0;
    revoke = () => {
      asked += 1;
      if (asked !== 30) return;
      applications.splice(0, 1, { ...application, secret: 'another' });
      simulator.tokens.revokeAll();
    };
    const output = await opened.harness.slice(anna);

    expect(output.outcome).toBe('failed');
    const job = await opened.harness.store.getJob('b', anna);
    expect(job?.error).toMatchObject({
      code: 'APPLICATION_SECRET_REFUSED',
      kind: 'ConfigurationError',
      message: expect.stringMatching(/target\.secret.*AADSTS7000215/),
    });
    expect(errorCatalogue.APPLICATION_SECRET_REFUSED.fix).toContain('new client secret');
  });
});
