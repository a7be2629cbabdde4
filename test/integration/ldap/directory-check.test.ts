import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { activeDirectory } from '../../../shared/adapters/ldap/active-directory.ts';
import type { Directory } from '../../../shared/domain/endpoint.ts';
import { describeWithSamba } from '../../support/samba/describe-with-samba.ts';
import { ldapServices } from '../../support/samba/open-directory.ts';
import { SambaServer } from '../../support/samba/samba-server.ts';

describeWithSamba('the check of a directory', () => {
  let samba: SambaServer;
  beforeAll(async () => {
    samba = await SambaServer.start();
  });
  afterAll(() => samba.stop());

  async function check(changes: Partial<Directory>, sample?: string): Promise<readonly string[]> {
    const checks = await activeDirectory(samba.directory(changes), ldapServices).check(sample);
    return checks.map(({ check: name, result, code }) => `${name} ${result}${code === null ? '' : ` ${code}`}`);
  }

  it('passes where all is well', async () => {
    await expect(check({}, 'alice@contoso.test')).resolves.toEqual([
      'reachable pass',
      'certificate pass',
      'sign-in pass',
      'rights pass',
      'recipients pass',
    ]);
  });

  it('says that rights are looked at only of a mailbox that is named', async () => {
    await expect(check({})).resolves.toContain('rights cannot-check');
    await expect(check({}, 'nobody@contoso.test')).resolves.toContain('rights cannot-check');
  });

  it('fails on rights that are missing', async () => {
    const expected = 'rights fail DIRECTORY_WRITE_DENIED';
    await expect(check({}, 'boss@contoso.test')).resolves.toContain(expected);
    const reader = { user: 'reader@contoso.test', secret: 'env:READER' };
    await expect(check(reader, 'alice@contoso.test')).resolves.toContain(expected);
  });

  it.each([
    ['no server', { url: 'ldaps://127.0.0.1:1' }, ['reachable fail DIRECTORY_UNREACHABLE', 'certificate cannot-check']],
    [
      'an unknown authority',
      { tls: {} },
      ['reachable pass', 'certificate fail DIRECTORY_CERTIFICATE_INVALID', 'sign-in cannot-check'],
    ],
    ['a wrong password', { secret: 'env:WRONG' }, ['certificate pass', 'sign-in fail DIRECTORY_SIGN_IN_FAILED']],
    [
      'a base that is not there',
      { base: 'DC=other,DC=test' },
      ['sign-in pass', 'rights cannot-check', 'recipients fail DIRECTORY_NO_RECIPIENTS'],
    ],
    [
      'a base without mailboxes',
      { base: 'OU=Service,DC=contoso,DC=test' },
      ['recipients fail DIRECTORY_NO_RECIPIENTS'],
    ],
  ] as const)('names what is wrong: %s', async (_, changes, expected) => {
    await expect(check(changes, 'alice@contoso.test')).resolves.toEqual(expect.arrayContaining([...expected]));
  });

  it('refuses a global catalogue, which is read-only', async () => {
    const url = `ldaps://${samba.address}:3269`;
    await expect(check({ url }, 'alice@contoso.test')).resolves.toContain('sign-in fail DIRECTORY_WRITE_DENIED');
  });

  it('warns of a server whose certificate nobody verifies', async () => {
    await expect(check({ tls: { acceptUntrusted: true } })).resolves.toContain('certificate warn');
  });
});
