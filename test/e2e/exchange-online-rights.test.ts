import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { allRoutes } from '../../simulator/exchange-online/routes/all-routes.ts';
import { findRoute, shortPath } from '../../simulator/exchange-online/graph-routing.ts';
import type { PracticeOrganisation } from '../../simulator/practice-organisation.ts';
import type { CommandEnd } from '../support/e2e/command.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { rightsOfGraph } from '../support/exchange-online/rights-table.ts';
import { compareOrganisation } from '../support/practice/compare-organisation.ts';
import { startCompany } from '../support/practice/start-company.ts';

const patienceMs = 300_000;

describe('A staged batch with everything in it, by an application that has the rights of the table alone', () => {
  let company: PracticeOrganisation;
  let workspace: Workspace;
  let end: CommandEnd;

  beforeAll(async () => {
    company = await startCompany({ people: 3, messages: 20, exchangeVersion: '2010SP1' });
    const { applications } = company.online.tenants[0] ?? { applications: [] };
    applications.splice(
      0,
      applications.length,
      ...applications.map((application) => ({ ...application, permissions: rightsOfGraph })),
    );
    workspace = new Workspace(company.environment);
    const { target, ...endpoint } = company.endpoint('contoso') as Readonly<Record<string, object>>;
    const file = { name: 'contoso', ...endpoint, target: { ...target, mail: 'fts' } };
    const rows = company.addresses.map((address) => `${address},Passw0rd!${address.slice(0, 4)},true`);
    const csv = `EmailAddress,Password,ForceChangePassword\n${rows.join('\n')}\n`;
    const files = ['--endpoint', workspace.writeEndpoint(file), '--csv', workspace.write('wave.csv', csv)];
    end = await workspace.call('run', ...files, '--option', 'outOfOffice=set', '--json');
  }, patienceMs);

  afterAll(async () => {
    await workspace.remove();
    await company.stop();
  });

  it('is migrated', () => {
    expect({ code: end.code, stderr: end.code === 0 ? '' : end.stderr }).toEqual({ code: 0, stderr: '' });
    expect(shownBatch(end)).toMatchObject({ status: 'Synced', counts: { synced: 3 } });
    expect(compareOrganisation(company)).toEqual([]);
  });

  it('is refused nothing', () => {
    const refused = company.online.log.requests.filter(({ status }) => status === 401 || status === 403);
    expect(refused).toEqual([]);
  });

  it('uses every right of the table', () => {
    const wanted = new Set<string>();
    for (const { method, path } of company.online.log.requests) {
      if (!path.startsWith('/v1.0/') || path.endsWith('batch')) continue;
      const found = findRoute(allRoutes, method, shortPath(path.replace(/^\/v1\.0/, '')));
      if (found === undefined || found === 'path') throw new Error(`${method} ${path} is no route`);
      const { permissions, permissionsFor } = found.route;
      for (const name of [...permissions, ...(permissionsFor?.({}) ?? [])]) wanted.add(name);
    }
    expect(rightsOfGraph.filter((right) => !wanted.has(right))).toEqual([]);
  });
});
