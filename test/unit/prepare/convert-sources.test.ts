import { describe, expect, it } from '@jest/globals';
import { convertAll } from '../../../cli/commands/convert.ts';
import { changeJob } from '../../../shared/application/change-job.ts';
import { completeBatch } from '../../../shared/application/complete-batch.ts';
import { convertSources, type Conversion } from '../../../shared/application/convert/convert-sources.ts';
import { explainStart } from '../../../shared/application/convert/explain-start.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import { MailboxBlockedError, TransientError } from '../../../shared/domain/errors.ts';
import { directoryOperations } from '../../../shared/operations/directory-operations.ts';
import { Crash } from '../../support/builders/batch-world.ts';
import { ann, batchName, bob, cy, routingOf, StagedWorld } from '../../support/directories/staged-world.ts';

const day = 86_400_000;

/** Completed so many days ago. */
async function completed(options: Readonly<Record<string, unknown>> = {}, days = 8): Promise<StagedWorld> {
  const world = new StagedWorld();
  world.sourceDirectory.add({ primaryAddress: cy, kind: 'shared-mailbox' });
  await world.begin({ options });
  await world.run();
  await completeBatch(world.services, { batch: batchName, by: 'ada', ignoreErrors: false });
  await world.run();
  await expect(world.batch(batchName)).resolves.toMatchObject({ status: 'Completed' });
  world.now += days * day;
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
    const kept = new Date(Date.parse((await world.jobOf(ann)).completedAt ?? '') + 7 * day).toISOString();
    expect(world.objects.text(`reports/${batchName}/ConvertSource.csv`)).toBe(
      'EmailAddress,RoutingAddress,TargetAddress,ObjectGuid,NotBefore,CloudLegacyExchangeDN\r\n' +
        [ann, bob]
          .map((one) => `${one},${routingOf(one).slice(5)},${routingOf(one)},guid-of-${one},${kept},\r\n`)
          .join(''),
    );
    const script = world.objects.text(`reports/${batchName}/ConvertSource.ps1`) ?? '';
    // Nothing is done before the object was saved, and nothing at all without -Apply.
    expect(script.indexOf('if (-not $Apply) { continue }')).toBeLessThan(script.indexOf('Disable-Mailbox -Identity'));
    expect(script.indexOf('$row.NotBefore')).toBeLessThan(script.indexOf('Disable-Mailbox -Identity'));
    expect(script.indexOf('Export-Clixml')).toBeLessThan(script.indexOf('Disable-Mailbox -Identity'));
    expect(world.sourceDirectory.converted.size).toBe(0);

    const named = await convertSources(world.services, { ...order, mailboxes: [cy], how: 'option' });
    expect(outcomes(named)).toEqual(['scripted']);
  });

  it('writes LDIF beside it for whoever has no cmdlets of Exchange, forth and back', async () => {
    const world = await completed();
    world.sourceDirectory.converted.set(`guid-of-${bob}`, { id: '', dn: '', before: [], after: [] });
    const conversion = await convertSources(world.services, { ...order, how: 'option' });
    expect(outcomes(conversion)).toEqual(['scripted', 'already', 'refused']);
    expect(conversion).toMatchObject({
      files: ['ps1', 'csv', 'ldif']
        .map((kind) => expect.stringContaining(`ConvertSource.${kind}`))
        .concat(expect.stringContaining('RevertSource.ldif')),
    });
    const ldif = world.objects.text(`reports/${batchName}/ConvertSource.ldif`) ?? '';
    expect(ldif).toContain(
      `dn: CN=${ann},OU=Staff,DC=contoso,DC=test\r\nchangetype: modify\r\ndelete: homeMDB\r\nhomeMDB: CN=Store\r\n-\r\n`,
    );
    expect(ldif).not.toContain(`CN=${bob}`);
    expect(world.objects.text(`reports/${batchName}/RevertSource.ldif`)).toContain(
      'changetype: modify\r\nadd: homeMDB\r\nhomeMDB: CN=Store\r\n-\r\n',
    );
    expect(world.sourceDirectory.converted.size).toBe(1);
  });

  it('writes the script also where the directory cannot be asked, and says what is missing', async () => {
    const world = await completed();
    world.sourceDirectory.beforeCall = () => {
      throw new TransientError({ code: 'DIRECTORY_UNREACHABLE', message: 'dc1 does not answer.' });
    };
    for (const services of [world.services, { ...world.services, sourceDirectory: undefined as never }]) {
      const conversion = await convertSources(services, { ...order, how: 'option' });
      if (conversion.outcome === 'refused') throw new Error(conversion.reason);
      expect(conversion.mailboxes[0]).toMatchObject({
        outcome: 'scripted',
        reason: expect.stringMatching(/^It is not in the LDIF: (?:dc1 does not answer|the directory is not reached)/),
      });
      expect(conversion.files.map((file) => file.replace(/^.*\./, ''))).toEqual(['ps1', 'csv']);
    }
  });

  it('keeps source mailboxes for seven days, or as the option says, unless a reason is given', async () => {
    const world = await completed({}, 6);
    const early = await convertSources(world.services, { ...order, how: 'apply' });
    expect(outcomes(early)).toEqual(['refused', 'refused', 'refused']);
    const kept = new Date(Date.parse((await world.jobOf(ann)).completedAt ?? '') + 7 * day).toISOString();
    expect(early).toMatchObject({
      mailboxes: [
        { reason: `Its source mailbox is kept until ${kept}: convert it then, or now with --early WHY.` },
        {},
        {},
      ],
    });
    expect(world.sourceDirectory.converted.size).toBe(0);

    const why = 'the store is full';
    expect(outcomes(await convertSources(world.services, { ...order, how: 'apply', early: why }))).toEqual([
      'converted',
      'converted',
      'refused',
    ]);
    const trail: unknown[] = [];
    for await (const { verb, detail, why: said } of world.services.store.auditOf(batchName))
      if (verb === 'convert') trail.push([detail, said]);
    expect(trail).toEqual([
      ['apply', ''],
      ['apply, early', why],
    ]);

    const short = await completed({ convertSource: 'apply:5d' }, 6);
    expect(outcomes(await convertSources(short.services, { ...order, how: 'option' }))).toContain('converted');
    const long = await completed({ convertSource: 'apply:14d' });
    expect(outcomes(await convertSources(long.services, { ...order, how: 'option' }))).not.toContain('converted');
  });

  it('leaves for later whoever is not reached in time, and goes on with them', async () => {
    const world = await completed();
    const asked: unknown[] = [];
    const budgets = [1, 1_000_000, 1_000_000];
    const operations = directoryOperations({ services: world.services });
    const answer = await convertAll(
      {
        convertSources: async (request) => {
          asked.push(request.mailboxes);
          const until = world.now + (budgets.shift() ?? 0);
          world.sourceDirectory.beforeCall = (name) => {
            if (name === 'convert') world.now += 10;
          };
          const converted = await convertSources(world.services, { ...request, ...order, until });
          if (converted.outcome === 'refused') throw new Error(converted.reason);
          return { mailboxes: [...converted.mailboxes], files: [...converted.files] };
        },
      },
      { name: batchName, startedBy: 'ada', how: 'apply' },
    );
    expect(asked).toEqual([undefined, [bob]]);
    expect(answer.mailboxes.map(({ mailbox, outcome }) => [mailbox, outcome])).toEqual([
      [ann, 'converted'],
      [cy, 'refused'],
      [bob, 'converted'],
    ]);
    const again = await convertAll(operations, { name: batchName, startedBy: 'ada', how: 'revert' });
    expect(again.mailboxes.map(({ outcome }) => outcome)).toEqual(['reverted', 'reverted', 'refused']);
  });

  it('asks no more where asking again brings nothing', async () => {
    let asked = 0;
    const mailboxes = [{ mailbox: ann, outcome: 'pending' as const, reason: 'It was not its turn yet: ask again.' }];
    const answer = await convertAll(
      {
        convertSources: () => {
          asked += 1;
          return Promise.resolve({ mailboxes, files: [] });
        },
      },
      { name: batchName, startedBy: 'ada', how: 'apply' },
    );
    expect([asked, answer.mailboxes]).toEqual([2, mailboxes]);
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

  it('leaves out whoever lacks something that nobody approved, unless named', async () => {
    const world = await completed();
    const lacking = { status: 'CompletedWithWarnings', green: false } as const;
    await changeJob(world.services.store, await world.jobOf(ann), (job) => ({ ...job, ...lacking }));
    const conversion = await convertSources(world.services, { ...order, how: 'apply' });
    expect(outcomes(conversion)).toEqual(['refused', 'converted', 'refused']);
    expect(conversion).toMatchObject({ mailboxes: [{ reason: expect.stringContaining('nobody approved') }, {}, {}] });
    const named = await convertSources(world.services, { ...order, mailboxes: [ann], how: 'apply' });
    expect(outcomes(named)).toEqual(['converted']);
  });

  it('stops at the first mailbox whose forwarding somebody else has changed', async () => {
    const world = await completed();
    world.sourceDirectory.setByHand(ann, 'SMTP:ann@elsewhere.test');
    expect(outcomes(await convertSources(world.services, { ...order, how: 'apply' }))).toEqual(['refused']);
    expect(world.sourceDirectory.converted.size).toBe(0);
  });

  it('keeps the forwarding of whoever has no source mailbox any more, until it is taken back', async () => {
    const world = new StagedWorld();
    await world.begin();
    await world.run();
    await completeBatch(world.services, { batch: batchName, by: 'ada', mailboxes: [ann], ignoreErrors: false });
    await world.run();
    const mailboxes = [ann];
    await convertSources(world.services, { ...order, mailboxes, how: 'apply', early: 'rehearsal' });
    const rollBack = { batch: batchName, by: 'ada', mailboxes, rollback: true };

    await stopBatch(world.services, rollBack);
    // Nor is anybody converted whose forwarding is about to go.
    const late = await convertSources(world.services, { ...order, mailboxes: [ann], how: 'apply', early: 'rehearsal' });
    expect(late).toMatchObject({ mailboxes: [{ outcome: 'refused', reason: expect.stringContaining('put back') }] });
    await world.run();
    expect(world.sourceDirectory.forwardingOf(ann)).toBe(routingOf(ann));
    expect((await world.jobOf(ann)).forwarding?.state).toBe('set');
    const trail: unknown[] = [];
    for await (const { verb, outcome, detail } of world.services.store.auditOf(batchName))
      if (verb === 'put-back') trail.push([outcome, detail]);
    expect(trail).toEqual([['refused', expect.stringContaining('revert the conversion first')]]);

    await convertSources(world.services, { ...order, mailboxes, how: 'revert' });
    await stopBatch(world.services, rollBack);
    await world.run();
    expect(world.sourceDirectory.forwardingOf(ann)).toBeNull();
  });

  it('is refused, and leaves nothing open, where the account may not write', async () => {
    const world = await completed();
    world.sourceDirectory.beforeCall = (name) => {
      if (name === 'convert')
        throw new MailboxBlockedError({ code: 'DIRECTORY_WRITE_DENIED', message: 'dc1: the account may not write.' });
    };
    await expect(convertSources(world.services, { ...order, how: 'apply' })).resolves.toMatchObject({
      // The others would be refused likewise.
      mailboxes: [{ mailbox: ann, outcome: 'refused', reason: 'dc1: the account may not write.' }],
    });
    expect((await world.jobOf(ann)).conversion?.state).toBe('reverted');
    world.sourceDirectory.beforeCall = () => undefined;
    expect(outcomes(await convertSources(world.services, { ...order, how: 'apply' }))).toContain('converted');
  });

  it('never leaves anybody without mailbox and without forwarding, whoever asks for both at once', async () => {
    const rollback = { batch: batchName, by: 'ada', mailboxes: [ann], rollback: true };
    const begin = async (): Promise<StagedWorld> => {
      const world = new StagedWorld();
      await world.begin({ csv: `EmailAddress\n${ann}\n${bob}\n` });
      await world.run();
      await completeBatch(world.services, { batch: batchName, by: 'ada', mailboxes: [ann], ignoreErrors: false });
      await world.run();
      return world;
    };
    const convert = (world: StagedWorld) =>
      convertSources(world.services, { ...order, mailboxes: [ann], how: 'apply', early: 'rehearsal' });
    const first = await begin();
    const from = first.calls + 1;
    await stopBatch(first.services, rollback);
    await first.run();
    const ends = new Set<string>();
    // The conversion comes before each call of the roll-back, from its first to its last.
    for (let call = from; call <= first.calls; call += 1) {
      const world = await begin();
      world.crash = { call, when: 'before' };
      await stopBatch(world.services, rollback).catch(() => undefined);
      await world.run().catch(() => undefined);
      world.workflow.endAll();
      world.crash = undefined;
      await convert(world);
      await stopBatch(world.services, rollback);
      await world.runOn();
      const isForwarded = world.sourceDirectory.forwardingOf(ann) !== null;
      const isConverted = world.sourceDirectory.converted.size > 0;
      ends.add(`${isConverted ? 'converted' : 'a mailbox'}, ${isForwarded ? 'forwarded' : 'not forwarded'}`);
    }
    expect([...ends].sort()).toEqual(['a mailbox, not forwarded', 'converted, forwarded']);
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
