import { resolve } from 'node:path';
import { once } from 'node:events';
import { openEmbedded } from '../../local/embedded-service.ts';
import { startLog } from '../../local/log.ts';
import { CommandError } from '../../shared/contract/problem.ts';
import { interruption } from '../interruption.ts';
import { printJson } from '../print.ts';
import type { CommonOptions } from '../flags.ts';

/** The embedded service: goes on with every batch that was running, and answers until it is told to end. */
export async function serve(options: CommonOptions & { readonly port: number }): Promise<void> {
  if (options.url !== undefined) throw CommandError.usage('serve starts a service here: --url has no meaning.');
  const { signal } = interruption;
  const dataDir = resolve(options.data);
  const service = await openEmbedded({ dataDir, command: 'serve', log: startLog({ to: 'stderr' }) });
  try {
    const url = await service.listen({ port: options.port, kind: 'serve' });
    await service.startWorking();
    if (options.json === true) printJson({ url, dataDir, pid: process.pid });
    process.stderr.write(
      `stagecoach: ${url}, data folder ${dataDir}, batch files in ${dataDir}/incoming/<endpoint>/\n`,
    );
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await service.close();
  }
  process.exitCode = 130;
}
