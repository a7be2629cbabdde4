import { exitCodes } from '../../shared/contract/problem.ts';
import { printJson, printLines, table } from '../print.ts';
import type { VerbFlags } from '../flags.ts';
import { withAccess } from '../service-access.ts';
import { whoAsks } from '../who-asks.ts';

/** Says of each mailbox what became of it; ends with an error code where one of them was refused. */
export async function convertSources(
  name: string,
  flags: VerbFlags & { readonly apply?: true; readonly revert?: true },
): Promise<void> {
  const how = flags.revert === true ? 'revert' : flags.apply === true ? 'apply' : 'option';
  const mailboxes = flags.mailbox === undefined ? undefined : [...flags.mailbox];
  const converted = await withAccess({ options: flags, command: 'batch convert' }, ({ operations }) =>
    operations.convertSources({ name, startedBy: whoAsks(), mailboxes, how }),
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
