import { Option } from 'commander';
import type { Command } from 'commander';
import type { JobStatus } from '../shared/domain/mailbox-job.ts';
import { ReportName } from '../shared/domain/report/report-files.ts';
import { batchOptions, onMailboxes, reaching, withOptions } from './flags.ts';
import type {
  BatchOptionFlags,
  CommonOptions,
  ConvertFlags,
  CreateFlags,
  RetryFlags,
  StartFlags,
  VerbFlags,
} from './flags.ts';

export function addBatchCommands(batch: Command): void {
  reaching(batch.command('lint <file>'))
    .description('checks a batch file: all findings, with line and column')
    .addOption(new Option('--type <type>', 'kind of migration').choices(['staged', 'imap']).makeOptionMandatory())
    .action(async (file: string, options: { type: 'staged' | 'imap'; json?: true }) => {
      const { lint } = await import('./commands/lint.ts');
      await lint(file, options);
    });
  batchOptions(reaching(batch.command('create <name>')))
    .description('makes a batch, and starts it unless told not to')
    .requiredOption('--endpoint <name>', 'endpoint')
    .option('--csv <file>', 'batch file')
    .option('--no-start', 'makes it only')
    .action(async (name: string, options: CommonOptions & BatchOptionFlags & CreateFlags) => {
      const { createBatch } = await import('./commands/create.ts');
      await createBatch(name, options);
    });
  reaching(batch.command('add <name>'))
    .description('adds rows, and retries failed ones')
    .requiredOption('--csv <file>', 'batch file')
    .action(async (name: string, options: CommonOptions & { csv: string }) => {
      const { addRows } = await import('./commands/create.ts');
      await addRows(name, options);
    });
  addVerbs(batch);
  reaching(batch.command('list')).action(async (options: CommonOptions) => {
    const { listBatches } = await import('./commands/batch.ts');
    await listBatches(options);
  });
  reaching(batch.command('show <name>')).action(async (name: string, options: CommonOptions) => {
    const { showBatch } = await import('./commands/batch.ts');
    await showBatch(name, options);
  });
  reaching(batch.command('users <name>'))
    .description('the mailboxes of a batch')
    .option('--status <status>', 'only those in this status')
    .action(async (name: string, options: CommonOptions & { status?: JobStatus }) => {
      const { listUsers } = await import('./commands/batch.ts');
      await listUsers(name, options);
    });
  reaching(batch.command('watch <name>'))
    .description('shows progress until the batch rests')
    .action(async (name: string, options: CommonOptions) => {
      const { watchBatch } = await import('./commands/batch.ts');
      await watchBatch(name, options);
    });
  reaching(batch.command('report <name> <report>'))
    .description(ReportName.options.join(', '))
    .option('--out <file>', 'writes it there')
    .action(async (name: string, report: string, options: CommonOptions & { out?: string }) => {
      const { readReport } = await import('./commands/report.ts');
      await readReport(name, report, options);
    });
  reaching(batch.command('timeline <name>'))
    .description('what happened to a mailbox, when, for how long and why')
    .requiredOption('--mailbox <address>', 'mailbox of the batch')
    .action(async (name: string, options: CommonOptions & { mailbox: string }) => {
      const { showTimeline } = await import('./commands/timeline.ts');
      await showTimeline(name, options);
    });
}

/** What an admin may ask of a batch that is there. */
function addVerbs(batch: Command): void {
  addStarts(batch);
  onMailboxes(batch.command('stop <name>'))
    .description('stops within a page; what was copied stays, finished mailboxes are left alone')
    .option('--rollback', 'staged: puts forwarding back as it was')
    .action(async (name: string, options: VerbFlags & { rollback?: true }) => {
      const { stopBatch } = await import('./commands/verbs.ts');
      await stopBatch(name, options);
    });
  withOptions(onMailboxes(batch.command('retry <name>')))
    .description('tries again what failed, from where it stands')
    .option('--code <code>', 'only mailboxes that failed with this code')
    .option('--items', 'single items that failed, too')
    .option('--doubtful', 'copies items of which it is not known whether the target has them')
    .action(async (name: string, options: RetryFlags) => {
      const { retryBatch } = await import('./commands/verbs.ts');
      await retryBatch(name, options);
    });
  onMailboxes(batch.command('sync <name>'))
    .description('copies now what came since the last pass')
    .action(async (name: string, options: VerbFlags) => {
      const { syncBatch } = await import('./commands/verbs.ts');
      await syncBatch(name, options);
    });
  onMailboxes(batch.command('complete <name>'))
    .description('a last pass over every mailbox, then no more')
    .option('--ignore-errors', 'completes with errors left')
    .action(async (name: string, options: VerbFlags & { ignoreErrors?: true }) => {
      const { completeBatch } = await import('./commands/verbs.ts');
      await completeBatch(name, options);
    });
  onMailboxes(batch.command('convert <name>'))
    .description('staged, after completion: makes the source mailboxes mail-enabled users')
    .addOption(new Option('--apply', 'changes the directory itself, instead of writing a script').conflicts('revert'))
    .option('--revert', 'makes those that we converted mailboxes again')
    .option('--early <why>', 'before the time is over for which source mailboxes are kept; says why')
    .action(async (name: string, options: ConvertFlags) => {
      const { convertSources } = await import('./commands/convert.ts');
      await convertSources(name, options);
    });
  onMailboxes(batch.command('remove <name>'))
    .description('deletes work data, passwords and claims; keeps reports and ledgers')
    .option('--forget', 'also forgets what was copied: a later batch would copy everything again')
    .action(async (name: string, options: VerbFlags & { forget?: true }) => {
      const { removeBatch } = await import('./commands/verbs.ts');
      await removeBatch(name, options);
    });
  addDecisions(batch);
}

function addStarts(batch: Command): void {
  const verbs = {
    start: 'starts the batch, and gives failed mailboxes another try',
    resume: 'goes on with a batch that was stopped, paused or cut off',
  };
  for (const verb of ['start', 'resume'] as const) {
    onMailboxes(batch.command(`${verb} <name>`))
      .description(verbs[verb])
      .option('--override <check...>', 'does without these prerequisites; say why')
      .option('--why <text>', 'reason, for the audit trail')
      .action(async (name: string, options: StartFlags) => {
        const { startBatch } = await import('./commands/verbs.ts');
        await startBatch(verb, name, options);
      });
  }
}

/** Verbs that change what is known or allowed, and copy nothing by themselves. */
function addDecisions(batch: Command): void {
  withOptions(onMailboxes(batch.command('set <name>')))
    .description('sets options of a batch, or of single mailboxes; they hold from the next slice on')
    .action(async (name: string, options: VerbFlags & BatchOptionFlags) => {
      const { setOptions } = await import('./commands/verbs.ts');
      await setOptions(name, options);
    });
  onMailboxes(batch.command('approve <name>'))
    .description('accepts the items that were not copied so far')
    .option('--why <text>', 'reason, for the audit trail')
    .action(async (name: string, options: VerbFlags & { why?: string }) => {
      const { approveItems } = await import('./commands/verbs.ts');
      await approveItems(name, options);
    });
  reaching(batch.command('waive <name>'))
    .description('lets the batch be removed although these mailboxes did not succeed')
    .requiredOption('--mailbox <address...>', 'mailboxes of the batch')
    .requiredOption('--why <text>', 'reason, for the audit trail')
    .action(async (name: string, options: CommonOptions & { mailbox: string[]; why: string }) => {
      const { waiveMailboxes } = await import('./commands/verbs.ts');
      await waiveMailboxes(name, options);
    });
}
