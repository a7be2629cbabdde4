import { durationInWords } from '../../shared/domain/report/mail/numbers-in-words.ts';
import type { CommonOptions } from '../flags.ts';
import { printJson, printLines, table } from '../print.ts';
import { withAccess } from '../service-access.ts';

/** Every stretch of a mailbox's life; the durations add up to the time since its row was read. */
export async function showTimeline(name: string, options: CommonOptions & { readonly mailbox: string }): Promise<void> {
  const { mailbox } = options;
  const timeline = await withAccess({ options, command: 'batch timeline' }, ({ operations }) =>
    operations.showTimeline({ name, mailbox }),
  );
  if (options.json === true) printJson(timeline);
  else {
    const rows = timeline.entries.map(({ since, duration, status, reason, errorCode, cause }) => [
      since,
      durationInWords(Math.round(duration / 1000)),
      status,
      cause,
      [errorCode, reason].filter((part) => part !== null).join(': '),
    ]);
    printLines(table([['SINCE', 'FOR', 'STATUS', 'CAUSE', 'WHY IT DID NOT MOVE'], ...rows]));
  }
}
