import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OnlineItem } from '../../simulator/exchange-online/store/online-item.ts';
import type { PracticeOrganisation } from '../../simulator/practice-organisation.ts';
import type { Command } from '../support/e2e/command.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { compareOrganisation } from '../support/practice/compare-organisation.ts';
import { startCompany } from '../support/practice/start-company.ts';

const patienceMs = 300_000;

describe('A staged batch from an Exchange that exports its items', () => {
  let company: PracticeOrganisation;
  let workspace: Workspace;
  let csv: string;

  beforeAll(async () => {
    company = await startCompany({ people: 2, messages: 12, exchangeVersion: '2010SP1' });
    workspace = new Workspace(company.environment);
    csv = workspace.write('wave.csv', `EmailAddress\n${company.addresses.join('\n')}\n`);
  }, patienceMs);

  afterAll(async () => {
    await workspace.remove();
    await company.stop();
  });

  function run(mail: 'fts' | 'auto'): Command {
    const endpoint = company.endpoint('contoso') as { readonly name: string; readonly target: object };
    const changed = { target: { ...endpoint.target, mail }, defaults: { settleAfter: 2 } };
    const file = workspace.writeEndpoint({ ...endpoint, ...changed });
    return workspace.start('run', '--endpoint', file, '--csv', csv, '--json');
  }

  /** How many of each class are what Exchange had exported: nothing else has a date of creation in its properties. */
  function imported(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const address of company.addresses)
      for (const { single, kind } of itemsOf(address)) {
        const name = single.get('String 0x1a') ?? kind;
        if (single.has('SystemTime 0x3007')) counts[name] = (counts[name] ?? 0) + 1;
      }
    return counts;
  }

  /** None before it is provisioned. */
  function itemsOf(address: string): readonly OnlineItem[] {
    return company.online.tenants.flatMap((tenant) => tenant.user(address)?.mailbox?.items() ?? []);
  }

  it(
    'ends with each item once, imported but for the calendar, after it was killed and run again',
    async () => {
      const killed = run('fts');
      while (imported()['IPM.Contact'] === undefined && !killed.ended) await sleep(2);
      // Not killed: then nothing would have been tried.
      expect(killed.ended).toBe(false);
      killed.kill();
      await killed.end;

      const end = await run('auto').end;

      expect({ code: end.code, stderr: end.code === 0 ? '' : end.stderr }).toEqual({ code: 0, stderr: '' });
      const batch = shownBatch(end);
      expect(batch).toMatchObject({ status: 'Synced', counts: { synced: 2 } });
      expect(compareOrganisation(company)).toEqual([]);
      expect(imported()).toEqual({ 'IPM.Contact': 12, 'IPM.DistList': 2, 'IPM.Task': 6, 'IPM.StickyNote': 6 });
      expect(company.online.invitations).toEqual([]);
      const report = readFileSync(batch.reports.verification ?? '', 'utf8');
      expect(report).toContain('mailbox import of mail, contacts, tasks and notes, Graph for what it does not take');
    },
    patienceMs,
  );
});
