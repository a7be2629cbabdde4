import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { activeDirectory } from '../../../shared/adapters/ldap/active-directory.ts';
import type { Directory } from '../../../shared/domain/endpoint.ts';
import { describeWithSamba } from '../../support/samba/describe-with-samba.ts';
import { ldapServices, withDirectory } from '../../support/samba/open-directory.ts';
import { SambaServer } from '../../support/samba/samba-server.ts';
import { TcpFaultProxy } from '../../support/tcp-fault-proxy.ts';

describeWithSamba('signing in to an Active Directory', () => {
  let samba: SambaServer;
  beforeAll(async () => {
    samba = await SambaServer.start();
  });
  afterAll(() => samba.stop());

  const opening = (changes: Partial<Directory>) => () =>
    withDirectory(samba.directory(changes), () => Promise.resolve());

  it('is over LDAPS, with a user principal name or a name with the domain', async () => {
    await expect(opening({})()).resolves.toBeUndefined();
    await expect(opening({ user: 'CONTOSO\\migadmin' })()).resolves.toBeUndefined();
    await expect(opening({ user: 'CN=migadmin,OU=Service,DC=contoso,DC=test' })()).resolves.toBeUndefined();
  });

  it('is over StartTLS on the plain port', async () => {
    const found = await withDirectory(samba.directory({ url: `ldap://${samba.address}` }), (open) =>
      open.findRecipient('alice@contoso.test'),
    );
    expect(found.outcome).toBe('found');
  });

  it('is refused without TLS before anything is sent', async () => {
    const proxy = await TcpFaultProxy.start(389, samba.address);
    const url = `ldap://127.0.0.1:${String(proxy.port)}`;
    await expect(opening({ url, startTls: false })()).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'DIRECTORY_UNREACHABLE',
    });
    expect(proxy.counters().connections).toBe(0);
    await proxy.stop();
  });

  it.each([
    ['env:WRONG', 'migadmin@contoso.test', 'the password is wrong (52e)'],
    ['env:DISABLED', 'disabled@contoso.test', 'the account is disabled (533)'],
    ['env:EXPIRED', 'expired@contoso.test', 'must change its password at the next sign-in (773)'],
    ['env:EMPTY', 'migadmin@contoso.test', 'is empty'],
  ])('says why it is refused (%s)', async (secret, user, words) => {
    await expect(opening({ secret, user })()).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'DIRECTORY_SIGN_IN_FAILED',
      message: expect.stringContaining(words),
    });
  });

  it('never shows the password', async () => {
    const failure = await opening({ secret: 'env:DIRECTORY_PASSWORD', user: 'nobody@contoso.test' })().catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(Error);
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('Passw0rd');
  });

  it('trusts no certificate of an authority that is not given, and none of another name', async () => {
    await expect(opening({ tls: {} })()).rejects.toMatchObject({
      code: 'DIRECTORY_CERTIFICATE_INVALID',
      message: expect.stringContaining('directory.tls.caFile'),
    });
    await expect(opening({ tls: { ca: samba.ca, serverName: 'dc9.contoso.test' } })()).rejects.toMatchObject({
      code: 'DIRECTORY_CERTIFICATE_INVALID',
      message: expect.stringContaining('directory.tls.serverName'),
    });
    await expect(opening({ url: `ldap://${samba.address}`, tls: {} })()).rejects.toMatchObject({
      code: 'DIRECTORY_CERTIFICATE_INVALID',
    });
    await expect(opening({ tls: { acceptUntrusted: true } })()).resolves.toBeUndefined();
  });

  it('takes a server that is not there, or does not answer, for one that may come back', async () => {
    await expect(opening({ url: 'ldaps://127.0.0.1:1' })()).rejects.toMatchObject({
      name: 'TransientError',
      code: 'DIRECTORY_UNREACHABLE',
    });
    const proxy = await TcpFaultProxy.start(636, samba.address);
    proxy.stall();
    const stalled = withDirectory(
      samba.directory({ url: `ldaps://127.0.0.1:${String(proxy.port)}` }),
      () => Promise.resolve(),
      { ...ldapServices, timeouts: { connectMs: 200, answerMs: 200 } },
    );
    await expect(stalled).rejects.toMatchObject({ name: 'TransientError', code: 'DIRECTORY_UNREACHABLE' });
    await proxy.stop();
  });

  it('takes LDAPS on the plain port for a setting that is wrong', async () => {
    await expect(opening({ url: `ldaps://${samba.address}:389` })()).rejects.toMatchObject({
      code: 'DIRECTORY_UNREACHABLE',
    });
  });

  it('ends with its signal', async () => {
    const closing = new AbortController();
    const open = await activeDirectory(samba.directory(), ldapServices).open(closing.signal);
    closing.abort();
    await expect(open.findRecipient('alice@contoso.test')).rejects.toMatchObject({ name: 'TransientError' });
    await open.close();
  });

  it('is done anew when the server was restarted between two questions', async () => {
    await withDirectory(samba.directory(), async (open) => {
      await open.findRecipient('alice@contoso.test');
      await samba.restart();
      const again = await open.findRecipient('alice@contoso.test');
      expect(again.outcome).toBe('found');
    });
  });
});
