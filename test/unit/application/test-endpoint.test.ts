import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { testEndpoint } from '../../../shared/application/test-endpoint.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';
import type { EndpointCheck, ProbeMailboxes, StorageProbe } from '../../../shared/ports/endpoint-probe.ts';
import { stagedEndpoint } from '../../support/directories/staged-world.ts';
import type { MailboxCredentials } from '../../../shared/ports/mail-source.ts';

const admin = { mode: 'admin', user: 'mailadmin', secret: 'env:ADMIN' };
const endpointWith = (source: object, target: object): Endpoint =>
  Endpoint.parse({
    name: 'contoso',
    type: 'imap',
    source: { kind: 'imap', host: 'old', login: source },
    target: { kind: 'imap', host: 'new', login: target },
  });

const keeps = { octets: false, size: false, dates: true, keywords: true };

/** A server that refuses these user names. */
function world(refused: readonly string[]) {
  const asked: ProbeMailboxes[] = [];
  const probe = (_: Endpoint, mailboxes: ProbeMailboxes): Promise<readonly EndpointCheck[]> => {
    asked.push(mailboxes);
    return Promise.resolve(
      (['source', 'target'] as const).map((side) => {
        const user = mailboxes[side]?.userName;
        const fails = user !== undefined && refused.includes(user);
        const result = user === undefined ? 'cannot-check' : fails ? 'fail' : 'pass';
        const code = side === 'source' ? 'SOURCE_SIGN_IN_FAILED' : 'TARGET_SIGN_IN_FAILED';
        return { side, check: 'sign-in', result, code: fails ? code : null, transient: false, evidence: '', fix: '' };
      }),
    );
  };
  const looked: (string | undefined)[] = [];
  const probeDirectories = (_: Endpoint, sample: string | undefined): Promise<readonly EndpointCheck[]> => {
    looked.push(sample);
    const [about, words] = [{ check: 'recipients', transient: false } as const, { evidence: '', fix: '' }];
    return Promise.resolve([
      { side: 'directory', ...about, result: 'fail', code: 'DIRECTORY_NO_RECIPIENTS', ...words },
      { side: 'target-directory', ...about, result: 'pass', code: null, ...words },
    ]);
  };
  const discover = () => Promise.reject(new Error('the address is in the file'));
  const written: string[] = [];
  const probeStorage = (_: Endpoint, { userName }: MailboxCredentials): Promise<StorageProbe> => {
    written.push(userName);
    const check = { side: 'target', check: 'storage', result: 'pass', code: null } as const;
    return Promise.resolve({ check: { ...check, transient: false, evidence: '', fix: '' }, keeps });
  };
  const endpointProbe = { probe, discover, probeDirectories, probeStorage };
  return { asked, written, looked, services: { endpointProbe, clock: systemClock } };
}

describe('testing a staged endpoint', () => {
  it('looks at the directories of both sides too, with the first mailbox, and fails where one of them does', async () => {
    const { looked, services } = world([]);
    const endpoint = Endpoint.parse({ name: 'contoso', ...stagedEndpoint });

    const tested = await testEndpoint(services, { endpoint, mailboxes: [{ mailbox: 'ann@contoso.test' }] });

    expect(looked).toEqual(['ann@contoso.test']);
    expect(tested.ok).toBe(false);
    expect(tested.checks.map(({ side }) => side)).toEqual(expect.arrayContaining(['directory', 'target-directory']));
  });

  it('does not ask for directories of an endpoint of another type', async () => {
    const { looked, services } = world([]);

    await testEndpoint(services, { endpoint: endpointWith(admin, admin) });

    expect(looked).toEqual([]);
  });
});

describe('testing an endpoint with mailboxes of the batch', () => {
  const mailboxes = ['ann', 'bob', 'cem', 'dan'].map((mailbox) => ({ mailbox }));

  it('signs in as the administrator, and leaves alone the side where each row brings its own password', async () => {
    const { asked, services } = world([]);
    const rows = [{ mailbox: 'ann@contoso.test', userName: 'ann', targetUserName: 'ann.new' }];

    const tested = await testEndpoint(services, { endpoint: endpointWith({ mode: 'user' }, admin), mailboxes: rows });

    expect(asked).toEqual([{ target: { emailAddress: 'ann@contoso.test', userName: 'ann.new' } }]);
    expect(tested).toMatchObject({ ok: true, checks: [{ result: 'cannot-check' }, { result: 'pass' }, {}] });
  });

  it('does not blame the administrator for one mailbox that is refused', async () => {
    const { asked, written, services } = world(['ann', 'bob']);

    const tested = await testEndpoint(services, { endpoint: endpointWith(admin, admin), mailboxes });

    expect(tested).toMatchObject({
      ok: true,
      checks: [{ result: 'pass' }, { result: 'pass' }, { check: 'storage' }],
      keeps,
    });
    expect(asked).toHaveLength(3);
    expect(written).toEqual(['cem']);
  });

  it('fails where the first three are refused, and does not go on until the account is locked', async () => {
    const { asked, written, services } = world(['ann', 'bob', 'cem', 'dan']);

    const tested = await testEndpoint(services, { endpoint: endpointWith(admin, { mode: 'user' }), mailboxes });

    expect(tested.ok).toBe(false);
    expect(tested.checks[0]).toMatchObject({ side: 'source', code: 'SOURCE_SIGN_IN_FAILED' });
    expect(asked).toHaveLength(3);
    expect(written).toEqual([]);
  });
});
