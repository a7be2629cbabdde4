import { join } from 'node:path';

/** The state of a data folder: where it is, a data folder is. */
export function databaseFile(dataDir: string): string {
  return join(dataDir, 'stagecoach.sqlite');
}
