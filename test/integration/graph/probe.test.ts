import { afterEach, describe, expect, it } from '@jest/globals';
import {
  probeExchangeOnline,
  probeExchangeOnlineStorage,
} from '../../../shared/adapters/graph/exchange-online-probe.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import type { EndpointCheck } from '../../../shared/ports/endpoint-probe.ts';
import { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { rightsOfGraph } from '../../support/exchange-online/rights-table.ts';
import { clientId, secret, secretsOf, targetAt } from './support/practice-organisation.ts';

const user = 'ann@contoso.test';
const mailbox = { emailAddress: user, userName: user };
const all = [
  'Organization.Read.All',
  'Domain.Read.All',
  'User.Read.All',
  'Mail.ReadWrite',
  'Contacts.ReadWrite',
  'Calendars.ReadWrite',
  'MailboxSettings.ReadWrite',
];
const services = { clock: systemClock, secrets: secretsOf({ 'env:SECRET': secret }) };

describe('the test of an Exchange Online endpoint', () => {
  let simulator: ExchangeOnlineSimulator | undefined;
  afterEach(() => simulator?.stop());

  async function organisation(application: Readonly<Record<string, unknown>>): Promise<ExchangeOnlineSimulator> {
    simulator = await ExchangeOnlineSimulator.start({
      tenants: [
        {
          applications: [{ clientId, secret, ...application }],
          users: [{ userPrincipalName: user }, { userPrincipalName: 'bob@contoso.test', mailbox: false }],
        },
      ],
    });
    return simulator;
  }

  async function found(
    application: Readonly<Record<string, unknown>>,
    overrides: Readonly<Record<string, unknown>> = {},
    who = mailbox,
  ): Promise<ReadonlyMap<string, EndpointCheck>> {
    const checks = await probeExchangeOnline(services, targetAt(await organisation(application), overrides), who);
    return new Map(checks.map((check) => [check.check, check]));
  }

  it('passes with the least rights, and names those that are not needed', async () => {
    const checks = await found({ permissions: all });
    expect([...checks.values()].map(({ result }) => result)).toEqual(['pass', 'warn', 'warn', 'pass', 'pass']);
    expect(checks.get('mailbox')?.evidence).toMatch(
      /Not granted, and not needed: Tasks\.ReadWrite\.All \(tasks are listed and not copied\), .*MailboxItem\.ImportExport \(/,
    );
    expect(checks.get('mailbox')?.fix).toMatch(/-Role "Application MailboxItem\.ImportExport"/);
  });

  it.each(all)('names %s where it is missing, and the command that grants it', async (right) => {
    const checks = await found({ permissions: all.filter((name) => name !== right) });
    const failed = [...checks.values()].find(({ result }) => result === 'fail');
    expect(failed).toMatchObject({
      code: 'TARGET_RIGHT_MISSING',
      transient: false,
      evidence: expect.stringContaining(`lacks ${right}`),
      fix: expect.stringContaining(right),
    });
  });

  /** What User.ReadWrite.All allows as well. */
  const included = new Set(['User.Read.All', 'LicenseAssignment.ReadWrite.All', 'User-PasswordProfile.ReadWrite.All']);

  /** With everything that an endpoint may want: licences, and mail as Exchange exported it. */
  const everything = { mail: 'fts', licence: { sku: 'SPE_E3', usageLocation: 'DE' } };

  it('passes with the rights of the table, and with everything that an endpoint may want', async () => {
    const checks = await found({ permissions: rightsOfGraph }, everything);
    expect([...checks.values()].map(({ result }) => result)).toEqual(['pass', 'warn', 'warn', 'pass', 'pass']);
    expect([...checks.values()].map(({ evidence }) => evidence).join(' ')).not.toContain('Not granted');
  });

  it.each(rightsOfGraph)('names %s of the table where it is missing, and how to grant it', async (right) => {
    const without = included.has(right) ? [right, 'User.ReadWrite.All'] : [right];
    const checks = await found({ permissions: rightsOfGraph.filter((name) => !without.includes(name)) }, everything);
    const telling = [...checks.values()].find(({ evidence }) => evidence.includes(right));
    expect(telling?.evidence.split('Granted: ')[1]).not.toContain(`${right},`);
    expect(telling).toMatchObject({
      evidence: expect.stringMatching(
        new RegExp(`(?:^The application lacks |Not granted, and not needed: )[^:]*${right}`),
      ),
      fix: expect.stringMatching(
        new RegExp(
          `appRoles\\[\\?value=='${right}'\\].* && az ad app permission admin-consent|New-ManagementRoleAssignment -App \\S+ -Role "Application ${right}"`,
        ),
      ),
    });
  });

  it.each([
    ['Mail.Read', 'Mail.ReadWrite'],
    ['Contacts.Read', 'Contacts.ReadWrite'],
    ['Calendars.Read', 'Calendars.ReadWrite'],
    ['MailboxSettings.Read', 'MailboxSettings.ReadWrite'],
    ['MailboxFolder.Read', 'MailboxFolder.ReadWrite'],
    ['MailboxItem.ReadWrite', 'MailboxItem.ImportExport'],
  ])('tells that %s is not enough', async (weaker, right) => {
    const permissions = [...rightsOfGraph.filter((name) => name !== right), weaker];
    const checks = await found({ permissions }, { mail: 'fts' });
    expect(checks.get('mailbox')).toMatchObject({
      result: 'fail',
      evidence: expect.stringContaining(`lacks ${right}`),
    });
  });

  it('wants no right over contacts, calendars or mail by Graph where mail goes by IMAP', async () => {
    const permissions = ['Organization.Read.All', 'Domain.Read.All', 'User.Read.All', 'MailboxSettings.ReadWrite'];
    const practice = await organisation({ permissions });
    // Nobody answers by IMAP: the rights are looked at before.
    const imap = { host: '127.0.0.1', port: 1, tls: {} };
    const target = targetAt(practice, { mail: 'imap', practice: { login: practice.url, graph: practice.url, imap } });
    const checks = await probeExchangeOnline(services, target, mailbox);
    expect(checks.find(({ code }) => code === 'TARGET_RIGHT_MISSING')).toBeUndefined();
  });

  it('says that a mailbox is outside of what the application may open', async () => {
    const checks = await found({ permissions: '*', mailboxes: ['somebody.else@contoso.test'] });
    expect(checks.get('mailbox')).toMatchObject({ result: 'fail', code: 'TARGET_RIGHT_MISSING' });
  });

  it('tells a user without a mailbox from a missing right', async () => {
    const bob = 'bob@contoso.test';
    const checks = await found({}, {}, { emailAddress: bob, userName: bob });
    expect(checks.get('mailbox')).toMatchObject({
      result: 'cannot-check',
      code: null,
      evidence: expect.stringContaining('no mailbox yet'),
    });
  });

  it('says that it needs a mailbox to try the rights in', async () => {
    const checks = await probeExchangeOnline(services, targetAt(await organisation({})), undefined);
    expect(checks.at(-1)).toMatchObject({ check: 'mailbox', result: 'cannot-check' });
  });

  it.each([
    [{ clientId: 'nobody' }, 'APPLICATION_UNKNOWN', 'AADSTS700016'],
    [{ tenant: 'nowhere.test' }, 'TENANT_UNKNOWN', 'AADSTS90002'],
    [{ cloud: 'china' }, 'TENANT_IN_OTHER_CLOUD', 'AADSTS900382'],
  ])('names the setting that is wrong: %p', async (overrides, code, number) => {
    const checks = await found({}, overrides);
    expect([...checks.values()].map(({ check, result }) => [check, result])).toEqual([
      ['reachable', 'pass'],
      ['certificate', 'warn'],
      ['sign-in', 'fail'],
      ['capabilities', 'cannot-check'],
      ['mailbox', 'cannot-check'],
    ]);
    expect(checks.get('sign-in')).toMatchObject({ code, evidence: expect.stringContaining(number) });
  });

  it('asks for no mailbox import in a national cloud', async () => {
    simulator = await ExchangeOnlineSimulator.start({
      tenants: [
        {
          cloud: 'usgov',
          applications: [{ clientId, secret, permissions: all }],
          users: [{ userPrincipalName: user }],
        },
      ],
    });
    const checks = await probeExchangeOnline(services, targetAt(simulator, { cloud: 'usgov' }), mailbox);
    expect(checks.map(({ result }) => result)).toEqual(['pass', 'warn', 'warn', 'pass', 'pass']);
    expect(simulator.log.requests.filter(({ path }) => path.includes('/admin/exchange/'))).toEqual([]);
  });

  it('changes nothing in the mailbox', async () => {
    const practice = await organisation({});
    await probeExchangeOnline(services, targetAt(practice), mailbox);
    const writes = practice.log.requests.filter(({ method, status }) => method !== 'GET' && status < 300);
    expect(
      writes.map(({ path }) => path).filter((path) => !/token$|createImportSession$|mailboxSettings$/.test(path)),
    ).toEqual([]);
    expect(practice.invitations).toEqual([]);
  });

  it('knows what Exchange Online keeps without test messages', async () => {
    const { keeps } = await probeExchangeOnlineStorage(services, targetAt({ url: 'http://127.0.0.1:1' }), mailbox);
    expect(keeps).toEqual({ octets: false, size: false, dates: true, keywords: false });
  });
});
