import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { graphDirectory } from '../../../shared/adapters/graph/graph-directory.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import type { TargetDirectory, TargetRecipient } from '../../../shared/ports/target-directory.ts';
import { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import type { PracticeTenant } from '../../../simulator/exchange-online/store/tenant.ts';
import { clientId, secret, secretsOf, targetAt } from './support/practice-organisation.ts';

const e3 = '05e9a617-0261-4cee-bb44-138d3ef5d965';
const kiosk = '80b2d799-d2ba-4d2a-8842-fb0d0f3a4b82';
const { signal } = new AbortController();

describe('the directory of an Exchange Online organisation', () => {
  let simulator: ExchangeOnlineSimulator;
  let tenant: PracticeTenant;
  let directory: TargetDirectory;

  beforeEach(async () => {
    simulator = await ExchangeOnlineSimulator.start({
      provisioning: { polls: 2 },
      tenants: [
        {
          displayName: 'Contoso',
          domains: ['contoso.test'],
          synchronised: true,
          applications: [
            { clientId, secret },
            { clientId: 'poor', secret, permissions: ['Organization.Read.All', 'User.Read.All'] },
            {
              clientId: 'without-groups',
              secret,
              permissions: ['Organization.Read.All', 'User.Read.All', 'Domain.Read.All', 'MailboxSettings.ReadWrite'],
            },
          ],
          skus: [
            { skuId: e3, skuPartNumber: 'SPE_E3', enabled: 2 },
            { skuId: kiosk, skuPartNumber: 'POWER_BI', enabled: 100, plans: ['BI_AZURE_P0'] },
          ],
          users: [
            {
              userPrincipalName: 'ann@contoso.test',
              synchronised: 'YW5uLWd1aWQ=',
              proxyAddresses: [
                "SMTP:ann.o'brien@contoso.test",
                'smtp:ann@contoso.onmicrosoft.com',
                'x500:/o=Old/cn=ann',
              ],
              mailbox: false,
              licences: [kiosk],
            },
            { userPrincipalName: 'bob@contoso.test', licences: [e3], usageLocation: 'DE', purpose: 'shared' },
            {
              userPrincipalName: 'cem@contoso.test',
              mailbox: false,
              exchangeGuid: true,
              synchronised: true,
              provisioningErrors: [
                {
                  category: 'PropertyConflict',
                  propertyCausingError: 'ProxyAddresses',
                  value: 'smtp:cem@contoso.test',
                },
              ],
            },
          ],
        },
      ],
    });
    const [first] = simulator.tenants;
    if (first === undefined) throw new Error('There is no tenant.');
    tenant = first;
    directory = directoryAs(clientId);
  });
  afterEach(() => simulator.stop());

  function directoryAs(application: string, overrides: Readonly<Record<string, unknown>> = {}): TargetDirectory {
    const services = { clock: systemClock, secrets: secretsOf({ 'env:SECRET': secret }) };
    return graphDirectory(targetAt(simulator, { clientId: application, ...overrides }), services);
  }

  async function recipient(address: string): Promise<TargetRecipient> {
    const found = await directory.findRecipient(address, signal);
    if (found.outcome !== 'found') throw new Error(`${address} was not found: ${found.outcome}`);
    return found.recipient;
  }

  it('tells whether it is synchronised, and its domains', async () => {
    const organisation = await directory.organisation(signal);
    expect(organisation).toMatchObject({ name: 'Contoso', directorySync: 'on', lastSyncAt: expect.any(String) });
    expect(organisation.domains).toEqual([
      { name: 'contoso.test', isVerified: true, isInitial: false, takesMail: true, isFederated: false },
      { name: 'contoso.onmicrosoft.com', isVerified: true, isInitial: true, takesMail: true, isFederated: false },
    ]);
  });

  it.each([
    [true, 'on'],
    [false, 'off'],
    [null, 'never'],
  ])('reads onPremisesSyncEnabled %p as %s', async (synchronised, expected) => {
    tenant.synchronised = synchronised;
    expect((await directory.organisation(signal)).directorySync).toBe(expected);
  });

  it('finds a user by any address, in any case and with a quote in it', async () => {
    const expected = {
      userPrincipalName: 'ann@contoso.test',
      isSynced: true,
      immutableId: 'YW5uLWd1aWQ=',
      isLicensed: false,
      usageLocation: null,
      clashes: [],
    };
    expect(await recipient("ANN.O'Brien@contoso.test")).toMatchObject(expected);
    expect(await recipient('ann@contoso.onmicrosoft.com')).toMatchObject(expected);
    expect(await recipient('ann@contoso.test')).toMatchObject(expected);
  });

  it('finds nobody where nobody is, and the same user by id', async () => {
    expect(await directory.findRecipient('eve@contoso.test', signal)).toEqual({ outcome: 'none' });
    const bob = await recipient('bob@contoso.test');
    expect(await directory.readRecipient(bob.id, signal)).toEqual({ outcome: 'found', recipient: bob });
    expect(await directory.readRecipient('00000000-0000-0000-0000-000000000000', signal)).toEqual({ outcome: 'none' });
  });

  it('tells a licence with a mailbox from one without', async () => {
    expect([
      (await recipient('ann@contoso.test')).isLicensed,
      (await recipient('bob@contoso.test')).isLicensed,
    ]).toEqual([false, true]);
  });

  it('says what directory sync complains about', async () => {
    const { syncErrors } = await recipient('cem@contoso.test');
    expect(syncErrors).toEqual(['PropertyConflict of ProxyAddresses (smtp:cem@contoso.test)']);
  });

  it('names a group and a contact of the same address', async () => {
    tenant.groups.push({ id: 'g', displayName: 'Sales', proxyAddresses: ['SMTP:bob@contoso.test'] });
    tenant.contacts.push({ id: 'c', displayName: 'Old Eve', proxyAddresses: ['SMTP:eve@contoso.test'] });
    expect((await recipient('bob@contoso.test')).clashes).toEqual(['the group Sales']);
    expect(await directory.findRecipient('eve@contoso.test', signal)).toEqual({
      outcome: 'not-a-user',
      what: 'the contact Old Eve',
    });
  });

  it('does without the rights to see groups and contacts', async () => {
    directory = directoryAs('without-groups');
    expect(await recipient('bob@contoso.test')).toMatchObject({ clashes: [] });
  });

  it('says that several users have the address', async () => {
    tenant.addUser({ userPrincipalName: 'bob2@contoso.test', proxyAddresses: ['smtp:bob@contoso.test'], mail: null });
    expect(await directory.findRecipient('bob@contoso.test', signal)).toEqual({
      outcome: 'several',
      names: ['bob@contoso.test', 'bob2@contoso.test'],
    });
  });

  it('counts licences by id and by part number', async () => {
    expect(await directory.freeLicences(e3.toUpperCase(), signal)).toBe(1);
    expect(await directory.freeLicences('spe_e3', signal)).toBe(1);
    expect(await directory.freeLicences('NOBODY_HAS_IT', signal)).toBeUndefined();
  });

  it('gives a licence, with its usage location first; a second time it is there already', async () => {
    const { id } = await recipient('ann@contoso.test');
    const licence = { sku: 'SPE_E3', usageLocation: 'DE' };
    expect(await directory.assignLicence(id, licence, signal)).toBe('assigned');
    expect(await directory.assignLicence(id, licence, signal)).toBe('already');
    expect(tenant.user(id)).toMatchObject({ usageLocation: 'DE', licences: [kiosk, e3] });
    expect((await recipient('ann@contoso.test')).isLicensed).toBe(true);
  });

  it('gives one licence where the answer was lost', async () => {
    const { id } = await recipient('ann@contoso.test');
    simulator.play({ path: /assignLicense/, drop: 'after', times: 1 });
    expect(await directory.assignLicence(id, { sku: e3, usageLocation: 'DE' }, signal)).toBe('assigned');
    expect(tenant.consumed(e3)).toBe(2);
  });

  it('leaves a usage location that is there', async () => {
    const { id } = await recipient('bob@contoso.test');
    await directory.assignLicence(id, { sku: kiosk, usageLocation: 'FR' }, signal);
    expect(tenant.user(id)?.usageLocation).toBe('DE');
  });

  it('says that no unit is left, and that there is no such licence', async () => {
    const { id } = await recipient('cem@contoso.test');
    tenant.addUser({ userPrincipalName: 'dan@contoso.test', licences: [e3] });
    expect(await directory.assignLicence(id, { sku: e3, usageLocation: 'DE' }, signal)).toBe('exhausted');
    expect(await directory.assignLicence(id, { sku: 'E5', usageLocation: 'DE' }, signal)).toBe('unknown-sku');
    expect(tenant.user(id)?.usageLocation).toBeUndefined();
  });

  it('sees a mailbox come some time after its licence', async () => {
    const { id } = await recipient('ann@contoso.test');
    await directory.assignLicence(id, { sku: e3, usageLocation: 'DE' }, signal);
    const states: string[] = [];
    for (let poll = 0; poll < 6 && states.at(-1) !== 'ready'; poll += 1) {
      states.push((await directory.mailboxState(id, signal)).state);
    }
    expect(states[0]).toBe('absent');
    expect(states.at(-1)).toBe('ready');
  });

  it('sees no mailbox come for a user whose on-premises mailbox is synchronised', async () => {
    const { id } = await recipient('cem@contoso.test');
    await directory.assignLicence(id, { sku: e3, usageLocation: 'DE' }, signal);
    for (let poll = 0; poll < 5; poll += 1) {
      expect(await directory.mailboxState(id, signal)).toMatchObject({
        state: 'absent',
        code: expect.stringMatching(/.+/),
      });
    }
  });

  it('tells what a mailbox is for', async () => {
    const { id } = await recipient('bob@contoso.test');
    expect(await directory.mailboxState(id, signal)).toEqual({ state: 'ready', purpose: 'shared' });
  });

  it('sets a password and whether it must be changed', async () => {
    const { id } = await recipient('bob@contoso.test');
    await directory.setPassword(id, { password: 'Correct-Horse-7', forceChange: true }, signal);
    expect(tenant.user(id)?.passwordChanges).toEqual([{ forceChange: true }]);
  });

  it('names the right to set passwords where it is missing', async () => {
    const { id } = await recipient('bob@contoso.test');
    const setting = directoryAs('poor').setPassword(id, { password: 'Correct-Horse-7', forceChange: false }, signal);
    await expect(setting).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'TARGET_RIGHT_MISSING',
      message: expect.stringContaining('User-PasswordProfile.ReadWrite.All'),
    });
  });

  it('blocks one mailbox, not all of them, where a password is refused', async () => {
    const { id } = await recipient('bob@contoso.test');
    simulator.play({ method: 'PATCH', path: /users/, status: 400, code: 'Request_BadRequest', times: 1 });
    const setting = directory.setPassword(id, { password: 'weak', forceChange: false }, signal);
    await expect(setting).rejects.toMatchObject({ name: 'MailboxBlockedError', code: 'TARGET_PASSWORD_REFUSED' });
  });

  it('sets the out-of-office switch, twice the same', async () => {
    const { id } = await recipient('bob@contoso.test');
    const settings = {
      state: 'scheduled',
      from: '2026-12-01T08:00:00Z',
      until: '2026-12-24T17:00:00Z',
      internalReply: '<p>Away</p>',
      externalReply: null,
      externalAudience: 'contacts',
    } as const;
    await directory.setOutOfOffice(id, settings, signal);
    await directory.setOutOfOffice(id, settings, signal);
    expect(simulator.mailbox('bob@contoso.test').settings).toMatchObject({
      automaticRepliesSetting: {
        status: 'scheduled',
        externalAudience: 'contactsOnly',
        internalReplyMessage: '<p>Away</p>',
        scheduledStartDateTime: { dateTime: '2026-12-01T08:00:00.000', timeZone: 'UTC' },
        scheduledEndDateTime: { dateTime: '2026-12-24T17:00:00.000', timeZone: 'UTC' },
      },
    });
  });

  it('passes a check with all rights', async () => {
    const checks = await directory.check(signal);
    expect(checks.map(({ check, result }) => [check, result])).toEqual([
      ['reachable', 'pass'],
      ['certificate', 'pass'],
      ['sign-in', 'pass'],
      ['rights', 'pass'],
      ['recipients', 'pass'],
    ]);
  });

  it('names the missing right in a check, with the command that grants it', async () => {
    const checks = await directoryAs('poor').check(signal);
    expect(checks.find(({ check }) => check === 'rights')).toMatchObject({
      result: 'fail',
      code: 'TARGET_RIGHT_MISSING',
      evidence: expect.stringContaining('Missing: Domain.Read.All'),
      fix: expect.stringMatching(/az ad app permission add --id poor .*Domain\.Read\.All/),
    });
  });

  it('warns in a check where only groups and contacts cannot be seen', async () => {
    const checks = await directoryAs('without-groups').check(signal);
    expect(checks.find(({ check }) => check === 'rights')).toMatchObject({
      result: 'warn',
      code: null,
      evidence: expect.stringContaining('Group.Read.All, OrgContact.Read.All'),
    });
  });

  it('tells a refused sign-in from a missing right in a check', async () => {
    const checks = await directoryAs('nobody').check(signal);
    expect(checks.map(({ check, result, code }) => [check, result, code])).toEqual([
      ['reachable', 'pass', null],
      ['certificate', 'pass', null],
      ['sign-in', 'fail', 'APPLICATION_UNKNOWN'],
      ['rights', 'cannot-check', null],
      ['recipients', 'cannot-check', null],
    ]);
  });

  it('never rejects in a check where nobody answers', async () => {
    await simulator.stop();
    const checks = await directory.check(signal);
    expect(checks[0]).toMatchObject({ check: 'reachable', result: 'fail', transient: true });
    simulator = await ExchangeOnlineSimulator.start({ tenants: [] });
  });
});
