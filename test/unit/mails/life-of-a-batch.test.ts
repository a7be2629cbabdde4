import { beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { checkPrerequisites } from '../../../shared/application/check-prerequisites.ts';
import { completeBatch } from '../../../shared/application/complete-batch.ts';
import { changeJob } from '../../../shared/application/change-job.ts';
import { findWhereTheBatchStands } from '../../../shared/application/find-where-the-batch-stands.ts';
import { importBatchFile } from '../../../shared/application/import-batch-file.ts';
import type { Position } from '../../../shared/application/batch-run.ts';
import { planRound } from '../../../shared/application/plan-round.ts';
import { restBatch } from '../../../shared/application/rest-batch.ts';
import { reviewRound } from '../../../shared/application/review-round.ts';
import { sendBatchMail, sendOpenMails } from '../../../shared/application/send-batch-mail.ts';
import { settleBatch } from '../../../shared/application/settle-batch.ts';
import { startFromUpload } from '../../../shared/application/start-from-upload.ts';
import { stopBatch } from '../../../shared/application/stop-batch.ts';
import { writeReports } from '../../../shared/application/write-reports.ts';
import { moveJob } from '../../../shared/domain/job-transitions.ts';
import type { MailMessage } from '../../../shared/ports/mailer.ts';
import { anEndpoint, BatchWorld } from '../../support/builders/batch-world.ts';
import { copyAll, type Worker } from '../../support/builders/run-executions.ts';
import { wholeReport } from '../../support/reports/whole-report.ts';

const key = 'incoming/contoso/wave1.csv';
const names = ['ann', 'bob', 'cy', 'dora'];

let world: BatchWorld;
let mails: MailMessage[];
let copies: Worker;

beforeEach(async () => {
  world = new BatchWorld();
  mails = [];
  copies = copyAll(() => world.now);
  await world.services.store.putEndpoint(anEndpoint());
  const rows = names.map((name) => `${name}@contoso.test,${name},pw\n`).join('');
  world.objects.upload(key, `EmailAddress,UserName,Password\n${rows}`, 'v1');
  await startFromUpload(world.services, { key, version: 'v1', startedBy: 'ada' });
});

const services = () => ({
  ...world.services,
  mailer: {
    send: (message: MailMessage) => {
      mails.push(message);
      return Promise.resolve({ id: `mail-${String(mails.length)}` });
    },
  },
});

const failing =
  (code: string, kind: string): Worker =>
  (job) =>
    moveJob(job, 'fail', { reason: code, error: { code, message: `It says ${code}.`, kind }, now: world.now });

/** Runs the execution through all its states; writes the reports and sends the mail twice, as after a crash. */
async function run(worker: Worker, stopAfter = Infinity): Promise<void> {
  const execution = world.workflow.running()[0]!;
  const all = services();
  let position = await findWhereTheBatchStands(all, { ...execution.input, execution: execution.id });
  for (let states = 0; states < 30 && !['rest', 'leave', 'fail'].includes(position.next); states += 1) {
    world.now += 1000;
    if (position.next === 'read') position = await importBatchFile(all, position);
    else if (position.next === 'check') position = await checkPrerequisites(all, position);
    else if (position.next === 'settle') position = await settleBatch(all, position);
    else if (position.next === 'synchronise') position = await synchronise(position, worker, stopAfter);
    else {
      const { mail } = position;
      await writeReports(all, position);
      const reported = await writeReports(all, position);
      await sendBatchMail(all, { ...reported, kind: mail });
      position = await sendBatchMail(all, { ...reported, kind: mail });
    }
  }
  await restBatch(all, position);
  execution.status = 'succeeded';
}

async function synchronise(position: Position, worker: Worker, stopAfter: number) {
  const plan = await planRound(world.services, position);
  let worked = 0;
  for (const { id } of plan.due === 0 ? [] : await world.jobs('wave1')) {
    const batch = await world.batch('wave1');
    const job = await world.job('wave1', id);
    if (batch.status === 'Stopping' || job.status === 'Failed') continue;
    await changeJob(world.services.store, job, () => worker(job, batch));
    worked += 1;
    if (worked === stopAfter) await stopBatch(world.services, { batch: 'wave1', by: 'ada', rollback: false });
  }
  return plan.due === 0 ? plan : reviewRound(world.services, plan);
}

/** Addresses in a report that lies beside the batch. */
function listed(name: string): readonly string[] {
  const rows: Record<string, string>[] = parse(world.objects.text(`reports/wave1/${name}.csv`) ?? '', {
    bom: true,
    columns: true,
  });
  return rows.map((row) => row['EmailAddress'] ?? '');
}

const address = (name: string): string => `${name}@contoso.test`;
const subjects = (): readonly string[] =>
  mails.map(({ subject }) => subject.replace('E-mail migration batch "wave1" ', ''));

describe('a batch, turn by turn', () => {
  it('that is stopped on its way tells how many were migrated before, and lists the others', async () => {
    let begun = 0;
    await run((job, batch) => {
      begun += 1;
      if (begun === 1) return copies(job, batch);
      return moveJob(job, 'synchronise', { reason: null, now: world.now });
    }, 2);

    expect(await world.batch('wave1')).toMatchObject({ status: 'Stopped' });
    expect(subjects()).toEqual(['has been stopped']);
    expect(mails[0]!.text).toContain(
      '1 of 4 mailboxes was migrated before the batch was stopped; 1 mailbox was in progress, 2 mailboxes were still waiting.',
    );
    expect(mails[0]!.text).toContain('ada');
    expect(listed('MigrationStatistics')).toEqual([address('ann')]);
    expect(listed('MigrationErrors')).toEqual(['bob', 'cy', 'dora'].map(address));
    // The reports say the same once the batch rests.
    const errors = await wholeReport(services(), { batch: 'wave1', report: 'errors' });
    expect(errors.replace('\uFEFF', '')).toBe(world.objects.text('reports/wave1/MigrationErrors.csv'));
  });

  it('that is paused tells the one cause', async () => {
    await run(failing('TARGET_CERTIFICATE_INVALID', 'ConfigurationError'));
    expect(await world.batch('wave1')).toMatchObject({ status: 'Paused' });
    expect(subjects()).toEqual(['has been paused']);
    expect(mails[0]!.text).toContain('It says TARGET_CERTIFICATE_INVALID.');
  });

  it('that finishes with errors and is completed says what is left each time', async () => {
    await run((job, batch) =>
      job.id === address('bob')
        ? failing('TARGET_MAILBOX_FULL', 'MailboxBlockedError')(job, batch)
        : copies(job, batch),
    );
    await completeBatch(world.services, { batch: 'wave1', by: 'ada', ignoreErrors: false });
    const fails = failing('TARGET_MAILBOX_FULL', 'MailboxBlockedError');
    const again: Worker = (job, batch) => (job.id === address('bob') ? fails(job, batch) : copies(job, batch));
    await run(again);
    expect(await world.batch('wave1')).toMatchObject({ status: 'SyncedWithErrors' });
    await completeBatch(world.services, { batch: 'wave1', by: 'ada', ignoreErrors: true });
    await run(again);

    expect(await world.batch('wave1')).toMatchObject({ status: 'CompletedWithErrors' });
    expect(subjects()).toEqual([
      'has finished - with errors',
      'has not been completed - errors are left',
      'has been completed - with errors',
    ]);
    for (const { text } of mails) expect(text).toContain('TARGET_MAILBOX_FULL');
    expect(mails[2]!.text).not.toMatch(/In progress|MAILBOX_STOPPED/);
    expect(listed('FailedRows')).toEqual([address('bob')]);
  });

  it('that is completed without errors sends its mail although the sender died, once', async () => {
    await run(copies);
    await completeBatch(world.services, { batch: 'wave1', by: 'ada', ignoreErrors: false });
    await run(copies);
    expect(await world.batch('wave1')).toMatchObject({ status: 'Completed' });
    expect(subjects()).toEqual(['has finished', 'has been completed']);

    // As if the last one had been claimed and never sent: the tick finds the same mail.
    const store = world.services.store;
    const last = (await store.mailsOf('wave1')).find(({ kind }) => kind === 'completed')!;
    await store.removeMails('wave1');
    await store.claimMail(last, world.now, 1);
    world.now += 3_600_000;
    expect(await sendOpenMails(services(), await world.batch('wave1'))).toBe(1);
    expect(subjects()).toEqual(['has finished', 'has been completed', 'has been completed']);
    expect(mails[2]!.text).toContain('You may have received this mail before');
  });
});
