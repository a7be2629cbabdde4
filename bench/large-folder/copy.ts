/**
 * One mailbox by the copy engine alone, in a process of its own, so that its memory is the engine's:
 * `node bench/large-folder/copy.ts <source port> <target port> <user> <password>`. Prints what was watched as JSON.
 */
import { CopyHarness } from '../../test/support/copy/copy-harness.ts';
import { watchCopy } from '../../test/support/copy/watch-copy.ts';

const [sourcePort, targetPort, mailbox = '', password = ''] = process.argv.slice(2);
const harness = await CopyHarness.open({
  source: { imapPort: Number(sourcePort) },
  target: { imapPort: Number(targetPort) },
  mailbox,
  password,
});
const { commits, listings } = watchCopy(harness);
const job = await harness.run(mailbox);
const first = commits.length;
await harness.beginPass('incremental');
const again = await harness.run(mailbox);
console.log(
  JSON.stringify({
    job: { status: job.status, green: job.green, error: job.error, items: job.items, slices: job.slices },
    again: { status: again.status, green: again.green, items: again.items },
    commits: commits.slice(0, first),
    noChange: commits.slice(first),
    listings,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  }),
);
harness.close();
