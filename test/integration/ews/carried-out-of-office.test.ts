import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { directories } from '../../../shared/adapters/directories.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { carryOutOfOffice } from '../../../shared/application/prepare/carry-out-of-office.ts';
import { resolveOptions } from '../../../shared/domain/options.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';
import type { MailboxJob } from '../../../shared/domain/mailbox-job.ts';
import { PracticeOrganisation } from '../../../simulator/practice-organisation.ts';
import { ann, batchName, StagedWorld } from '../../support/directories/staged-world.ts';

const sku = { sku: 'SPE_E3', usageLocation: 'DE' };

describe('The out-of-office settings of a mailbox that moves', () => {
  const { signal } = new AbortController();
  let company: PracticeOrganisation;

  beforeAll(async () => {
    company = await PracticeOrganisation.start({
      people: 3,
      mailboxPolls: 0,
      fill: (mailbox) => {
        mailbox.outOfOffice = { state: 'Enabled', externalAudience: 'Known', internalReply: '<p>Away</p>' };
      },
    });
  });
  afterAll(() => company.stop());

  /** Carries those of one person over, as preparation does; what is at the target then. */
  async function carry(index: number, outOfOffice: 'report' | 'set' | 'never'): Promise<readonly [object, MailboxJob]> {
    const address = company.addresses[index] ?? '';
    const endpoint = Endpoint.parse(company.endpoint('contoso'));
    const secrets = (reference: string) => Promise.resolve(company.environment[reference.replace('env:', '')] ?? '');
    const both = directories({ secrets, clock: systemClock });
    const found = await both.targetDirectory(endpoint).findRecipient(address, signal);
    if (found.outcome !== 'found') throw new Error(`${address} is not at the target.`);
    await both.targetDirectory(endpoint).assignLicence(found.recipient.id, sku, signal);
    await both.targetDirectory(endpoint).mailboxState(found.recipient.id, signal);

    const world = new StagedWorld();
    await world.begin();
    await world.run();
    const job = await world.jobOf(ann);
    if (job.preparation === undefined) throw new Error('The mailbox was not prepared.');
    const preparation = { ...job.preparation, targetId: found.recipient.id };
    const after = await carryOutOfOffice(
      { ...world.services, ...both },
      {
        batch: await world.batch(batchName),
        options: resolveOptions('staged', { outOfOffice }),
        job: { ...job, mailbox: address, preparation },
        ...{ endpoint, signal },
      },
    );
    return [company.online.mailbox(address).settings, after];
  }

  it('are on there without the text, which the user is to write again', async () => {
    const [settings, job] = await carry(0, 'report');

    expect(settings).toMatchObject({
      automaticRepliesSetting: { status: 'alwaysEnabled', externalAudience: 'contactsOnly', internalReplyMessage: '' },
    });
    expect(job.outOfOffice).toMatchObject({ carried: 'switch', note: expect.stringMatching(/write it again/) });
  });

  it('are there with the text where that was asked for', async () => {
    const [settings, job] = await carry(1, 'set');

    expect(settings).toMatchObject({
      automaticRepliesSetting: { status: 'alwaysEnabled', internalReplyMessage: '<p>Away</p>' },
    });
    expect(job.outOfOffice).toMatchObject({ carried: 'text', note: null });
  });

  it('are left alone where that was asked for', async () => {
    const [settings, job] = await carry(2, 'never');

    expect([settings, job.outOfOffice]).toEqual([{}, undefined]);
  });
});
