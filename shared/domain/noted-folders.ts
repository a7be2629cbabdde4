import type { MailboxJob } from './mailbox-job.ts';

/** As many folders as a job names, and the length of a name: DynamoDB keeps 400 KB in an item, and mailboxes have folders
 * nested a hundred deep. The verification report has all of them in full. */
const mostFolders = 200;
const longestName = 100;

/** What a job says of folders whose names had to change, and of those that were left out. */
export function notedFolders(
  renamed: MailboxJob['renamedFolders'],
  leftOut: MailboxJob['leftOutFolders'],
): Pick<MailboxJob, 'renamedFolders' | 'leftOutFolders'> {
  return {
    renamedFolders: renamed
      .slice(0, mostFolders)
      .map(({ source, target }) => ({ source: shortened(source), target: shortened(target) })),
    leftOutFolders: leftOut
      .slice(0, mostFolders)
      .map((folder) => ({ ...folder, name: shortened(folder.name), reason: shortened(folder.reason) })),
  };
}

function shortened(name: string): string {
  return name.length > longestName ? `${name.slice(0, longestName - 1).toWellFormed()}…` : name;
}
