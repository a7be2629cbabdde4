import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activeDirectory, type OpenActiveDirectory } from '../../../shared/adapters/ldap/active-directory.ts';
import type { Directory } from '../../../shared/domain/endpoint.ts';
import { DirectorySimulator } from '../../../simulator/directory/directory-simulator.ts';
import { describeWithSamba } from '../../support/samba/describe-with-samba.ts';
import { ldapServices, withDirectory } from '../../support/samba/open-directory.ts';

const many = Array.from({ length: 1_200 }, (_, index) => ({
  name: `user${String(index)}`,
  displayName: `User ${String(index)}`,
  address: `user${String(index)}@contoso.test`,
  kind: 'user-mailbox' as const,
}));

function startDirectory(): Promise<DirectorySimulator> {
  return DirectorySimulator.start({
    domain: 'contoso.test',
    accounts: [
      {
        names: ['migadmin@contoso.test', 'CONTOSO\\migadmin'],
        password: 'Passw0rd!Mig',
        rights: ['targetAddress'],
      },
      { names: ['CONTOSO\\Administrator'], password: 'Passw0rd!Admin', rights: 'everything' },
      { names: ['disabled@contoso.test'], password: 'Passw0rd!Off', rights: [], refusal: '533' },
    ],
    recipients: [
      {
        name: 'alice',
        displayName: 'Alice',
        address: 'alice@contoso.test',
        aliases: ['a@contoso.test'],
        kind: 'user-mailbox',
      },
      { name: 'boss', displayName: 'Boss', address: 'boss@contoso.test', kind: 'user-mailbox', isProtected: true },
      {
        name: 'old',
        displayName: 'Old (2003)',
        address: 'old@contoso.test',
        kind: 'user-mailbox',
        exchangeVersion: '2003',
      },
      { name: 'room', displayName: 'Room', address: 'room@contoso.test', kind: 'room-mailbox' },
      {
        name: 'partner',
        displayName: 'Partner',
        address: 'p@elsewhere.test',
        kind: 'contact',
        targetAddress: 'SMTP:p@elsewhere.test',
      },
      { name: 'all', displayName: 'Everybody', address: 'all@contoso.test', kind: 'group' },
      ...many,
    ],
  });
}

function settings(practice: DirectorySimulator, changes: Partial<Directory> = {}): Directory {
  return {
    url: practice.url,
    startTls: true,
    base: practice.base,
    user: 'migadmin@contoso.test',
    secret: 'env:DIRECTORY_PASSWORD',
    tls: { ca: practice.ca },
    ...changes,
  };
}

const cloud = 'SMTP:alice@contoso.mail.onmicrosoft.test';

describe('the practice directory', () => {
  let practice: DirectorySimulator;
  beforeAll(async () => {
    practice = await startDirectory();
  });
  afterAll(() => practice.close());

  async function idOf(open: OpenActiveDirectory, address: string): Promise<string> {
    const found = await open.findRecipient(address);
    if (found.outcome !== 'found') throw new Error(found.outcome);
    return found.recipient.id;
  }

  it.each(['ldaps', 'ldap with StartTLS'])('shows recipients as an Active Directory does, by %s', async (how) => {
    const url = how === 'ldaps' ? practice.url : practice.plainUrl;
    await withDirectory(settings(practice, { url }), async (open) => {
      await expect(open.findRecipient('A@contoso.TEST')).resolves.toMatchObject({
        outcome: 'found',
        recipient: {
          kind: 'user-mailbox',
          primaryAddress: 'alice@contoso.test',
          exchangeVersion: '2007',
          hasMailboxGuid: true,
          mayForward: 'yes',
        },
      });
      await expect(open.findRecipient('old@contoso.test')).resolves.toMatchObject({
        recipient: { kind: 'legacy-mailbox', exchangeVersion: '2003' },
      });
      await expect(open.findRecipient('room@contoso.test')).resolves.toMatchObject({
        recipient: { kind: 'room-mailbox' },
      });
      await expect(open.findRecipient('all@contoso.test')).resolves.toMatchObject({ recipient: { kind: 'group' } });
      await expect(open.findRecipient('boss@contoso.test')).resolves.toMatchObject({ recipient: { mayForward: 'no' } });
      await expect(open.findRecipient('*')).resolves.toEqual({ outcome: 'none' });
      const id = await idOf(open, 'alice@contoso.test');
      await expect(open.readRecipient(id)).resolves.toMatchObject({ recipient: { id } });
    });
  });

  it('answers page by page where there are many', async () => {
    const dns = many.map(({ name }) => `/o=Practice/ou=First Administrative Group/cn=Recipients/cn=${name}`);
    const found = await withDirectory(settings(practice), (open) => open.addressesOf(dns));
    expect(found.size).toBe(many.length);
    await withDirectory(settings(practice), async (open) => {
      expect((await open.addressesOf(dns.slice(0, 3))).size).toBe(3);
    });
  });

  it('passes the check of a directory, and refuses who may not sign in', async () => {
    const checks = await activeDirectory(settings(practice), ldapServices).check('alice@contoso.test');
    expect(checks.map(({ result }) => result)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass']);
    const disabled = settings(practice, { user: 'disabled@contoso.test', secret: 'env:DISABLED' });
    await expect(withDirectory(disabled, () => Promise.resolve())).rejects.toMatchObject({
      code: 'DIRECTORY_SIGN_IN_FAILED',
      message: expect.stringContaining('disabled (533)'),
    });
  });

  it('takes forwarding by compare-and-set, also when answers are lost', async () => {
    await withDirectory(settings(practice), async (open) => {
      const id = await idOf(open, 'alice@contoso.test');
      practice.loseAnswers(1);
      await expect(open.setForwarding({ id, expected: null, next: cloud })).resolves.toEqual({ outcome: 'set' });
      expect(practice.valuesOf('alice@contoso.test', 'targetAddress')).toEqual([cloud]);
      await expect(open.setForwarding({ id, expected: null, next: cloud })).resolves.toEqual({ outcome: 'already' });
      await expect(open.setForwarding({ id, expected: 'SMTP:x@y.test', next: null })).resolves.toEqual({
        outcome: 'conflict',
        actual: cloud,
      });
      practice.loseAnswers(1);
      await expect(open.setForwarding({ id, expected: cloud, next: null })).resolves.toEqual({ outcome: 'set' });
      expect(practice.valuesOf('alice@contoso.test', 'targetAddress')).toEqual([]);
      const boss = await idOf(open, 'boss@contoso.test');
      await expect(open.setForwarding({ id: boss, expected: null, next: cloud })).rejects.toMatchObject({
        code: 'DIRECTORY_WRITE_DENIED',
      });
      await expect(open.setForwarding({ id, expected: null, next: 'SMTP:new@contoso.test' })).rejects.toMatchObject({
        code: 'FORWARDING_LOOP',
      });
    });
  });

  it('lets a mailbox be made a mail-enabled user and back, also when answers are lost', async () => {
    const administrator = settings(practice, { user: 'contoso\\administrator', secret: 'env:ADMINISTRATOR' });
    await withDirectory(administrator, async (open) => {
      const id = await idOf(open, 'alice@contoso.test');
      await open.setForwarding({ id, expected: null, next: cloud });
      const before = practice.valuesOf('alice@contoso.test', 'proxyAddresses');
      const planned = await open.planConversion({ id, forwarding: cloud, targetLegacyExchangeDn: '/o=Cloud/cn=alice' });
      if (planned.outcome !== 'planned') throw new Error(planned.outcome);
      practice.loseAnswers(1);
      await expect(open.convert(planned.plan)).resolves.toEqual({ outcome: 'changed' });
      expect(practice.valuesOf('alice@contoso.test', 'homeMDB')).toEqual([]);
      expect(practice.valuesOf('alice@contoso.test', 'proxyAddresses')).toContain('x500:/o=Cloud/cn=alice');
      practice.loseAnswers(1);
      await expect(open.revertConversion(planned.plan)).resolves.toEqual({ outcome: 'changed' });
      expect(practice.valuesOf('alice@contoso.test', 'proxyAddresses')).toEqual(before);
      await open.setForwarding({ id, expected: cloud, next: null });
    });
  });
});

describeWithSamba("the practice directory with OpenLDAP's tools", () => {
  let practice: DirectorySimulator;
  let folder: string;
  beforeAll(async () => {
    practice = await startDirectory();
    folder = mkdtempSync(join(tmpdir(), 'practice-directory-'));
    writeFileSync(join(folder, 'ca.pem'), practice.ca);
  });
  afterAll(async () => {
    await practice.close();
    rmSync(folder, { recursive: true });
  });

  interface Answer {
    readonly status: number | null;
    readonly text: string;
  }

  /** Runs in a process of its own while our server answers in this one. */
  async function run(command: string, args: readonly string[], input = ''): Promise<Answer> {
    const child = spawn(command, [...args], { env: { ...process.env, LDAPTLS_CACERT: join(folder, 'ca.pem') } });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => (text += part));
    child.stdin.end(input);
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status, text };
  }

  const signedIn = (): readonly string[] => ['-x', '-D', 'migadmin@contoso.test', '-w', 'Passw0rd!Mig'];

  it('has a certificate that OpenSSL verifies', () => {
    expect(
      execFileSync('openssl', ['verify', '-CAfile', join(folder, 'ca.pem'), join(folder, 'ca.pem')]).toString(),
    ).toContain('OK');
  });

  it.each(['LDAPS', 'StartTLS'])('is searched over %s', async (how) => {
    const where = how === 'LDAPS' ? ['-H', practice.url] : ['-ZZ', '-H', practice.plainUrl];
    const filter = '(&(objectClass=user)(mail=ali*)(!(targetAddress=*))(|(cn=x)(proxyAddresses=smtp:A@contoso.test)))';
    const { status, text } = await run('ldapsearch', [
      ...where,
      ...signedIn(),
      '-LLL',
      '-b',
      practice.base,
      filter,
      'mail',
      'objectGUID',
    ]);
    expect({ status, text }).toMatchObject({ status: 0 });
    expect(text).toContain('dn: CN=alice,OU=Staff,DC=contoso,DC=test');
    expect(text).toMatch(/^objectGUID:: .{24}$/m);
    expect(text).not.toContain('displayName');
  });

  it('is searched page by page', async () => {
    const args = ['-H', practice.url, ...signedIn(), '-LLL', '-E', 'pr=250/noprompt', '-b', practice.base];
    const { status, text } = await run('ldapsearch', [...args, '(cn=user*)', 'cn']);
    expect(status).toBe(0);
    expect(text.match(/^dn: /gm)).toHaveLength(many.length);
    const unpaged = await run('ldapsearch', [
      '-H',
      practice.url,
      ...signedIn(),
      '-b',
      practice.base,
      '(cn=user*)',
      'cn',
    ]);
    expect(unpaged.status).toBe(4);
  });

  it('is modified all or nothing', async () => {
    const args = ['-H', practice.url, ...signedIn()];
    const change = (lines: string): string =>
      `dn: CN=user1,OU=Staff,DC=contoso,DC=test\nchangetype: modify\n${lines}\n`;
    await expect(
      run('ldapmodify', args, change('add: targetAddress\ntargetAddress: SMTP:u@far.test')),
    ).resolves.toMatchObject({ status: 0 });
    const again = await run('ldapmodify', args, change('add: targetAddress\ntargetAddress: SMTP:v@far.test'));
    expect(again).toMatchObject({ status: 20 });
    const stale = change(
      'delete: targetAddress\ntargetAddress: SMTP:v@far.test\n-\nadd: targetAddress\ntargetAddress: SMTP:w@far.test',
    );
    await expect(run('ldapmodify', args, stale)).resolves.toMatchObject({ status: 16 });
    const swap = change(
      'delete: targetAddress\ntargetAddress: SMTP:u@far.test\n-\nadd: targetAddress\ntargetAddress: SMTP:w@far.test',
    );
    await expect(run('ldapmodify', args, swap)).resolves.toMatchObject({ status: 0 });
    const other = change('delete: targetAddress\n-\nreplace: displayName\ndisplayName: x');
    await expect(run('ldapmodify', args, other)).resolves.toMatchObject({ status: 50 });
    expect(practice.valuesOf('user1@contoso.test', 'targetAddress')).toEqual(['SMTP:w@far.test']);
    const nobody = 'dn: CN=nobody,DC=contoso,DC=test\nchangetype: modify\nreplace: targetAddress\n';
    await expect(run('ldapmodify', args, nobody)).resolves.toMatchObject({ status: 32 });
  });

  it('signs nobody in over an open connection, with a wrong password or without one', async () => {
    await expect(run('ldapwhoami', ['-H', practice.plainUrl, ...signedIn()])).resolves.toMatchObject({
      status: 8,
    });
    const wrong = ['-x', '-D', 'migadmin@contoso.test', '-w', 'wrong', '-H', practice.url];
    await expect(run('ldapsearch', [...wrong, '-b', practice.base])).resolves.toMatchObject({ status: 49 });
    const anonymous = ['-x', '-H', practice.url, '-b', practice.base];
    await expect(run('ldapsearch', anonymous)).resolves.toMatchObject({ status: 1 });
    const root = await run('ldapsearch', ['-x', '-H', practice.url, '-LLL', '-s', 'base', '-b', '']);
    expect(root).toMatchObject({
      status: 0,
      text: expect.stringContaining('defaultNamingContext: DC=contoso,DC=test'),
    });
  });
});
