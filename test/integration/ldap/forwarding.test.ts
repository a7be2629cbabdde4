import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Attribute, Change, Client } from 'ldapts';
import { setTimeout as sleep } from 'node:timers/promises';
import { activeDirectory, type OpenActiveDirectory } from '../../../shared/adapters/ldap/active-directory.ts';
import { describeWithSamba } from '../../support/samba/describe-with-samba.ts';
import { ldapServices, withDirectory } from '../../support/samba/open-directory.ts';
import { SambaServer } from '../../support/samba/samba-server.ts';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';

const cloud = 'SMTP:alice@contoso.mail.onmicrosoft.test';
const elsewhere = 'SMTP:alice@elsewhere.test';

describeWithSamba('forwarding in an Active Directory, with an account that may do nothing else', () => {
  let samba: SambaServer;
  let directory: OpenActiveDirectory;
  let alice: string;
  const closing = new AbortController();
  beforeAll(async () => {
    samba = await SambaServer.start();
    directory = await activeDirectory(samba.directory(), ldapServices).open(closing.signal);
    alice = await idOf('alice@contoso.test');
  });
  afterEach(() => setByHand(null));
  afterAll(async () => {
    await directory.close();
    await samba.stop();
  });

  async function idOf(address: string): Promise<string> {
    const found = await directory.findRecipient(address);
    if (found.outcome !== 'found') throw new Error(found.outcome);
    return found.recipient.id;
  }

  /** As another administrator does. */
  function setByHand(value: string | null, name = 'alice'): void {
    const values = value === null ? '' : `targetAddress: ${value}\n`;
    samba.change(
      `dn: CN=${name},OU=Staff,DC=contoso,DC=test\nchangetype: modify\nreplace: targetAddress\n${values}-\n`,
    );
  }

  const now = async (): Promise<string | undefined> => (await samba.valuesOf('alice', 'targetAddress'))[0];

  it('is set where there was none, and a second time is found set', async () => {
    const request = { id: alice, expected: null, next: cloud };
    await expect(directory.setForwarding(request)).resolves.toEqual({ outcome: 'set' });
    expect(await now()).toBe(cloud);
    const before = await samba.valuesOf('alice', 'uSNChanged');
    await expect(directory.setForwarding(request)).resolves.toEqual({ outcome: 'already' });
    await expect(directory.setForwarding({ ...request, next: cloud.toUpperCase() })).resolves.toEqual({
      outcome: 'already',
    });
    expect(await samba.valuesOf('alice', 'uSNChanged')).toEqual(before);
  });

  it('replaces a value that is expected, and goes back to it', async () => {
    setByHand(elsewhere);
    await expect(directory.setForwarding({ id: alice, expected: elsewhere, next: cloud })).resolves.toEqual({
      outcome: 'set',
    });
    expect(await now()).toBe(cloud);
    await expect(directory.setForwarding({ id: alice, expected: cloud, next: elsewhere })).resolves.toEqual({
      outcome: 'set',
    });
    expect(await now()).toBe(elsewhere);
  });

  it('is taken back to none', async () => {
    await directory.setForwarding({ id: alice, expected: null, next: cloud });
    await expect(directory.setForwarding({ id: alice, expected: cloud, next: null })).resolves.toEqual({
      outcome: 'set',
    });
    expect(await now()).toBeUndefined();
    await expect(directory.setForwarding({ id: alice, expected: cloud, next: null })).resolves.toEqual({
      outcome: 'already',
    });
  });

  it.each([
    [null, cloud],
    ['SMTP:alice@third.test', cloud],
    [cloud, null],
    [cloud, 'SMTP:alice@third.test'],
  ])('never overwrites what somebody else has set (%s -> %s)', async (expected, next) => {
    setByHand(elsewhere);
    await expect(directory.setForwarding({ id: alice, expected, next })).resolves.toEqual({
      outcome: 'conflict',
      actual: elsewhere,
    });
    expect(await now()).toBe(elsewhere);
  });

  it('does not take a removal by somebody else for its own value', async () => {
    await expect(directory.setForwarding({ id: alice, expected: elsewhere, next: cloud })).resolves.toEqual({
      outcome: 'conflict',
      actual: null,
    });
  });

  it('is won by one of several that set it at the same time, and the others learn by whom', async () => {
    const rivals = ['one', 'two', 'three', 'four', 'five'].map((name) => `SMTP:${name}@far.test`);
    const sessions = await Promise.all(
      rivals.map(() => activeDirectory(samba.directory(), ldapServices).open(closing.signal)),
    );
    for (let round = 0; round < 5; round += 1) {
      const outcomes = await Promise.all(
        rivals.map((next, index) => sessions[index]!.setForwarding({ id: alice, expected: null, next })),
      );
      const winner = rivals[outcomes.findIndex(({ outcome }) => outcome === 'set')];
      expect(await now()).toBe(winner);
      const losers = outcomes.filter(({ outcome }) => outcome !== 'set');
      expect(losers).toEqual(rivals.slice(1).map(() => ({ outcome: 'conflict', actual: winner })));
      setByHand(null);
    }
    await Promise.all(sessions.map((session) => session.close()));
  });

  it('is found done when the answer to it was lost', async () => {
    const proxy = await TcpFaultProxy.start(636, samba.address);
    try {
      const url = `ldaps://127.0.0.1:${String(proxy.port)}`;
      const answer = withDirectory(
        samba.directory({ url, tls: { ca: samba.ca, serverName: samba.address } }),
        async (open) => {
          const setting = open.setForwarding({ id: alice, expected: null, next: cloud });
          // Answers to the looks before it pass; that to the change itself is held back, and then lost.
          await untilSet(() => proxy.setDelay({ toServerMs: 0, toClientMs: 30 }));
          proxy.dropAll();
          return setting;
        },
      );
      await expect(answer).resolves.toEqual({ outcome: 'set' });
      expect(await now()).toBe(cloud);
    } finally {
      await proxy.stop();
    }
  });

  async function untilSet(slowDown: () => void): Promise<void> {
    slowDown();
    while ((await now()) === undefined) await sleep(1);
  }

  it('stays out of reach for the account where the object is protected', async () => {
    const id = await idOf('boss@contoso.test');
    await expect(directory.setForwarding({ id, expected: null, next: cloud })).rejects.toMatchObject({
      name: 'MailboxBlockedError',
      code: 'DIRECTORY_WRITE_DENIED',
    });
  });

  it.each([
    ['its primary address', 'SMTP:alice@contoso.test'],
    ['another of its addresses', 'SMTP:A.Example@contoso.test'],
    ['a domain that the organisation keeps for itself', 'SMTP:alice2@Contoso.test'],
    ['an address of another recipient', 'SMTP:partner@elsewhere.test'],
    ['no SMTP address', 'X400:alice'],
  ])('never goes in a circle: %s', async (_, next) => {
    await expect(directory.setForwarding({ id: alice, expected: null, next })).rejects.toMatchObject({
      name: 'MailboxBlockedError',
      code: 'FORWARDING_LOOP',
    });
    expect(await now()).toBeUndefined();
    setByHand(elsewhere);
    await expect(directory.setForwarding({ id: alice, expected: elsewhere, next })).rejects.toMatchObject({
      code: 'FORWARDING_LOOP',
    });
    expect(await now()).toBe(elsewhere);
  });

  it('is put back to whatever was there first', async () => {
    setByHand('SMTP:partner@elsewhere.test');
    await directory.setForwarding({ id: alice, expected: 'SMTP:partner@elsewhere.test', next: cloud });
    await expect(
      directory.setForwarding({ id: alice, expected: cloud, next: 'SMTP:partner@elsewhere.test', restores: true }),
    ).resolves.toEqual({ outcome: 'set' });
  });

  it('may go to a domain that the organisation relays', async () => {
    await expect(
      directory.setForwarding({ id: alice, expected: null, next: 'SMTP:alice@relayed.test' }),
    ).resolves.toEqual({ outcome: 'set' });
  });

  it.each([
    ['mail', ['a@contoso.test']],
    ['proxyAddresses', ['SMTP:a@contoso.test']],
    ['displayName', ['Mallory']],
    ['homeMDB', []],
    ['msExchHideFromAddressLists', ['TRUE']],
  ])('is all that the account may write: not %s', async (type, values) => {
    const account = new Client({ url: `ldaps://${samba.address}`, tlsOptions: { ca: samba.ca }, timeout: 20_000 });
    const modify = (attribute: string, replaced: string[]) =>
      account.modify('CN=alice,OU=Staff,DC=contoso,DC=test', [
        new Change({ operation: 'replace', modification: new Attribute({ type: attribute, values: replaced }) }),
      ]);
    try {
      await account.bind('migadmin@contoso.test', 'Passw0rd!Mig');
      await expect(modify(type, values)).rejects.toMatchObject({ code: 50 });
      await expect(modify('targetAddress', [cloud])).resolves.toBeUndefined();
    } finally {
      await account.unbind();
    }
  });

  it('changes nothing but targetAddress', async () => {
    const id = await idOf('joerg@contoso.test');
    const attributes = ['proxyAddresses', 'mail', 'homeMDB', 'msExchMailboxGuid', 'displayName'];
    const before = await Promise.all(attributes.map((name) => samba.valuesOf('umlaut', name)));
    await directory.setForwarding({ id, expected: null, next: 'SMTP:joerg@contoso.mail.onmicrosoft.test' });
    expect(await Promise.all(attributes.map((name) => samba.valuesOf('umlaut', name)))).toEqual(before);
  });

  it('follows an object that was moved', async () => {
    await samba.asAdministrator((client) =>
      client.modifyDN('CN=noguid,OU=Staff,DC=contoso,DC=test', 'CN=noguid renamed,OU=Staff,DC=contoso,DC=test'),
    );
    const id = await idOf('noguid@contoso.test');
    await expect(
      directory.setForwarding({ id, expected: null, next: 'SMTP:noguid@contoso.mail.onmicrosoft.test' }),
    ).resolves.toEqual({ outcome: 'set' });
  });
});
