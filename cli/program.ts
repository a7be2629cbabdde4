import { Command, InvalidArgumentError, Option } from 'commander';
import type { JobStatus } from '../shared/domain/mailbox-job.ts';
import type { ReportName } from '../shared/domain/report/report-files.ts';

/** What every command that reaches a service may be told. */
export interface CommonOptions {
  readonly data: string;
  readonly url?: string;
  readonly json?: true;
}

/** Options of a batch as written: `--option KEY=VALUE`, later ones win. */
export type WrittenOptions = Readonly<Record<string, string>>;

/**
 * The command line as admins' scripts know it. Commands are loaded when they are called, so that help and a wrong
 * usage are answered at once.
 */
export function makeProgram(): Command {
  const program = new Command('stagecoach')
    .description('Moves mailboxes in batches.')
    .version(version, '--version')
    .showHelpAfterError('Try --help.')
    .exitOverride();

  reaching(program.command('serve'))
    .description('the embedded service; its API listens on 127.0.0.1')
    .option('--port <port>', 'port of the API', asPort, 4680)
    .action(async (options: CommonOptions & { port: number }) => {
      const { serve } = await import('./commands/serve.ts');
      await serve(options);
    });

  batchOptions(reaching(program.command('run')))
    .description('one batch from start to Synced, then exit; run again, it goes on')
    .requiredOption('--endpoint <file>', 'endpoint file')
    .requiredOption('--csv <file>', 'batch file')
    .option('--name <batch>', "name of the batch (default: the CSV's name without extension)")
    .action(async (options: CommonOptions & BatchOptionFlags & { endpoint: string; csv: string; name?: string }) => {
      const { run } = await import('./commands/run.ts');
      await run(options);
    });

  program
    .command('demo')
    .description('a practice run: two mail servers on this machine, and a batch between them')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (_options: unknown, command: Command) => {
      const { demo } = await import('./commands/demo.ts');
      await demo(command.args);
    });

  addEndpointCommands(program.command('endpoint').description('a named source and target'));
  addBatchCommands(program.command('batch').description('a named set of mailboxes'));
  return program;
}

function addEndpointCommands(endpoint: Command): void {
  reaching(endpoint.command('put <file>'))
    .description('stores an endpoint after connecting to both servers')
    .option('--no-test', 'stores it without connecting')
    .option(...mailboxOption)
    .action(async (file: string, options: CommonOptions & EndpointTestFlags & { test: boolean }) => {
      const { putEndpoint } = await import('./commands/endpoint.ts');
      await putEndpoint(file, options);
    });
  reaching(endpoint.command('list')).action(async (options: CommonOptions) => {
    const { listEndpoints } = await import('./commands/endpoint.ts');
    await listEndpoints(options);
  });
  reaching(endpoint.command('show <name>')).action(async (name: string, options: CommonOptions) => {
    const { showEndpoint } = await import('./commands/endpoint.ts');
    await showEndpoint(name, options);
  });
  reaching(endpoint.command('test <name>'))
    .description('connects to both servers and says what it sees')
    .option(...mailboxOption)
    .action(async (name: string, options: CommonOptions & EndpointTestFlags) => {
      const { testEndpoint } = await import('./commands/endpoint.ts');
      await testEndpoint(name, options);
    });
  reaching(endpoint.command('remove <name>')).action(async (name: string, options: CommonOptions) => {
    const { removeEndpoint } = await import('./commands/endpoint.ts');
    await removeEndpoint(name, options);
  });
}

function addBatchCommands(batch: Command): void {
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
  for (const verb of ['start', 'resume'] as const) {
    reaching(batch.command(`${verb} <name>`))
      .description(verbs[verb])
      .action(async (name: string, options: CommonOptions) => {
        const { startBatch } = await import('./commands/start.ts');
        await startBatch(verb, name, options);
      });
  }
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
    .description('statistics, errors, active, skipped or verification')
    .option('--out <file>', 'writes it there')
    .action(async (name: string, report: ReportName, options: CommonOptions & { out?: string }) => {
      const { readReport } = await import('./commands/report.ts');
      await readReport(name, report, options);
    });
}

export interface EndpointTestFlags {
  /** A mailbox with which an administrator's sign-in is tried. */
  readonly mailbox?: string;
}
export interface BatchOptionFlags {
  readonly notify?: string;
  readonly option: WrittenOptions;
}
export interface CreateFlags {
  readonly endpoint: string;
  readonly csv?: string;
  readonly start: boolean;
}

const mailboxOption = ['--mailbox <address>', "tries the administrator's sign-in with this mailbox"] as const;

const verbs = {
  start: 'starts the batch, and gives failed mailboxes another try',
  resume: 'goes on with a batch that was stopped, paused or cut off',
};

function reaching(command: Command): Command {
  return command
    .option('--data <dir>', 'data folder', './data')
    .option('--url <url>', 'a service elsewhere; its token is in STAGECOACH_TOKEN, else in the data folder')
    .option('--json', 'one JSON document on stdout');
}

function batchOptions(command: Command): Command {
  return command
    .option('--notify <addresses>', 'who gets the mails, separated by commas')
    .option('--option <key=value>', 'an option of the batch (may be repeated)', collectOption, {});
}

function collectOption(written: string, before: WrittenOptions): WrittenOptions {
  const equals = written.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('An option is written KEY=VALUE.');
  return { ...before, [written.slice(0, equals)]: written.slice(equals + 1) };
}

function asPort(written: string): number {
  const port = Number(written);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('A port is 0 to 65535.');
  return port;
}

/** Replaced by the build with package.json's. */
declare const STAGECOACH_VERSION: string | undefined;
const version = typeof STAGECOACH_VERSION === 'string' ? STAGECOACH_VERSION : 'development';
