import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AnswerOf, Operations } from '../shared/contract/routes.ts';
import { CommandError, exitCodes } from '../shared/contract/problem.ts';
import { findFolderHolder } from '../shared/adapters/local/folder-lock.ts';
import { isKnownError } from '../shared/domain/errors.ts';
import { databaseFile } from '../local/database-file.ts';
import type { EmbeddedService } from '../local/embedded-service.ts';
import { interruption } from './interruption.ts';
import type { CommonOptions } from './flags.ts';
import { remoteOperations, ServiceGoneError } from './remote-operations.ts';

/** Milliseconds that a command waits for another one to leave the data folder: putting an endpoint takes that long. */
const patienceMs = 60_000;
const lookEveryMs = 100;

/** Who does what a command asks for. */
export type Access =
  | { readonly by: 'this-process'; readonly operations: Operations; readonly service: EmbeddedService }
  | {
      readonly by: 'service';
      readonly operations: Operations;
      /** `command`: it ends with its own batch, whoever asked it for another one takes that over. */
      readonly kind: AnswerOf<'showService'>['kind'];
    };

export interface AccessRequest {
  readonly options: Pick<CommonOptions, 'data' | 'url' | 'aws' | 'stack'>;
  /** What holds the data folder, for people. */
  readonly command: string;
  /** True for commands that work on a batch: others may then ask this process. */
  readonly works?: boolean;
  /** True for commands that begin a data folder where there is none; to the others, none is a name that was mistyped. */
  readonly makesFolder?: boolean;
}

/**
 * Opens the data folder, or reaches the service that holds it (or the one at --url), does the work and leaves
 * everything closed, an interruption included.
 */
export async function withAccess<Result>(
  request: AccessRequest,
  work: (access: Access) => Promise<Result>,
): Promise<Result> {
  const access = await openAccess(request);
  try {
    return await interruption.orElse(work(access));
  } finally {
    if (access.by === 'this-process') await access.service.close();
  }
}

async function openAccess(request: AccessRequest): Promise<Access> {
  const { url, aws, stack } = request.options;
  if (aws === true) return reachStack(stack, url);
  const dataDir = resolve(request.options.data);
  if (url !== undefined) return reachService(url, tokenOf(dataDir));
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const opened = await openOrFindHolder(request, dataDir);
    if (opened.access !== undefined) return opened.access;
    if (Date.now() > deadline) throw opened.inUse;
    await delay(lookEveryMs);
  }
}

async function openOrFindHolder(
  request: AccessRequest,
  dataDir: string,
): Promise<{ readonly access: Access } | { readonly access?: undefined; readonly inUse: unknown }> {
  const found = await findFolderHolder(dataDir);
  const url = found.held ? (found.holder?.url ?? null) : null;
  if (url !== null) {
    const access = await reachIfThere(url, dataDir);
    if (access !== undefined) return { access };
  }
  if (!found.held && request.makesFolder !== true) requireDataFolder(dataDir);
  try {
    return { access: await openHere(request, dataDir) };
  } catch (error) {
    if (isKnownError(error) && error.code === 'DATA_FOLDER_IN_USE') return { inUse: error };
    throw error;
  }
}

function requireDataFolder(dataDir: string): void {
  if (existsSync(databaseFile(dataDir))) return;
  throw new CommandError({
    code: 'DATA_FOLDER_NOT_FOUND',
    message: `${dataDir} is no data folder of Stagecoach.`,
    fix: 'Name the data folder with --data; `run`, `serve` and `endpoint put` begin a new one.',
    exitCode: exitCodes.notFound,
  });
}

async function openHere({ command, works = false }: AccessRequest, dataDir: string): Promise<Access> {
  // A command that asks a service needs none of this.
  const { openEmbedded } = await import('../local/embedded-service.ts');
  const { startLog } = await import('../local/log.ts');
  const service = await openEmbedded({
    dataDir,
    command,
    log: startLog({ to: 'file', path: join(dataDir, 'stagecoach.log') }),
  });
  if (works) await service.listen({ port: 0, kind: 'command' });
  return { by: 'this-process', operations: service.operations, service };
}

/** What asks AWS is loaded only when AWS is asked. */
async function reachStack(stack: string, url: string | undefined): Promise<Access> {
  if (url !== undefined) throw CommandError.usage('Give either --url or --aws.');
  const { awsOperations } = await import('./aws-operations.ts');
  return { by: 'service', operations: await awsOperations({ stack }), kind: 'serve' };
}

async function reachService(url: string, token: string): Promise<Access> {
  const operations = remoteOperations({ url, token });
  const { kind } = await operations.showService({});
  return { by: 'service', operations, kind };
}

/** undefined where the holder has just ended. */
async function reachIfThere(url: string, dataDir: string): Promise<Access | undefined> {
  try {
    return await reachService(url, tokenOf(dataDir));
  } catch (error) {
    if (error instanceof ServiceGoneError) return undefined;
    throw error;
  }
}

function tokenOf(dataDir: string): string {
  const fromEnvironment = process.env['STAGECOACH_TOKEN'];
  if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment;
  const file = join(dataDir, 'token');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new CommandError({
      code: 'TOKEN_NOT_FOUND',
      message: `The service's token cannot be read from ${file}.`,
      fix: "Name the service's data folder with --data, or put the token into STAGECOACH_TOKEN.",
      exitCode: exitCodes.usage,
      cause: error,
    });
  }
}
