import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { activeDirectory, type OpenActiveDirectory } from '../../../shared/adapters/ldap/active-directory.ts';
import type { ConversionPlan } from '../../../shared/domain/conversion-plan.ts';
import { conversionLdif, revertingLdif } from '../../../shared/domain/report/conversion-ldif.ts';
import { describeWithSamba } from '../../support/samba/describe-with-samba.ts';
import { ldapServices } from '../../support/samba/open-directory.ts';
import { SambaServer } from '../../support/samba/samba-server.ts';

const forwarding = 'SMTP:bob@contoso.mail.onmicrosoft.test';
const targetLegacyExchangeDn =
  '/o=ExchangeLabs/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=0123abcd-bob';
const touched = [
  ...['homeMDB', 'homeMTA', 'mDBUseDefaults', 'msExchHomeServerName', 'msExchUserAccountControl', 'targetAddress'],
  ...['msExchPoliciesIncluded', 'msExchPoliciesExcluded', 'msExchRecipientTypeDetails', 'msExchRecipientDisplayType'],
  ...['proxyAddresses', 'legacyExchangeDN', 'mail', 'mailNickname', 'msExchMailboxGuid', 'displayName'],
];

describeWithSamba('making a source mailbox a mail-enabled user', () => {
  let samba: SambaServer;
  let directory: OpenActiveDirectory;
  let bob: string;
  const closing = new AbortController();
  beforeAll(async () => {
    samba = await SambaServer.start();
  });
  beforeEach(async () => {
    const administrator = samba.directory({ user: 'CONTOSO\\Administrator', secret: 'env:ADMINISTRATOR' });
    directory = await activeDirectory(administrator, ldapServices).open(closing.signal);
    const found = await directory.findRecipient('bob@contoso.test');
    if (found.outcome !== 'found') throw new Error(found.outcome);
    bob = found.recipient.id;
    change(`replace: targetAddress\ntargetAddress: ${forwarding}`);
  });
  afterEach(() => directory.close());
  afterAll(() => samba.stop());

  function change(lines: string): void {
    samba.change(`dn: CN=bob,OU=Staff,DC=contoso,DC=test\nchangetype: modify\n${lines}\n-\n`);
  }

  async function state(): Promise<Record<string, readonly string[]>> {
    const { searchEntries } = await samba.asAdministrator((client) =>
      client.search('CN=bob,OU=Staff,DC=contoso,DC=test', { scope: 'base', attributes: touched }),
    );
    const [entry] = searchEntries;
    return Object.fromEntries(touched.map((name) => [name, [entry?.[name] ?? []].flat().map(String).sort()]));
  }

  async function plan(): Promise<ConversionPlan> {
    const planned = await directory.planConversion({ id: bob, forwarding, targetLegacyExchangeDn });
    if (planned.outcome !== 'planned') throw new Error(JSON.stringify(planned));
    return planned.plan;
  }

  it('plans without writing, and names every attribute before and after', async () => {
    const before = await samba.valuesOf('bob', 'uSNChanged');
    const { before: old, after } = await plan();
    expect(await samba.valuesOf('bob', 'uSNChanged')).toEqual(before);
    expect(after.map(({ name }) => name)).toEqual(old.map(({ name }) => name));
    const planned = Object.fromEntries(after.map(({ name, values }) => [name, values]));
    expect(planned).toMatchObject({
      homeMDB: [],
      homeMTA: [],
      mDBUseDefaults: [],
      msExchHomeServerName: [],
      msExchUserAccountControl: [],
      msExchPoliciesIncluded: [],
      targetAddress: [forwarding],
      msExchRecipientTypeDetails: ['128'],
      msExchRecipientDisplayType: ['6'],
      msExchPoliciesExcluded: ['{26491CFC-9E50-4857-861B-0CB8DF22B5D7}'],
    });
    expect(planned['proxyAddresses']).toEqual(
      expect.arrayContaining([
        'SMTP:bob@contoso.test',
        `x500:${targetLegacyExchangeDn}`,
        'x500:/o=Contoso/ou=First Administrative Group/cn=Recipients/cn=bob',
      ]),
    );
    expect(old.find(({ name }) => name === 'msExchPoliciesIncluded')?.values).toHaveLength(2);
  });

  it('converts in one modification, is found done the second time, and is reverted to what was', async () => {
    const before = await state();
    const made = await plan();
    await expect(directory.convert(made)).resolves.toEqual({ outcome: 'changed' });
    const after = await state();
    expect(after).toMatchObject({
      homeMDB: [],
      msExchHomeServerName: [],
      msExchRecipientTypeDetails: ['128'],
      targetAddress: [forwarding],
      mail: ['bob@contoso.test'],
      legacyExchangeDN: before['legacyExchangeDN'],
      msExchMailboxGuid: before['msExchMailboxGuid'],
    });
    const recipient = await directory.readRecipient(bob);
    expect(recipient).toMatchObject({ outcome: 'found', recipient: { kind: 'mail-user', isMigratable: false } });
    await expect(directory.planConversion({ id: bob, forwarding, targetLegacyExchangeDn })).resolves.toEqual({
      outcome: 'already',
    });
    const changeNumber = await samba.valuesOf('bob', 'uSNChanged');
    await expect(directory.convert(made)).resolves.toEqual({ outcome: 'already' });
    expect(await samba.valuesOf('bob', 'uSNChanged')).toEqual(changeNumber);

    await expect(directory.revertConversion(made)).resolves.toEqual({ outcome: 'changed' });
    expect(await state()).toEqual(before);
    await expect(directory.revertConversion(made)).resolves.toEqual({ outcome: 'already' });
  });

  it('changes nothing at all when anything of it was changed since', async () => {
    const made = await plan();
    change('add: proxyAddresses\nproxyAddresses: smtp:bobby@contoso.test');
    const before = await state();
    await expect(directory.convert(made)).resolves.toEqual({
      outcome: 'conflict',
      reason: 'Changed in the directory since: proxyAddresses.',
    });
    expect(await state()).toEqual(before);
    change('delete: proxyAddresses\nproxyAddresses: smtp:bobby@contoso.test');
  });

  it('does not revert over a change that somebody made after it', async () => {
    const made = await plan();
    await directory.convert(made);
    change('replace: targetAddress\ntargetAddress: SMTP:bob@third.test');
    const before = await state();
    await expect(directory.revertConversion(made)).resolves.toMatchObject({ outcome: 'conflict' });
    expect(await state()).toEqual(before);
    change(`replace: targetAddress\ntargetAddress: ${forwarding}`);
    await expect(directory.revertConversion(made)).resolves.toEqual({ outcome: 'changed' });
  });

  it('is refused where mail does not go to the target yet, and where there is no mailbox', async () => {
    change('replace: targetAddress\ntargetAddress: SMTP:bob@third.test');
    await expect(directory.planConversion({ id: bob, forwarding, targetLegacyExchangeDn })).resolves.toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('another address'),
    });
    change('delete: targetAddress');
    await expect(directory.planConversion({ id: bob, forwarding, targetLegacyExchangeDn })).resolves.toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('not forwarded'),
    });
    const group = await directory.findRecipient('everybody@contoso.test');
    const id = group.outcome === 'found' ? group.recipient.id : '';
    await expect(directory.planConversion({ id, forwarding, targetLegacyExchangeDn: null })).resolves.toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('group'),
    });
  });

  it('is made by the LDIF for administrators without cmdlets, refused as a whole the second time, and taken back', async () => {
    const before = await state();
    const planned = [{ mailbox: 'bob@contoso.test', notBefore: '2026-12-01T00:00:00.000Z', plan: await plan() }];
    samba.change(conversionLdif('wave1', planned));
    expect(await state()).toMatchObject({ homeMDB: [], msExchRecipientTypeDetails: ['128'], mail: before['mail'] });
    await expect(directory.planConversion({ id: bob, forwarding, targetLegacyExchangeDn: null })).resolves.toEqual({
      outcome: 'already',
    });
    const converted = await state();
    expect(() => samba.change(conversionLdif('wave1', planned))).toThrow(/No such attribute/);
    expect(await state()).toEqual(converted);

    samba.change(revertingLdif('wave1', planned));
    expect(await state()).toEqual(before);
  });

  it('is denied to the account that may set forwarding only, and changes nothing then', async () => {
    const made = await plan();
    const before = await state();
    const open = await activeDirectory(samba.directory(), ldapServices).open(closing.signal);
    await expect(open.convert(made)).rejects.toMatchObject({ code: 'DIRECTORY_WRITE_DENIED' });
    await open.close();
    expect(await state()).toEqual(before);
  });
});
