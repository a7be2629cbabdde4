import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { startFromUpload } from '../../../shared/application/start-from-upload.ts';
import { moveJob } from '../../../shared/domain/job-transitions.ts';
import { anEndpoint, BatchWorld } from '../../support/builders/batch-world.ts';
import { copyAll, runExecutions, type Worker } from '../../support/builders/run-executions.ts';
import { wholeReport } from '../../support/reports/whole-report.ts';

const csv = `_Team,EmailAddress,UserName,Password
it,ann@contoso.test,ann,s3cret-ann
it,bob@contoso.test,bob,s3cret-bob
hr,cy@contoso.test,cy,
hr,dora@contoso.test,dora,s3cret-dora
hr,Ann@contoso.test,ann2,s3cret-ann2
`;
const key = 'incoming/contoso/wave1.csv';

async function upload(world: BatchWorld, text: string, version: string): Promise<void> {
  world.objects.upload(key, text, version);
  await startFromUpload(world.services, { key, version, startedBy: 'ann' });
}

function failedRows(world: BatchWorld): Promise<string> {
  return wholeReport(world.services, { batch: 'wave1', report: 'failed-rows' });
}

/** The server refuses bob's password. */
function refusesBob(world: BatchWorld): Worker {
  const error = { code: 'SOURCE_SIGN_IN_FAILED', message: '=no', kind: 'MailboxBlockedError' };
  const copies = copyAll(() => world.now);
  return (job, batch) =>
    job.id === 'bob@contoso.test'
      ? moveJob(job, 'fail', { reason: error.message, error, now: world.now })
      : copies(job, batch);
}

async function states(world: BatchWorld): Promise<Record<string, string>> {
  return Object.fromEntries((await world.jobs('wave1')).map(({ id, status }) => [id, status]));
}

async function passwordOf(world: BatchWorld, mailbox: string): Promise<string> {
  const context = `wave1/${mailbox}/source`;
  const sealed = await world.services.store.getSealedPassword(context);
  return world.services.sealer.open(sealed ?? '', context);
}

describe('the failed rows of a batch that came by upload', () => {
  it('go round: as they are, mended, and then there are none', async () => {
    const world = new BatchWorld();
    await world.services.store.putEndpoint(anEndpoint());
    await upload(world, csv, 'v1');
    await runExecutions(world, refusesBob(world));
    const first = await failedRows(world);

    const records: string[][] = parse(first, { bom: true });
    expect(records.map((cells) => cells.slice(0, -1))).toEqual([
      ['_Team', 'EmailAddress', 'UserName', 'Password', '_Line', '_ErrorCode', '_ErrorMessage'],
      ['it', 'bob@contoso.test', 'bob', '', '3', 'SOURCE_SIGN_IN_FAILED', "'=no"],
      ['hr', 'cy@contoso.test', 'cy', '', '4', 'CSV_PASSWORD_EMPTY', 'Password is empty.'],
      [
        'hr',
        'Ann@contoso.test',
        'ann2',
        '',
        '6',
        'CSV_ADDRESS_DUPLICATE',
        'The mailbox is already in line 2 of the file.',
      ],
    ]);

    // As it is: bob is tried again with the password that is sealed, the rest is as wrong as before.
    const before = await world.job('wave1', 'dora@contoso.test');
    await upload(world, first, 'v2');
    await runExecutions(world, refusesBob(world));
    expect(await states(world)).toMatchObject({
      'ann@contoso.test': 'Synced',
      'bob@contoso.test': 'Failed',
      'dora@contoso.test': 'Synced',
      'row-2': 'Failed',
    });
    expect(await passwordOf(world, 'bob@contoso.test')).toBe('s3cret-bob');
    expect(await world.job('wave1', 'dora@contoso.test')).toEqual(before);

    // Mended: what the second file of failed rows says is what is left.
    const second = (await failedRows(world)).replace('cy@contoso.test,cy,', 'cy@contoso.test,cy,s3cret-cy');
    await upload(world, second, 'v3');
    await runExecutions(
      world,
      copyAll(() => world.now),
    );
    expect(await states(world)).toMatchObject({ 'bob@contoso.test': 'Synced', 'cy@contoso.test': 'Synced' });
    expect(await passwordOf(world, 'cy@contoso.test')).toBe('s3cret-cy');
    expect((await failedRows(world)).split('\r\n')).toHaveLength(2);
    expect(first + second.replace('s3cret-cy', '') + world.logged.join()).not.toContain('s3cret');
  });
});
