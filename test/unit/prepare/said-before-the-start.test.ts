import { describe, expect, it } from '@jest/globals';
import { createBatch } from '../../../shared/application/create-batch.ts';
import { explainEndpoint, explainStart } from '../../../shared/application/convert/explain-start.ts';
import { TransientError } from '../../../shared/domain/errors.ts';
import { anEndpoint } from '../../support/builders/batch-world.ts';
import { ann, batchName, bob, StagedWorld, stagedEndpoint } from '../../support/directories/staged-world.ts';

/** A batch whose rows are read and which nobody has started. */
async function notStarted(csv: string, change: object = {}): Promise<StagedWorld> {
  const world = new StagedWorld();
  world.sourceDirectory.setByHand(bob, 'SMTP:bob@elsewhere.test');
  await world.services.store.putEndpoint(anEndpoint({ ...stagedEndpoint, ...change }));
  await createBatch(world.services, {
    ...{ name: batchName, endpoint: 'contoso', options: {}, start: false, startedBy: 'ada' },
    csv: new TextEncoder().encode(csv),
  });
  await world.run();
  return world;
}

describe('what a staged batch says before it starts', () => {
  it('is said with the endpoint: what starting any batch of it does, and how it is taken back', () => {
    const [said, ...more] = explainEndpoint({ type: 'staged' });
    expect(said).toContain('sends the new mail of its people to their new mailboxes');
    expect(said).toContain('old values are kept, shown before the start, and put back by `batch stop --rollback`');
    expect(more).toEqual([]);
    expect(explainEndpoint({ type: 'imap' })).toEqual([]);
  });

  it('is said with the batch: of how many people, where to, and what is replaced; nothing is changed yet', async () => {
    const target = { ...stagedEndpoint.target, deliveryDomain: 'contoso.mail.onmicrosoft.com' } as never;
    const world = await notStarted(`EmailAddress\n${ann}\n${bob}\nnobody\n`, { target });
    await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'Created' });
    await expect(explainStart(world.services, { batch: batchName })).resolves.toEqual([
      'On start, new mail of 2 people goes to addresses of contoso.mail.onmicrosoft.com.',
      'Now forwarded, and to be replaced: bob@contoso.test to bob@elsewhere.test.',
      'Forwarding is set at the source as soon as a mailbox is there; `stagecoach batch stop wave1 --rollback` puts the old values back.',
    ]);
    expect(world.sourceDirectory.writes).toEqual([]);
  });

  it('is said also where nobody forwards, or where the directory cannot be asked now', async () => {
    const world = await notStarted(`EmailAddress\n${ann}\n`);
    expect((await explainStart(world.services, { batch: batchName }))?.[1]).toBe('None of them forwards anywhere now.');
    world.sourceDirectory.beforeCall = () => {
      throw new TransientError({ code: 'DIRECTORY_UNREACHABLE', message: 'dc1 does not answer.' });
    };
    expect((await explainStart(world.services, { batch: batchName }))?.[1]).toBe(
      'Who forwards elsewhere now could not be seen: dc1 does not answer.',
    );
    await expect(explainStart(world.services, { batch: 'nothing' })).resolves.toBeUndefined();
  });
});
