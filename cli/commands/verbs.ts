import { CommandError, exitCodes } from '../../shared/contract/problem.ts';
import type { BatchDetail } from '../../shared/contract/batch-view.ts';
import { exitCodeOf, printBatch } from '../batch-summary.ts';
import { writtenOptions } from '../batch-input.ts';
import type { BatchOptionFlags, CommonOptions, RetryFlags, StartFlags, VerbFlags } from '../flags.ts';
import { printJson, printLines } from '../print.ts';
import { withAccess } from '../service-access.ts';
import type { Access } from '../service-access.ts';
import { watchUntilGone } from '../watch-until-rest.ts';
import { whoAsks } from '../who-asks.ts';
import { finishStop, workOnBatch } from '../work-on-batch.ts';
import type { BatchWork } from '../work-on-batch.ts';

export async function startBatch(verb: 'start' | 'resume', name: string, flags: StartFlags): Promise<void> {
  const overrides = overridesOf(flags);
  await work(verb, { name, flags }, ({ operations }, request) =>
    verb === 'start'
      ? operations.startBatch({ ...request, overrides })
      : operations.resumeBatch({ ...request, overrides }),
  );
}

export async function stopBatch(name: string, flags: VerbFlags & { readonly rollback?: true }): Promise<void> {
  await work(
    'stop',
    { name, flags },
    ({ operations }, request) => operations.stopBatch({ ...request, rollback: flags.rollback === true }),
    {
      isDoneOnceStopped: flags.rollback !== true,
      // Stopped is what was asked for, whatever its mailboxes came to.
      exitCode: (detail) => (detail.batch.status === 'Stopped' ? exitCodes.done : exitCodeOf(detail)),
    },
  );
}

export async function retryBatch(name: string, flags: RetryFlags): Promise<void> {
  const { code, items = false, doubtful = false, option } = flags;
  const options = Object.keys(option).length === 0 ? undefined : option;
  await work('retry', { name, flags }, ({ operations }, request) =>
    operations.retryBatch({ ...request, code, items, doubtful, options }),
  );
}

export async function syncBatch(name: string, flags: VerbFlags): Promise<void> {
  await work('sync', { name, flags }, ({ operations }, request) => operations.syncBatch(request));
}

export async function completeBatch(name: string, flags: VerbFlags & { readonly ignoreErrors?: true }): Promise<void> {
  await work('complete', { name, flags }, ({ operations }, request) =>
    operations.completeBatch({ ...request, ignoreErrors: flags.ignoreErrors === true }),
  );
}

/** Waits until it is done: whoever asks next finds nothing of it left. */
export async function removeBatch(name: string, flags: VerbFlags & { readonly forget?: true }): Promise<void> {
  const removed = await withAccess({ options: flags, command: 'batch remove', works: true }, async (access) => {
    await finishStop(access, name);
    const { batch } = await access.operations.showBatch({ name });
    const answer = await access.operations.removeBatch({ ...about(name, flags), forget: flags.forget === true });
    if (answer.removed === 'later') await watchUntilGone(access, batch);
    return answer.removed === 'mailboxes' ? 'mailboxes' : 'batch';
  });
  if (flags.json === true) printJson({ batch: name, removed });
  else printLines([removed === 'batch' ? `The batch ${name} is removed.` : `The mailboxes are removed from ${name}.`]);
}

export async function setOptions(name: string, flags: VerbFlags & BatchOptionFlags): Promise<void> {
  const options = writtenOptions(flags);
  if (Object.keys(options).length === 0) throw CommandError.usage('Say what to set: --option KEY=VALUE.');
  await decide('set', flags, ({ operations }) => operations.setOptions({ ...about(name, flags), options }));
}

export async function approveItems(name: string, flags: VerbFlags & { readonly why?: string }): Promise<void> {
  const { why } = flags;
  await decide('approve', flags, ({ operations }) => operations.approveItems({ ...about(name, flags), why }));
}

export async function waiveMailboxes(
  name: string,
  flags: CommonOptions & { readonly mailbox: readonly string[]; readonly why: string },
): Promise<void> {
  const request = { ...about(name, flags), mailboxes: [...flags.mailbox], why: flags.why };
  await decide('waive', flags, ({ operations }) => operations.waiveMailboxes(request));
}

interface Request {
  readonly name: string;
  readonly startedBy: string;
  readonly mailboxes: string[] | undefined;
}

function about(name: string, { mailbox }: Pick<VerbFlags, 'mailbox'>): Request {
  return { name, startedBy: whoAsks(), mailboxes: mailbox === undefined ? undefined : [...mailbox] };
}

/** Where no service runs, works in the foreground until the batch rests. */
async function work(
  verb: string,
  { name, flags }: { readonly name: string; readonly flags: VerbFlags },
  ask: (access: Access, request: Request) => Promise<unknown>,
  ending: Pick<BatchWork, 'isDoneOnceStopped' | 'exitCode'> = {},
): Promise<void> {
  await workOnBatch({
    options: flags,
    command: `batch ${verb}`,
    batch: name,
    waitsForService: false,
    begin: async (access) => {
      await ask(access, about(name, flags));
    },
    ...ending,
  });
}

async function decide(
  verb: string,
  options: CommonOptions,
  ask: (access: Access) => Promise<BatchDetail>,
): Promise<void> {
  printBatch(await withAccess({ options, command: `batch ${verb}` }, ask), options);
}

function overridesOf({ override, why }: StartFlags): { check: string; why: string }[] | undefined {
  if (override === undefined) return undefined;
  if (why === undefined || why.trim() === '')
    throw CommandError.usage('A prerequisite is done without only for a reason: give it with --why.');
  return override.map((check) => ({ check, why }));
}
