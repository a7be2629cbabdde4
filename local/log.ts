import { pino } from 'pino';
import { pinoLogger } from '../shared/adapters/local/pino-logger.ts';
import type { LogLevel } from '../shared/adapters/local/pino-logger.ts';
import type { Logger } from '../shared/ports/logger.ts';

/** Where the lines go: a service's to stderr, a command's to a file beside the data, since its stderr is for people. */
export type LogPlace = { readonly to: 'stderr' } | { readonly to: 'file'; readonly path: string };

/** Level from STAGECOACH_LOG (debug, info, warn, error), else info for a service and warn for a command. */
export function startLog(place: LogPlace): Logger {
  const level = levelOf(process.env['STAGECOACH_LOG']);
  return place.to === 'stderr' ? pinoLogger(level ?? 'info') : pinoLogger(level ?? 'warn', fileOnDemand(place.path));
}

/** Most commands have nothing to say: the file is opened with the first line. */
function fileOnDemand(path: string) {
  let file: ReturnType<typeof pino.destination> | undefined;
  return {
    write(line: string): void {
      file ??= openFile(path);
      file.write(line);
    },
  };
}

/** A full disk must not end the work in the middle of a line: what the store says of it is told to the admin. */
function openFile(path: string): ReturnType<typeof pino.destination> {
  const file = pino.destination({ dest: path, sync: true, mode: 0o600 });
  let isTold = false;
  return file.on('error', (error: Error) => {
    if (!isTold) process.stderr.write(`The log ${path} cannot be written: ${error.message}\n`);
    isTold = true;
  });
}

function levelOf(written: string | undefined): LogLevel | undefined {
  return (['debug', 'info', 'warn', 'error'] as const).find((level) => level === written);
}
