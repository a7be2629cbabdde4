import { describe, expect, it } from '@jest/globals';
import { errorCatalogue } from '../../../shared/domain/error-catalogue.ts';
import { ConfigurationError } from '../../../shared/domain/errors.ts';
import { ann, batchName, people, StagedWorld } from '../../support/directories/staged-world.ts';

async function checksOf(world: StagedWorld) {
  await world.begin();
  await world.run();
  const { checks, status, errorCode } = await world.batch(batchName);
  return { status, errorCode, of: (name: string) => checks.find(({ check }) => check === name) };
}

describe('the prerequisites of a staged batch', () => {
  it('pass where both sides are as they should be, and say what starting does', async () => {
    const { of, status } = await checksOf(new StagedWorld());
    expect(status).toBe('Synced');
    for (const name of ['directory-sync', 'accepted-domains', 'licences', 'forwarding'])
      expect([name, of(name)?.result]).toEqual([name, 'pass']);
    expect(of('forwarding')?.evidence).toBe(
      'On start, new mail of 3 people goes to their new mailboxes (routing addresses of the tenant). None of them forwards anywhere now.',
    );
    expect(of('source-version')).toMatchObject({ result: 'warn', evidence: expect.stringContaining('Exchange 2007') });
  });

  it('list the forwarding values that are there', async () => {
    const world = new StagedWorld();
    world.sourceDirectory.setByHand(ann, 'SMTP:ann@elsewhere.test');
    const { of } = await checksOf(world);
    expect(of('forwarding')).toMatchObject({ result: 'warn' });
    expect(of('forwarding')?.evidence).toContain('1 mailbox forwards already: ann@contoso.test to ann@elsewhere.test.');
  });

  it('warn, and go on, where the source is newer than staged migrations are meant for', async () => {
    const world = new StagedWorld();
    world.sourceDirectory.add({ primaryAddress: ann, exchangeVersion: '2010' });
    const { of, status } = await checksOf(world);
    expect(status).toBe('Synced');
    expect(of('source-version')?.evidence).toMatch(/Exchange 2007, 2010: .*cutover or hybrid/);
  });

  it.each(['2003', '2007'] as const)('warn, and go on, where the source is out of support: %s', async (version) => {
    const world = new StagedWorld();
    for (const primaryAddress of people) world.sourceDirectory.add({ primaryAddress, exchangeVersion: version });
    const { of, status } = await checksOf(world);
    expect(status).toBe('Synced');
    expect(of('source-version')).toMatchObject({
      result: 'warn',
      evidence: `Exchange ${version}: Microsoft’s support has ended for all versions before Subscription Edition.`,
    });
  });

  const failures: readonly (readonly [string, string, (world: StagedWorld) => void])[] = [
    [
      'directory-sync',
      'DIRECTORY_SYNC_OFF',
      ({ targetDirectory: target }) => (target.organisation = { ...target.organisation, directorySync: 'off' }),
    ],
    [
      'accepted-domains',
      'DOMAIN_NOT_ACCEPTED',
      ({ targetDirectory: target }) => {
        const domains = target.organisation.domains.map((domain) => ({ ...domain, isVerified: false }));
        target.organisation = { ...target.organisation, domains };
      },
    ],
    ['licences', 'LICENCE_UNKNOWN', ({ targetDirectory: target }) => (target.licences = undefined)],
    [
      'directory-sync',
      'TARGET_RIGHT_MISSING',
      ({ targetDirectory: target }) => {
        target.beforeCall = (name) => {
          if (name === 'organisation')
            throw new ConfigurationError({
              code: 'TARGET_RIGHT_MISSING',
              message: 'Organization.Read.All is missing.',
            });
        };
      },
    ],
    [
      'directory-sign-in',
      'DIRECTORY_SIGN_IN_FAILED',
      ({ sourceDirectory: source }) => {
        const { fix } = errorCatalogue.DIRECTORY_SIGN_IN_FAILED;
        const failed = {
          result: 'fail',
          code: 'DIRECTORY_SIGN_IN_FAILED',
          transient: false,
          evidence: 'No.',
          fix,
        } as const;
        source.checks = [{ check: 'sign-in', ...failed }];
      },
    ],
  ];

  it.each(failures)('stop the batch over %s with %s before anything is changed', async (check, code, spoil) => {
    const world = new StagedWorld();
    spoil(world);
    const { of, status, errorCode } = await checksOf(world);
    expect([status, errorCode, of(check)?.result]).toEqual(['Failed', code, 'fail']);
    expect(of(check)?.fix).not.toBe('');
    expect(world.forwarding()).toEqual(people.map(() => null));
  });

  it('warn where licences are short: some users may have one', async () => {
    const world = new StagedWorld();
    world.targetDirectory.licences = 2;
    const { of, status } = await checksOf(world);
    expect([status, of('licences')?.result]).toEqual(['Synced', 'warn']);
  });
});
