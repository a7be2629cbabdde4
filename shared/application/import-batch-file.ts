import { createHash } from 'node:crypto';
import type { RowRules } from '../domain/batch-file/batch-file-row.ts';
import type { Finding } from '../domain/batch-file/finding.ts';
import { batchOutcome } from '../domain/batch-outcome.ts';
import { moveBatch } from '../domain/batch-transitions.ts';
import { isRunning, type Batch, type BatchRun, type UploadReference } from '../domain/batch.ts';
import { isDue, isToBePrepared } from '../domain/due-jobs.ts';
import { ConflictError } from '../domain/errors.ts';
import { loginModeOf } from '../domain/endpoint.ts';
import { badRowId, isBadRowJob } from '../domain/queued-job.ts';
import { batchOfRun, changeBatchOfRun, leave, positionOf, runWasTaken, type Position } from './batch-run.ts';
import { readBatchSettings, type BatchSettings } from './batch-settings.ts';
import { effectiveOptions } from './effective-options.ts';
import { importBadRow, importRow, skipReplacedBadRows } from './import-rows.ts';
import { endpointOf } from './endpoint-of.ts';
import { inParallel } from './in-parallel.ts';
import { lintBatchFile } from './read-batch-file/lint-batch-file.ts';
import { readBatchFile } from './read-batch-file/read-batch-file.ts';
import { writeBatchFileWithoutPasswords } from './read-batch-file/write-batch-file-without-passwords.ts';
import type { Services } from './services.ts';

type ImportServices = Pick<Services, 'store' | 'objects' | 'sealer' | 'clock' | 'log'>;

/** As many findings as a batch keeps; the fatal ones first. */
const keptFindings = 100;

/**
 * Reads the uploads that wait for the batch, the oldest first: rows become jobs, passwords are sealed, a copy without
 * passwords is kept, and the uploaded version is removed, whatever came of it. Entered again after a crash, it reads the
 * file again and finds most of it done; a file that is gone was read.
 */
export async function importBatchFile(services: ImportServices, position: Position): Promise<Position> {
  const batch = await batchOfRun(services.store, position);
  if (batch === undefined) return leave(position, runWasTaken);
  let filesRead = 0;
  for (const upload of batch.uploads) {
    const imported = await importUpload(services, position, { batch, upload });
    if (imported === 'lost') return leave(position, runWasTaken);
    if (imported === 'read') filesRead += 1;
  }
  return await afterReading(services, position, filesRead);
}

interface Reading {
  readonly batch: Batch;
  readonly upload: UploadReference;
}

async function importUpload(
  services: ImportServices,
  position: Position,
  reading: Reading,
): Promise<'read' | 'gone' | 'lost'> {
  const { store, objects } = services;
  const { key } = reading.upload;
  const version = versionOf(reading.upload);
  const present = await objects.stream(key, version);
  if (present !== undefined) {
    const result = await readUpload(services, reading);
    const noted = await changeBatchOfRun(store, position, (batch) => ({
      ...batch,
      startedBy: result.settings.startedBy ?? batch.startedBy,
      options: { ...batch.options, ...result.settings.options },
      fileFindings: shown(result.findings),
      files: result.copy === null || batch.files.includes(result.copy) ? batch.files : [...batch.files, result.copy],
    }));
    if (noted === undefined) return 'lost';
    await objects.remove(key, version);
  }
  const done = await changeBatchOfRun(store, position, (batch) => ({
    ...batch,
    uploads: batch.uploads.filter((upload) => upload.key !== key || upload.version !== reading.upload.version),
  }));
  if (done === undefined) return 'lost';
  return present === undefined ? 'gone' : 'read';
}

/** '' where whoever put the file there knows of no version. */
function versionOf(upload: UploadReference): string | undefined {
  return upload.version === '' ? undefined : upload.version;
}

interface ReadResult {
  readonly settings: BatchSettings;
  readonly findings: readonly Finding[];
  /** Object key of the copy without passwords; null where the file was refused. */
  readonly copy: string | null;
}

async function readUpload(services: ImportServices, { batch, upload }: Reading): Promise<ReadResult> {
  const { store, objects, log } = services;
  const settings = await settingsFor(objects, batch, upload);
  const rules = await rulesFor(services, batch, settings);
  const open = () => openUpload(objects, upload);
  const lint = await lintBatchFile(await open(), rules);
  const findings = [...settings.findings, ...lint.findings];
  if (findings.some(({ severity }) => severity === 'fatal')) {
    log.warn('A batch file was refused', { batch: batch.name, findings: findings.length });
    return { settings: { options: {}, findings: settings.findings }, findings, copy: null };
  }

  // First, so that no row names a copy that is not there.
  const copy = await keepCopy(objects, batch, writeBatchFileWithoutPasswords(await open(), rules));
  const home = { batch: batch.name, endpoint: batch.endpoint, file: copy };
  const badRows = new Set<string>();
  await inParallel(readBatchFile(await open(), rules), async (event) => {
    if (event.kind === 'accepted') await importRow(services, home, event.row);
    if (event.kind !== 'bad') return;
    badRows.add(badRowId(event.row));
    await importBadRow(services, home, event.row);
  });
  await skipReplacedBadRows({ store, sealer: services.sealer, clock: services.clock }, batch.name, badRows);
  log.info('Read a batch file', { batch: batch.name, rows: lint.rows, badRows: lint.badRows });
  return { settings, findings, copy };
}

/** Only what is dropped into incoming/<endpoint>/ has its settings in a file beside it. */
async function settingsFor(
  objects: Services['objects'],
  batch: Batch,
  upload: UploadReference,
): Promise<BatchSettings> {
  if (upload.key.split('/').length !== 3) return { options: {}, findings: [] };
  return await readBatchSettings(objects, { endpoint: batch.endpoint, batch: batch.name });
}

async function rulesFor({ store }: ImportServices, batch: Batch, settings: BatchSettings): Promise<RowRules> {
  const endpoint = await endpointOf(store, batch);
  const options = await effectiveOptions(store, { ...batch, options: { ...batch.options, ...settings.options } });
  // A job that is there had its password sealed before (importRow), unless its row was bad.
  const known = new Set<string>();
  for await (const job of store.jobs(batch.name)) if (!isBadRowJob(job)) known.add(job.id);
  return {
    type: batch.type,
    sourceLogin: loginModeOf(endpoint.source),
    targetLogin: loginModeOf(endpoint.target),
    allowUnknownColumns: options.allowUnknownColumns,
    hasSealedPassword: (emailAddress) => known.has(emailAddress.trim().toLowerCase()),
  };
}

async function keepCopy(objects: Services['objects'], batch: Batch, text: AsyncIterable<string>): Promise<string> {
  const pieces: string[] = [];
  for await (const piece of text) pieces.push(piece);
  // At most 10 MB: the reader refuses larger files.
  const octets = new TextEncoder().encode(pieces.join(''));
  const name = createHash('sha256').update(octets).digest('hex').slice(0, 16);
  const key = `work/${batch.name}/batch-file-${name}.csv`;
  await objects.create(key, octets);
  return key;
}

async function openUpload(objects: Services['objects'], upload: UploadReference): Promise<AsyncIterable<Uint8Array>> {
  const octets = await objects.stream(upload.key, versionOf(upload));
  if (octets !== undefined) return octets;
  // Somebody read and removed it between two looks at it: come again, and find its rows.
  throw new ConflictError({
    code: 'STATE_CHANGED',
    message: `The upload ${upload.key} was removed while it was read.`,
  });
}

function shown(findings: readonly Finding[]): Batch['fileFindings'] {
  const rank = { fatal: 0, error: 1, warning: 2 };
  return [...findings]
    .sort((a, b) => rank[a.severity] - rank[b.severity] || a.line - b.line)
    .slice(0, keptFindings)
    .map(({ severity, code, line, message, suggestion }) => ({ severity, code, line, message, suggestion }));
}

/** What the jobs say once all files are read. */
interface RowsKnown {
  readonly any: boolean;
  readonly due: boolean;
  /** They are prepared before their time to start has come. */
  readonly unprepared: boolean;
  /** A worker was at one of them: copying has begun. */
  readonly begun: boolean;
}

async function afterReading(
  { store, clock }: ImportServices,
  position: Position,
  filesRead: number,
): Promise<Position> {
  const batch = await batchOfRun(store, position);
  if (batch === undefined) return leave(position, runWasTaken);
  const rows = await rowsKnown(store, batch);
  const outcome = await batchOutcome(store.jobs(batch.name));
  const { startAfter } = await effectiveOptions(store, batch);
  const refusal = batch.fileFindings.find(({ severity }) => severity === 'fatal');
  const now = clock.now();

  const decide = (present: Batch): { readonly batch: Batch; readonly next: BatchRun['phase'] | 'fail' } => {
    // Somebody stops or removes the batch: its rows wait, or go, with the others.
    if (present.status === 'Stopping' || present.status === 'Removing') return { batch: present, next: 'settle' };
    if (refusal !== undefined && !rows.any) {
      const failed =
        present.status === 'Failed' ? present : moveBatch(present, 'fail', { reason: refusal.message, now });
      return { batch: { ...failed, errorCode: refusal.code }, next: 'fail' };
    }
    if (!isRunning(present)) return { batch: present, next: refusal === undefined ? 'rest' : 'fail' };
    if (refusal !== undefined && !rows.due) {
      const reason = `A file was refused (${refusal.message}) ${outcome.reason}`;
      return { batch: moveBatch(present, outcome.event, { reason, now }), next: 'fail' };
    }
    const isEarly = startAfter !== null && Date.parse(startAfter) > now && !rows.begun && !rows.unprepared;
    if (isEarly && present.status === 'Validating')
      return { batch: moveBatch(present, 'schedule', { reason: `Starts at ${startAfter}.`, now }), next: 'rest' };
    // An event that came twice: its file was read, and all of it is done.
    if (filesRead === 0 && !rows.due) return { batch: present, next: present.completion === null ? 'rest' : 'settle' };
    return { batch: present, next: 'check' };
  };

  let next: Position['next'] = 'leave';
  const saved = await changeBatchOfRun(store, position, (present) => {
    const decided = decide(present);
    next = decided.next;
    return { ...decided.batch, run: { ...present.run, phase: decided.next === 'fail' ? 'rest' : decided.next } };
  });
  if (saved === undefined || saved.run === null) return leave(position, runWasTaken);
  return positionOf({ ...saved, run: saved.run }, next);
}

async function rowsKnown(store: Services['store'], batch: Batch): Promise<RowsKnown> {
  const known = { any: false, due: false, unprepared: false, begun: false };
  for await (const job of store.jobs(batch.name)) {
    known.any = true;
    known.due ||= isDue(job, batch);
    known.unprepared ||= isToBePrepared(job, batch);
    known.begun ||= job.startedAt !== null;
  }
  return known;
}
