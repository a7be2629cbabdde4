import { Command, InvalidArgumentError } from 'commander';
import { addBatchCommands } from './batch-commands.ts';
import { batchOptions, reaching } from './flags.ts';
import type { BatchOptionFlags, CommonOptions, EndpointTestFlags } from './flags.ts';

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
    .description('a practice run: a small company moves from its Exchange to Exchange Online, all on this machine')
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

const mailboxOption = ['--mailbox <address>', "tries the administrator's sign-in with this mailbox"] as const;

function asPort(written: string): number {
  const port = Number(written);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('A port is 0 to 65535.');
  return port;
}

/** Replaced by the build with package.json's. */
declare const STAGECOACH_VERSION: string | undefined;
const version = typeof STAGECOACH_VERSION === 'string' ? STAGECOACH_VERSION : 'development';
