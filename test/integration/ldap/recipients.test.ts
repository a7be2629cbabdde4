import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { SourceRecipient } from '../../../shared/ports/source-directory.ts';
import type { OpenActiveDirectory } from '../../../shared/adapters/ldap/active-directory.ts';
import { activeDirectory } from '../../../shared/adapters/ldap/active-directory.ts';
import { describeWithSamba } from '../../support/samba/describe-with-samba.ts';
import { ldapServices } from '../../support/samba/open-directory.ts';
import { SambaServer } from '../../support/samba/samba-server.ts';

describeWithSamba('recipients of an Active Directory', () => {
  let samba: SambaServer;
  let directory: OpenActiveDirectory;
  const closing = new AbortController();
  beforeAll(async () => {
    samba = await SambaServer.start();
    directory = await activeDirectory(samba.directory(), ldapServices).open(closing.signal);
  });
  afterAll(async () => {
    await directory.close();
    await samba.stop();
  });

  async function recipient(address: string): Promise<SourceRecipient> {
    const found = await directory.findRecipient(address);
    if (found.outcome !== 'found') throw new Error(`${address}: ${found.outcome}`);
    return found.recipient;
  }

  it.each(['alice@contoso.test', 'ALICE@Contoso.TEST', 'a.example@contoso.test'])(
    'are found by %s',
    async (address) => {
      const alice = await recipient(address);
      expect(alice).toMatchObject({
        dn: 'CN=alice,OU=Staff,DC=contoso,DC=test',
        kind: 'user-mailbox',
        isMigratable: true,
        reason: null,
        primaryAddress: 'alice@contoso.test',
        targetAddress: null,
        hasMailboxGuid: true,
        legacyExchangeDn: '/o=Contoso/ou=First Administrative Group/cn=Recipients/cn=alice',
        exchangeVersion: '2007',
        mayForward: 'yes',
      });
      expect([...alice.proxyAddresses].sort()).toEqual(['SMTP:alice@contoso.test', 'smtp:a.example@contoso.test']);
    },
  );

  it('are named by objectGUID, and read again by it', async () => {
    const alice = await recipient('alice@contoso.test');
    expect(alice.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    await expect(directory.readRecipient(alice.id)).resolves.toEqual({ outcome: 'found', recipient: alice });
    await expect(directory.readRecipient('00000000-0000-4000-8000-000000000000')).resolves.toEqual({ outcome: 'none' });
  });

  it('carry the anchor of directory sync before their own GUID', async () => {
    const { id, immutableIds } = await recipient('anchored@contoso.test');
    expect(immutableIds[0]).toBe(Buffer.from(Array.from({ length: 16 }, (_, index) => 16 + index)).toString('base64'));
    const guid = Buffer.from(immutableIds[1] ?? '', 'base64');
    expect(guid.readUInt32LE(0).toString(16).padStart(8, '0')).toBe(id.slice(0, 8));
    expect((await recipient('alice@contoso.test')).immutableIds).toHaveLength(1);
  });

  it.each([
    ['alice@contoso.test', 'user-mailbox', '2007'],
    ['bob@contoso.test', 'user-mailbox', '2010'],
    ['carol@contoso.test', 'user-mailbox', '2013'],
    ['anchored@contoso.test', 'user-mailbox', '2016 or later'],
    ['info@contoso.test', 'shared-mailbox', '2003'],
    ['room101@contoso.test', 'room-mailbox', '2003'],
    ['beamer@contoso.test', 'equipment-mailbox', '2003'],
    ['linked@contoso.test', 'linked-mailbox', '2003'],
    ['legacy@contoso.test', 'legacy-mailbox', '2003'],
    ['legacy8@contoso.test', 'legacy-mailbox', '2003'],
  ] as const)('of kind: %s is a %s of %s, and is taken', async (address, kind, exchangeVersion) => {
    await expect(recipient(address)).resolves.toMatchObject({
      kind,
      exchangeVersion,
      isMigratable: true,
      reason: null,
    });
  });

  it.each([
    ['mailuser@contoso.test', 'mail-user', 'no mailbox any more'],
    ['remote@contoso.test', 'remote-mailbox', 'in the cloud already'],
    ['plain@contoso.test', 'unknown', 'has no mailbox'],
    ['partner@contoso.test', 'contact', 'contact'],
    ['everybody@contoso.test', 'group', 'group'],
  ] as const)('of kind: %s is a %s, and is left with a reason', async (address, kind, words) => {
    await expect(recipient(address)).resolves.toMatchObject({
      kind,
      isMigratable: false,
      reason: expect.stringContaining(words),
    });
  });

  it('are told apart when one address is on two objects', async () => {
    const found = await directory.findRecipient('twin@contoso.test');
    expect(found).toMatchObject({ outcome: 'several' });
    expect(found.outcome === 'several' && [...found.dns].sort()).toEqual([
      'CN=twin1,OU=Staff,DC=contoso,DC=test',
      'CN=twin2,OU=Staff,DC=contoso,DC=test',
    ]);
  });

  it.each(['nobody@contoso.test', '*@contoso.test', '*', 'alice@contoso.test)(objectClass=*', 'a\\2a'])(
    'are not found by %s: no address is a filter',
    async (address) => {
      await expect(directory.findRecipient(address)).resolves.toEqual({ outcome: 'none' });
    },
  );

  it('show whether the account may forward them', async () => {
    expect((await recipient('boss@contoso.test')).mayForward).toBe('no');
    expect((await recipient('alice@contoso.test')).mayForward).toBe('yes');
    expect((await recipient('noguid@contoso.test')).hasMailboxGuid).toBe(false);
  });

  it('are resolved from the addresses of Exchange itself, in any case and many at a time', async () => {
    const dn = (name: string): string => `/o=Contoso/ou=First Administrative Group/cn=Recipients/cn=${name}`;
    samba.change(
      `dn: CN=bob,OU=Staff,DC=contoso,DC=test\nchangetype: modify\nadd: proxyAddresses\nproxyAddresses: X500:${dn('bob-old')}\n`,
    );
    const many = Array.from({ length: 250 }, (_, index) => dn(`nobody-${String(index)}`));
    const found = await directory.addressesOf([...many, dn('ALICE'), dn('bob'), dn('bob-old'), dn('umlaut')]);
    expect(new Map(found)).toEqual(
      new Map([
        [dn('alice').toLowerCase(), 'alice@contoso.test'],
        [dn('bob').toLowerCase(), 'bob@contoso.test'],
        [dn('bob-old').toLowerCase(), 'bob@contoso.test'],
        [dn('umlaut').toLowerCase(), 'joerg@contoso.test'],
      ]),
    );
  });
});
