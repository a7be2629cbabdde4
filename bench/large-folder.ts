/**
 * Very many small messages in one folder:
 *
 *   node bench/large-folder.ts [--messages 500000] [--octets 1000] [--sections 10]
 *
 * What is asked: memory stays flat, the folder is listed in parts, the PASS item stays below 4 KB, and a message costs no
 * more at the end than at the beginning. The copy engine is watched page by page in a process of its own; then the whole
 * `run` command (npm run build) copies the same once more, and its peak memory is to stay below 200 MB. Both servers keep their mail in few large files (mdbox), since 500,000 files
 * would measure the file system. TMPDIR=/dev/shm takes the disk out of the picture; 500,000 messages take about 2 GB there.
 * Ends with 1 where a bound is broken.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DovecotServer } from '../test/support/dovecot/dovecot-server.ts';
import type { Commit } from '../test/support/copy/watch-copy.ts';
import { fillFolder } from '../test/support/mail/fill-folder.ts';
import { snapshotDovecot } from '../test/support/mail/snapshot-mailbox.ts';
import { measureChild } from './measure-child.ts';
import { stagecoach } from './peers/stagecoach.ts';
import { costOfSections } from './large-folder/sections.ts';
import { verifyCopy } from './verify-copy.ts';

const user = 'large@bench.test';
const secondUser = 'again@bench.test';
const password = 'bench';
const storage = {
  users: { [user]: password, [secondUser]: password },
  extraConfig: 'mail_location = mdbox:~/mdbox\nmdbox_rotate_size = 128M\n',
};
/** A section costs this much more than the first one where something grows with the folder; noise is less. */
const growthAllowed = 1.3;
const passItemLimit = 4096;
const mostMegabytes = 200;
/** As bin/stagecoach has them. */
const heapFlags = ['--max-semi-space-size=8', '--heap-growing-percent=50'];

interface Report {
  readonly job: {
    readonly status: string;
    readonly green: boolean | null;
    readonly items: { readonly copied: number };
  };
  readonly commits: readonly Commit[];
  readonly noChange: readonly Commit[];
  readonly listings: { readonly largest: number; readonly calls: number };
  readonly peakMegabytes: number;
}

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '500000' },
    octets: { type: 'string', default: '1000' },
    sections: { type: 'string', default: '10' },
  },
});
const messages = Number(values.messages);

async function main(): Promise<void> {
  const [source, target] = await Promise.all([DovecotServer.start(storage), DovecotServer.start(storage)]);
  try {
    await fillFolder({
      port: source.imapPort,
      user,
      password,
      folder: 'INBOX',
      messages,
      octets: Number(values.octets),
    });
    console.error('filled; copying');
    const program = join(import.meta.dirname, 'large-folder/copy.ts');
    const argv = [
      process.execPath,
      ...heapFlags,
      program,
      String(source.imapPort),
      String(target.imapPort),
      user,
      password,
    ];
    const child = await measureChild({ argv });
    if (child.exitCode !== 0) throw new Error(child.stderr);
    const report = JSON.parse(child.stdout) as Report;
    tell(report, verifyCopy(await snapshotDovecot(source, user), await snapshotDovecot(target, user)));
    await runCommand(source, target);
  } finally {
    await Promise.all([source.stop(), target.stop()]);
  }
}

async function runCommand(source: DovecotServer, target: DovecotServer): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const ports = { sourcePort: source.imapPort, targetPort: target.imapPort };
  const users = { sourceUser: user, targetUser: secondUser };
  const run = await measureChild(stagecoach.copy({ source, target, ...ports, ...users, password, folder }));
  await rm(folder, { recursive: true, force: true });
  const { exitCode, wallSeconds, cpuSeconds, peakMegabytes } = run;
  console.log(
    `run: exit code ${String(exitCode)}, ${wallSeconds.toFixed(1)} s, CPU ${cpuSeconds.toFixed(1)} s, peak ${peakMegabytes.toFixed(0)} MB`,
  );
  if (exitCode !== 0 || peakMegabytes >= mostMegabytes) process.exitCode = 1;
}

function tell(report: Report, compared: string): void {
  const copying = report.commits.filter(({ phase }) => phase === 'copy');
  const sections = costOfSections(copying, Number(values.sections));
  console.log(
    '| messages | wall ms each | CPU ms each | resident MB | heap MB | buffers MB |\n| --- | --- | --- | --- | --- | --- |',
  );
  for (const section of sections) {
    const each = [section.wallMs.toFixed(3), section.cpuMs.toFixed(3)];
    const memory = [section.residentMegabytes, section.heapMegabytes, section.bufferMegabytes];
    const cells = [
      `${String(section.from)} - ${String(section.to)}`,
      ...each,
      ...memory.map((size) => size.toFixed(0)),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  const passItem = Math.max(...report.commits.map((commit) => commit.passItem));
  const closing = report.commits.at(-1)?.wallMs ?? 0;
  const copied = copying.at(-1)?.wallMs ?? 0;
  const first = sections[0]?.cpuMs ?? 0;
  const last = sections.at(-1)?.cpuMs ?? 0;
  console.log(
    [
      `${String(report.job.items.copied)} copied, ${report.job.status}, green ${String(report.job.green)}, compared: ${compared}`,
      `PASS item at most ${String(passItem)} octets; ${String(report.listings.calls)} listings of at most ${String(report.listings.largest)} items`,
      `closing ${((closing - copied) / 1000).toFixed(1)} s, peak resident ${report.peakMegabytes.toFixed(0)} MB`,
      `CPU a message, last section to first: ${(last / first).toFixed(2)}`,
    ].join('\n'),
  );
  const holds =
    passItem < passItemLimit &&
    last <= first * growthAllowed &&
    report.job.items.copied === messages &&
    report.job.green;
  if (holds !== true) process.exitCode = 1;
}

await main();
