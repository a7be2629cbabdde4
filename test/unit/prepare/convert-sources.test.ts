import { describe, expect, it } from '@jest/globals';
import { completeBatch } from '../../../shared/application/complete-batch.ts';
import { convertSources, type Conversion } from '../../../shared/application/convert/convert-sources.ts';
import { explainStart } from '../../../shared/application/convert/explain-start.ts';
import { Crash } from '../../support/builders/batch-world.ts';
import { ann, batchName, bob, cy, routingOf, StagedWorld } from '../../support/directories/staged-world.ts';

async function completed(options: Readonly<Record<string, unknown>> = {}): Promise<StagedWorld> {
  const world = new StagedWorld();
  world.sourceDirectory.add({ primaryAddress: cy, kind: 'shared-mailbox' });
  await world.begin({ options });
  await world.run();
  await completeBatch(world.services, { batch: batchName, by: 'ada', ignoreErrors: false });
  await world.run();
  await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'Completed' });
  return world;
}

const order = { batch: batchName, by: 'ada' };
const outcomes = (conversion: Conversion) =>
  conversion.outcome === 'done' ? conversion.mailboxes.map(({ outcome }) => outcome) : conversion.reason;

describe('converting source mailboxes', () => {
  it('writes a script and its list by default, shared mailboxes left out unless they are named', async () => {
    const world = await completed();
    const conversion = await convertSources(world.services, { ...order, how: 'option' });
    expect(outcomes(conversion)).toEqual(['scripted', 'scripted', 'refused']);
    expect(world.objects.text(`reports/${batchName}/ConvertSource.csv`)).toBe(
      'EmailAddress,RoutingAddress,TargetAddress,ObjectGuid,CloudLegacyExchangeDN\r\n' +
        [ann, bob].map((one) => `${one},${routingOf(one).slice(5)},${routingOf(one)},guid-of-${one},\r\n`).join(''),
    );
    const script = world.objects.text(`reports/${batchName}/ConvertSource.ps1`) ?? '';
    // Nothing is done before the object was saved, and nothing at all without -Apply.
    expect(script.indexOf('if (-not $Apply) { continue }')).toBeLessThan(script.indexOf('Disable-Mailbox -Identity'));
    expect(script.indexOf('Export-Clixml')).toBeLessThan(script.indexOf('Disable-Mailbox -Identity'));
    expect(world.sourceDirectory.converted.size).toBe(0);

    const named = await convertSources(world.services, { ...order, mailboxes: [cy], how: 'option' });
    expect(outcomes(named)).toEqual(['scripted']);
  });

  it('changes the directory where that is asked for, once, and takes it back', async () => {
    const world = await completed({ convertSource: 'apply' });
    expect(outcomes(await convertSources(world.services, { ...order, how: 'option' }))).toEqual([
      'converted',
      'converted',
      'refused',
    ]);
    expect([...world.sourceDirectory.converted.keys()]).toEqual([`guid-of-${ann}`, `guid-of-${bob}`]);
    expect(outcomes(await convertSources(world.services, { ...order, how: 'apply' }))).toEqual([
      'already',
      'already',
      'refused',
    ]);
    expect(outcomes(await convertSources(world.services, { ...order, how: 'revert' }))).toEqual([
      'reverted',
      'reverted',
      'refused',
    ]);
    expect(world.sourceDirectory.converted.size).toBe(0);
  });

  it('is refused before the batch is completed, for never, and where nothing forwards', async () => {
    const world = new StagedWorld();
    await world.begin();
    await world.run();
    expect(outcomes(await convertSources(world.services, { ...order, how: 'apply' }))).toEqual([
      'refused',
      'refused',
      'refused',
    ]);
    expect(world.sourceDirectory.converted.size).toBe(0);
    const never = await completed({ convertSource: 'never' });
    expect(outcomes(await convertSources(never.services, { ...order, how: 'apply' }))).toContain(
      'convertSource is never',
    );
  });

  it('stops at the first mailbox whose forwarding somebody else has changed', async () => {
    const world = await completed();
    world.sourceDirectory.setByHand(ann, 'SMTP:ann@elsewhere.test');
    expect(outcomes(await convertSources(world.services, { ...order, how: 'apply' }))).toEqual(['refused']);
    expect(world.sourceDirectory.converted.size).toBe(0);
  });

  it('killed at any call and asked again, has converted everything once and can take it back', async () => {
    const first = await completed();
    const from = first.calls + 1;
    await convertSources(first.services, { ...order, how: 'apply' });
    for (let call = from; call <= first.calls; call += 1) {
      for (const when of ['before', 'after'] as const) {
        const world = await completed();
        world.crash = { call, when };
        await expect(convertSources(world.services, { ...order, how: 'apply' })).rejects.toBeInstanceOf(Crash);
        await convertSources(world.services, { ...order, how: 'apply' });
        expect([...world.sourceDirectory.converted.keys()]).toEqual([`guid-of-${ann}`, `guid-of-${bob}`]);
        expect(outcomes(await convertSources(world.services, { ...order, how: 'revert' }))).toEqual([
          'reverted',
          'reverted',
          'refused',
        ]);
      }
    }
  });
});

describe('the notice before the start', () => {
  it('says whose new mail goes where, and what is replaced', async () => {
    const world = new StagedWorld();
    world.sourceDirectory.setByHand(bob, 'SMTP:bob@elsewhere.test');
    await world.begin();
    await world.run();
    const lines = await explainStart(world.services, { batch: batchName });
    expect(lines?.[0]).toContain('On start, new mail of 3 people goes to');
    expect(lines?.[1]).toContain(`${bob} to bob@contoso.mail.onmicrosoft.com`);
    expect(lines?.[2]).toContain('batch stop wave1 --rollback');
  });
});
