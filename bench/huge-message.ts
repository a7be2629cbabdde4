/**
 * A mailbox with one very large message, by the whole `run` command: `node bench/huge-message.ts [--megabytes 150]
 * [--rounds 3]`. Peak memory of the process is to stay below 200 MB whatever the size, and nothing may be altered. Ends
 * with 1 where that does not hold. Needs a build (npm run build).
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DovecotServer } from '../test/support/dovecot/dovecot-server.ts';
import { generateMailbox } from '../test/support/mail/generate-mailbox.ts';
import { seedMailbox } from '../test/support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../test/support/mail/snapshot-mailbox.ts';
import { measureChild } from './measure-child.ts';
import { stagecoach } from './peers/stagecoach.ts';
import { verifyCopy } from './verify-copy.ts';

const sourceUser = 'huge@bench.test';
const password = 'bench';
const mostMegabytes = 200;
const { values } = parseArgs({
  options: { megabytes: { type: 'string', default: '150' }, rounds: { type: 'string', default: '3' } },
});
const rounds = Number(values.rounds);
const targetUsers = Array.from({ length: rounds }, (_, round) => `run${String(round)}@bench.test`);

async function main(): Promise<void> {
  const users = Object.fromEntries([sourceUser, ...targetUsers].map((user) => [user, password]));
  const [source, target] = await Promise.all([DovecotServer.start({ users }), DovecotServer.start({ users })]);
  try {
    const hugeBytes = Number(values.megabytes) * 1e6;
    seedMailbox(source, sourceUser, generateMailbox({ seed: 'huge', folders: 3, messages: 50, huge: 1, hugeBytes }));
    const expected = await snapshotDovecot(source, sourceUser);
    console.log('| wall s | client CPU s | peak RSS MB | compared |\n| --- | --- | --- | --- |');
    for (const targetUser of targetUsers) {
      const folder = mkdtempSync(join(tmpdir(), 'bench-'));
      const ports = { sourcePort: source.imapPort, targetPort: target.imapPort };
      const run = await measureChild(
        stagecoach.copy({ source, target, ...ports, sourceUser, targetUser, password, folder }),
      );
      await rm(folder, { recursive: true, force: true });
      const compared = verifyCopy(expected, await snapshotDovecot(target, targetUser));
      const cells = [run.wallSeconds.toFixed(2), run.cpuSeconds.toFixed(2), run.peakMegabytes.toFixed(0), compared];
      console.log(`| ${cells.join(' | ')} |`);
      const same = compared.startsWith('all') && compared.endsWith('the same');
      if (run.exitCode !== 0 || run.peakMegabytes >= mostMegabytes || !same) process.exitCode = 1;
    }
  } finally {
    await Promise.all([source.stop(), target.stop()]);
  }
}

const missing = stagecoach.missing();
if (missing === undefined) await main();
else {
  console.error(missing);
  process.exitCode = 1;
}
