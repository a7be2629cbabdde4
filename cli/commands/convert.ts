import type { AnswerOf, Operations, RequestOf } from '../../shared/contract/routes.ts';
import { exitCodes } from '../../shared/contract/problem.ts';
import { printJson, printLines, table } from '../print.ts';
import type { ConvertFlags } from '../flags.ts';
import { withAccess } from '../service-access.ts';
import { whoAsks } from '../who-asks.ts';

type Converted = AnswerOf<'convertSources'>;

/** Says of each mailbox what became of it; ends with an error code where one of them was refused. */
export async function convertSources(name: string, flags: ConvertFlags): Promise<void> {
  const how = flags.revert === true ? 'revert' : flags.apply === true ? 'apply' : 'option';
  const request = {
    ...({ name, startedBy: whoAsks(), how } as const),
    mailboxes: flags.mailbox === undefined ? undefined : [...flags.mailbox],
    early: flags.early,
  };
  const converted = await withAccess({ options: flags, command: 'batch convert' }, ({ operations }) =>
    convertAll(operations, request),
  );
  if (flags.json === true) printJson(converted);
  else {
    const rows = converted.mailboxes.map(({ mailbox, outcome, reason }) => [mailbox, outcome, reason]);
    printLines([
      ...table([['MAILBOX', 'SOURCE', 'WHY'], ...rows]),
      ...converted.files.map((file) => `written: ${file}`),
    ]);
  }
  if (converted.mailboxes.some(({ outcome }) => outcome === 'refused')) process.exitCode = exitCodes.finishedWithErrors;
}

/**
 * A service that answers within seconds does as many as it can in them: the others are asked for again, as long as that
 * brings something.
 */
export async function convertAll(
  operations: Pick<Operations, 'convertSources'>,
  request: RequestOf<'convertSources'>,
): Promise<Converted> {
  let answer = await operations.convertSources(request);
  const settled = [...answer.mailboxes.filter(({ outcome }) => outcome !== 'pending')];
  const files = [...answer.files];
  for (let pending = pendingOf(answer); pending.length > 0; pending = pendingOf(answer)) {
    process.stderr.write(`${String(settled.length)} mailboxes are through, ${String(pending.length)} are left.\n`);
    answer = await operations.convertSources({ ...request, mailboxes: pending });
    const through = answer.mailboxes.filter(({ outcome }) => outcome !== 'pending');
    settled.push(...through);
    files.push(...answer.files);
    if (through.length === 0) return { mailboxes: [...settled, ...answer.mailboxes], files };
  }
  return { mailboxes: settled, files };
}

function pendingOf({ mailboxes }: Converted): string[] {
  return mailboxes.filter(({ outcome }) => outcome === 'pending').map(({ mailbox }) => mailbox);
}
