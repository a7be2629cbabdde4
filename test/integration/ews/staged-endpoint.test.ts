import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { endpointProbe } from '../../../shared/adapters/mail-servers.ts';
import { endpointOperations } from '../../../shared/operations/endpoint-operations.ts';
import { PracticeOrganisation } from '../../../simulator/practice-organisation.ts';
import { StagedWorld } from '../../support/directories/staged-world.ts';

type Settings = Record<string, Readonly<Record<string, unknown>>>;

describe('Putting a staged endpoint of the practice organisation', () => {
  let company: PracticeOrganisation;

  beforeAll(async () => {
    company = await PracticeOrganisation.start({ people: 2, fill: () => undefined });
  });
  afterAll(() => company.stop());

  /** With some settings of a part of the file changed. */
  function put(part: string, change: Readonly<Record<string, unknown>> = {}) {
    const world = new StagedWorld();
    const secrets = (reference: string) => {
      const secret = company.environment[reference.replace('env:', '')];
      return Promise.resolve(secret ?? 'of no account');
    };
    const services = { ...world.services, endpointProbe: endpointProbe({ secrets, clock: systemClock }) };
    const written = company.endpoint('contoso') as Settings;
    const endpoint = { ...written, [part]: { ...written[part], ...change } };
    const [mailbox = ''] = company.addresses;
    const stored = endpointOperations(services).putEndpoint({
      ...{ name: 'contoso', endpoint, test: true },
      mailboxes: [{ mailbox }],
    });
    return { stored, world };
  }

  it('stores it, with what was seen of servers and directories; a mailbox that is to be made is no fault', async () => {
    const { checks } = await put('source').stored;

    const seen = checks.map(({ side, check, result }) => `${side}-${check} ${result}`);
    expect(seen.filter((line) => line.endsWith('fail'))).toEqual([]);
    expect(seen).toEqual(
      expect.arrayContaining([
        'source-mailbox pass',
        'target-mailbox cannot-check',
        'directory-certificate pass',
        'directory-rights pass',
        'directory-recipients pass',
        'target-directory-sign-in pass',
        'target-directory-rights pass',
      ]),
    );
  });

  it.each([
    ['directory.url', 'directory', { url: 'ldaps://127.0.0.1:1' }],
    ['directory.tls', 'directory', { tls: {} }],
    ['directory.user, directory.secret', 'directory', { secret: 'env:WRONG' }],
    ['directory.base', 'directory', { base: 'OU=Nobody,DC=contoso,DC=test' }],
    ['target.tenant, target.clientId, target.certificate, target.secret', 'target', { clientId: 'nobody' }],
  ])('names %s where that is wrong, and stores nothing', async (settings, part, change) => {
    const { stored, world } = put(part, change);

    await expect(stored).rejects.toThrow(new RegExp(`is not stored: (?:.*\n)*${settings}: `));
    expect(await world.services.store.getEndpoint('contoso')).toBeUndefined();
  });
});
