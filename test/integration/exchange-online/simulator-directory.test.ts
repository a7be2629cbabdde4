import { afterEach, describe, expect, it } from '@jest/globals';
import type { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { graphOf, startPractice } from './support/practice-organisation.ts';

const skuId = '06ebc4ee-1bb5-47dd-8120-11324bc54e06';
const carl = 'carl@contoso.test';

describe('the directory of the practice Exchange Online', () => {
  let simulator: ExchangeOnlineSimulator;
  afterEach(() => simulator.stop());

  it('finds users by any of their addresses', async () => {
    simulator = await startPractice({
      users: [
        {
          userPrincipalName: carl,
          proxyAddresses: ['SMTP:carl@contoso.test', "smtp:o'carl@contoso.test"],
          mailbox: false,
        },
        { userPrincipalName: 'dora@contoso.test' },
      ],
    });
    const graph = await graphOf(simulator);
    const find = async (filter: string) =>
      (await graph('GET', `/users?$filter=${encodeURIComponent(filter)}&$select=id,mail`)).json.value;
    expect(await find("proxyAddresses/any(p:p eq 'smtp:O''CARL@contoso.test')")).toMatchObject([{ mail: carl }]);
    expect(await find("proxyAddresses/any(p:p eq 'smtp:x@x.test') or mail eq 'carl@contoso.test'")).toHaveLength(1);
    expect(await find("userPrincipalName eq 'nobody@contoso.test'")).toEqual([]);
  });

  it('licenses a user with a usage location while units are left', async () => {
    simulator = await startPractice({
      skus: [{ skuId, skuPartNumber: 'SPE_E3', enabled: 1 }],
      users: [
        { userPrincipalName: carl, mailbox: false, synchronised: true },
        { userPrincipalName: 'dora@contoso.test', mailbox: false, usageLocation: 'DE' },
      ],
    });
    const graph = await graphOf(simulator);
    const assign = (user: string) =>
      graph('POST', `/users/${user}/assignLicense`, {
        body: { addLicenses: [{ skuId, disabledPlans: [] }], removeLicenses: [] },
      });
    expect((await assign(carl)).json.error.message).toContain('usage location');
    expect((await graph('PATCH', `/users/${carl}`, { body: { usageLocation: 'DE' } })).status).toBe(204);
    expect((await assign(carl)).status).toBe(200);
    expect((await graph('GET', '/subscribedSkus')).json.value[0]).toMatchObject({
      consumedUnits: 1,
      prepaidUnits: { enabled: 1 },
    });
    expect((await assign('dora@contoso.test')).json.error.message).toContain('available licenses');
  });

  it('gives a licensed user a mailbox after some looks and a time, and never one with an ExchangeGuid', async () => {
    let now = 1_700_000_000_000;
    simulator = await startPractice(
      {
        skus: [{ skuId, skuPartNumber: 'SPE_E3', enabled: 9 }],
        users: [
          { userPrincipalName: carl, mailbox: false, usageLocation: 'DE' },
          { userPrincipalName: 'trap@contoso.test', mailbox: false, usageLocation: 'DE', exchangeGuid: true },
        ],
      },
      { clock: { now: () => now, sleep: () => Promise.resolve() }, provisioning: { polls: 2, ms: 60_000 } },
    );
    const graph = await graphOf(simulator);
    const look = async (user: string) => (await graph('GET', `/users/${user}/mailboxSettings/userPurpose`)).json;
    for (const user of [carl, 'trap@contoso.test'])
      await graph('POST', `/users/${user}/assignLicense`, { body: { addLicenses: [{ skuId }], removeLicenses: [] } });
    for (let at = 0; at < 3; at += 1) expect((await look(carl)).error.code).toBe('MailboxNotEnabledForRESTAPI');
    now += 60_000;
    expect(await look(carl)).toMatchObject({ value: 'user' });
    for (let at = 0; at < 5; at += 1)
      expect((await look('trap@contoso.test')).error.code).toBe('MailboxNotEnabledForRESTAPI');
  });

  it('says whether it is synchronised, and which domains it has', async () => {
    simulator = await startPractice({ synchronised: true, domains: ['contoso.test', 'contoso.example'] });
    const graph = await graphOf(simulator);
    const [organisation] = (await graph('GET', '/organization?$select=id,onPremisesSyncEnabled')).json.value;
    expect(organisation?.['onPremisesSyncEnabled']).toBe(true);
    const domains = (await graph('GET', '/domains')).json.value;
    expect(domains.map(({ id }) => id)).toEqual(['contoso.test', 'contoso.example', 'contoso.onmicrosoft.com']);
    expect(domains[2]).toMatchObject({ isInitial: true, isVerified: true });
  });
});
