import { describe, expect, it } from '@jest/globals';
import { checkPrerequisites } from '../../../shared/application/check-prerequisites.ts';
import { findWhereTheBatchStands } from '../../../shared/application/find-where-the-batch-stands.ts';
import { importBatchFile } from '../../../shared/application/import-batch-file.ts';
import { startFromUpload } from '../../../shared/application/start-from-upload.ts';
import { checkNames } from '../../../shared/domain/prerequisite.ts';
import type { DeploymentCheck } from '../../../shared/ports/deployment-probe.ts';
import { anEndpoint, BatchWorld } from '../../support/builders/batch-world.ts';

const few: DeploymentCheck = {
  check: 'workers',
  result: 'fail',
  code: 'WORKERS_LIMITED',
  evidence: 'AWS Lambda runs at most 10 functions at once.',
  fix: 'Raise the quota.',
};
const sandbox: DeploymentCheck = {
  check: 'mail-sending',
  result: 'warn',
  code: null,
  evidence: 'Amazon SES keeps this account in its sandbox.',
  fix: 'Request production access.',
};

/** A batch of three mailboxes through an endpoint that opens `slots` at once, just before its prerequisites are checked. */
async function beforeTheCheck(slots: number, checks: readonly DeploymentCheck[]) {
  const world = new BatchWorld();
  const asked: number[] = [];
  const deploymentProbe = {
    probe: ({ workers }: { readonly workers: number }) => {
      asked.push(workers);
      return Promise.resolve(checks);
    },
  };
  await world.services.store.putEndpoint(anEndpoint({ maxConcurrentMigrations: slots }));
  const upload = { key: 'incoming/contoso/wave1.csv', version: 'v1', startedBy: 'account 1' };
  const rows = ['ann', 'bob', 'chloe'].map((user) => `${user}@contoso.test,${user},pw-${user}-1`);
  world.objects.upload(upload.key, `EmailAddress,UserName,Password\n${rows.join('\n')}\n`, upload.version);
  await startFromUpload(world.services, upload);
  const [execution] = world.workflow.running();
  const found = await findWhereTheBatchStands(world.services, { ...execution!.input, execution: execution!.id });
  const position = await importBatchFile(world.services, found);
  return { world, asked, position, services: { ...world.services, deploymentProbe } };
}

describe('what the deployment itself must have', () => {
  it('is asked for as many workers as will be at work: those that are due, at most N', async () => {
    for (const [slots, workers] of [
      [2, 2],
      [20, 3],
    ] as const) {
      const { services, position, asked } = await beforeTheCheck(slots, []);
      await checkPrerequisites(services, position);
      expect(asked).toEqual([workers]);
    }
  });

  it('stops the batch where it is missing, with its code and its fix', async () => {
    const { world, services, position } = await beforeTheCheck(20, [sandbox, few]);

    expect(await checkPrerequisites(services, position)).toMatchObject({ next: 'fail' });

    expect(await world.batch('wave1')).toMatchObject({
      status: 'Failed',
      errorCode: 'WORKERS_LIMITED',
      reason: 'AWS Lambda runs at most 10 functions at once. Raise the quota.',
      checks: [
        { check: 'deployment-mail-sending', result: 'warn' },
        { check: 'deployment-workers', result: 'fail' },
      ],
    });
  });

  it('is done without where somebody said so, under a name that the command line takes', async () => {
    const { world, services, position } = await beforeTheCheck(20, [sandbox, few]);
    const override = { check: 'deployment-workers', why: 'a test', by: 'ann', at: '2026-11-20T10:00:00Z' };
    await world.services.store.saveBatch({ ...(await world.batch('wave1')), overrides: [override] });

    expect(await checkPrerequisites(services, position)).toMatchObject({ next: 'synchronise' });

    const { checks } = await world.batch('wave1');
    expect(checks[1]).toMatchObject({ result: 'warn', evidence: `${few.evidence} Overridden by ann: a test` });
    for (const { check } of checks) expect(checkNames).toContain(check);
  });

  it('is not asked for where the service runs on one machine', async () => {
    const { world, position } = await beforeTheCheck(20, [few]);

    expect(await checkPrerequisites(world.services, position)).toMatchObject({ next: 'synchronise' });
  });
});
