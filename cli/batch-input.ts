import { readOctets } from './endpoint-file.ts';
import type { BatchOptionFlags, WrittenOptions } from './flags.ts';

/** A batch file as it travels: in base64, since it may be UTF-16. */
export function readBatchFile(file: string): string {
  return readOctets(file, 'batch file').toString('base64');
}

export function writtenOptions(flags: BatchOptionFlags): WrittenOptions {
  return { ...(flags.notify === undefined ? {} : { notify: flags.notify }), ...flags.option };
}
