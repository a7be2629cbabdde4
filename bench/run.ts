/**
 * The benchmark: one mailbox from one Dovecot to another by Stagecoach, by other tools and by two bounds, interleaved.
 *
 *   npm run bench -- [--quick] [--rounds 3] [--peers stagecoach,bare,mbsync] [--no-slow-line] [--only-slow-line] [--delay 20] [--poor-target] [--connections 2,4]
 *
 * Full: 10,000 messages in 41 folders, 712 MB. Quick: 2,000 messages, 140 MB. The slow line always carries the quick one.
 * With --poor-target the target announces no MULTIAPPEND, LITERAL+ or UIDPLUS (as Exchange Online has no MULTIAPPEND); the
 * bare copiers use them all the same and stay the bounds. With --connections Stagecoach also runs over so many connections a
 * mailbox. TMPDIR=/dev/shm takes the disk out of the picture.
 * Results: bench/out/<date>.md and .json.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dovecotBinary } from '../test/support/dovecot/dovecot-binary.ts';
import { DovecotServer } from '../test/support/dovecot/dovecot-server.ts';
import { generateMailbox } from '../test/support/mail/generate-mailbox.ts';
import { seedMailbox } from '../test/support/mail/seed-mailbox.ts';
import { snapshotDovecot } from '../test/support/mail/snapshot-mailbox.ts';
import type { MailboxSnapshot } from '../test/support/mail/snapshot-mailbox.ts';
import { measureChild } from './measure-child.ts';
import { PEERS } from './peers/peers.ts';
import type { Peer, PeerJob } from './peers/peer.ts';
import { stagecoachOver } from './peers/stagecoach.ts';
import { markdownTable, summarise } from './results.ts';
import type { RunResult } from './results.ts';
import { SlowLine } from './slow-line.ts';
import { verifyCopy } from './verify-copy.ts';

const PASSWORD = 'bench';
const QUICK = { user: 'quick@bench.test', messages: 2_000, bytes: 140_000_000 };
const FULL = { user: 'full@bench.test', messages: 10_000, bytes: 712_000_000 };
const POOR_CAPABILITIES = 'IMAP4rev1 SASL-IR ID ENABLE IDLE NAMESPACE CHILDREN SPECIAL-USE UNSELECT';
/** On a slow line a peer that takes longer runs once, so that a quick benchmark stays one. */
const LONG_RUN_SECONDS = 5;
type Corpus = typeof QUICK;
/** So many users at the target: every run gets an empty mailbox. */
const TARGET_USERS = Array.from({ length: 200 }, (_, index) => `run${index}@bench.test`);

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    peers: { type: 'string' },
    delay: { type: 'string', default: '20' },
    'no-slow-line': { type: 'boolean', default: false },
    'poor-target': { type: 'boolean', default: false },
    connections: { type: 'string' },
    'only-slow-line': { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds ?? 3);

type Servers = { readonly source: DovecotServer; readonly target: DovecotServer };
type Ports = { readonly sourcePort: number; readonly targetPort: number };
let runs = 0;

function chosenPeers(): readonly Peer[] {
  const wanted = options.peers?.toLowerCase().split(',');
  const wider = options.connections?.split(',').map((connections) => stagecoachOver(Number(connections))) ?? [];
  return [...PEERS, ...wider].filter(({ name }) => wanted?.some((part) => name.toLowerCase().includes(part)) ?? true);
}

/**
 * Another one is the first in each round. What the run before left matters on a disk: ext4 passes over the inodes of what was
 * deleted in the last minutes one by one, so that who comes behind a mailbox that was removed takes longer to make files.
 */
function inTurn(peers: readonly Peer[], round: number): readonly Peer[] {
  const first = (round - 1) % Math.max(1, peers.length);
  return [...peers.slice(first), ...peers.slice(0, first)];
}

async function runPeer(peer: Peer, { servers, ports, corpus, expected, round }: RunOrder): Promise<RunResult> {
  const missing = peer.missing();
  if (missing !== undefined) return { peer: peer.name, round, failure: missing };
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const targetUser = TARGET_USERS[runs % TARGET_USERS.length] ?? '';
  runs += 1;
  const job: PeerJob = { ...servers, ...ports, sourceUser: corpus.user, targetUser, password: PASSWORD, folder };
  try {
    return { peer: peer.name, round, ...(await copyTwice(peer, job, expected)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(join(servers.target.mailDir(targetUser), '..'), { recursive: true, force: true });
  }
}

async function copyTwice(
  peer: Peer,
  job: PeerJob,
  expected: MailboxSnapshot,
): Promise<Omit<RunResult, 'peer' | 'round'>> {
  const first = await measureChild(peer.copy(job));
  const verdict = verifyCopy(expected, await snapshotDovecot(job.target, job.targetUser));
  if (first.exitCode !== 0) {
    return { failure: `exit code ${first.exitCode}: ${lastLine(first.stderr)}`, verdict };
  }
  const ownSeconds = peer.ownSeconds?.(job, first.stdout);
  const again = peer.copyAgain === undefined ? peer.copy(job) : peer.copyAgain(job);
  const second = again === undefined ? undefined : await measureChild(again);
  const after =
    second === undefined ? verdict : verifyCopy(expected, await snapshotDovecot(job.target, job.targetUser));
  return {
    wallSeconds: first.wallSeconds,
    ...(ownSeconds === undefined ? {} : { ownSeconds }),
    cpuSeconds: first.cpuSeconds,
    peakMegabytes: first.peakMegabytes,
    ...(second?.exitCode === 0 ? { noChangeSeconds: second.wallSeconds } : {}),
    verdict: after === verdict ? verdict : `${verdict}, after the second pass ${after}`,
    ...(second === undefined || second.exitCode === 0 ? {} : { failure: `second pass: ${lastLine(second.stderr)}` }),
  };
}

type RunOrder = {
  readonly servers: Servers;
  readonly ports: Ports;
  readonly corpus: Corpus;
  readonly expected: MailboxSnapshot;
  readonly round: number;
};

async function fastLine(servers: Servers, corpus: Corpus, expected: MailboxSnapshot): Promise<readonly RunResult[]> {
  const ports = { sourcePort: servers.source.imapPort, targetPort: servers.target.imapPort };
  const results: RunResult[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    for (const peer of inTurn(chosenPeers(), round))
      results.push(told(await runPeer(peer, { servers, ports, corpus, expected, round })));
  }
  return results;
}

/** Through proxies that delay each way; no second pass is timed here. Who takes long runs once. */
async function slowLine(servers: Servers, expected: MailboxSnapshot): Promise<readonly RunResult[]> {
  const results: RunResult[] = [];
  let peers = chosenPeers().filter((peer) => !options.quick || peer.slowOnSlowLines !== true);
  for (let round = 1; round <= rounds; round += 1) {
    const inRound: RunResult[] = [];
    for (const peer of inTurn(peers, round)) inRound.push(await onSlowLine(peer, { servers, expected, round }));
    results.push(...inRound);
    const quick = inRound.filter(({ wallSeconds }) => (wallSeconds ?? Infinity) < LONG_RUN_SECONDS);
    peers = peers.filter(({ name }) => quick.some(({ peer }) => peer === name));
  }
  return results;
}

async function onSlowLine(peer: Peer, order: Omit<RunOrder, 'ports' | 'corpus'>): Promise<RunResult> {
  const { source, target } = order.servers;
  const line = await SlowLine.start(Number(options.delay), [source.imapPort, target.imapPort]);
  const [sourcePort = 0, targetPort = 0] = line.ports;
  const once: Peer = { ...peer, copyAgain: () => undefined };
  const result = await runPeer(once, { ...order, ports: { sourcePort, targetPort }, corpus: QUICK });
  const [, atTarget] = await line.counters();
  line.stop();
  return told({ ...result, targetRoundTrips: atTarget?.roundTrips ?? 0 });
}

function told(result: RunResult): RunResult {
  const parts = [
    result.failure === undefined ? '' : `FAILED: ${result.failure}`,
    result.wallSeconds === undefined ? '' : `${result.wallSeconds.toFixed(2)} s`,
    result.ownSeconds === undefined ? '' : `copying ${result.ownSeconds.toFixed(2)} s`,
    result.cpuSeconds === undefined ? '' : `CPU ${result.cpuSeconds.toFixed(2)} s`,
    result.peakMegabytes === undefined ? '' : `${result.peakMegabytes.toFixed(0)} MB`,
    result.targetRoundTrips === undefined ? '' : `${result.targetRoundTrips} round trips`,
    result.verdict ?? '',
  ];
  console.error(`${result.round}  ${result.peer.padEnd(46)} ${parts.filter(Boolean).join(', ')}`);
  return result;
}

async function prepare(servers: Servers, corpus: Corpus): Promise<MailboxSnapshot> {
  seedMailbox(
    servers.source,
    corpus.user,
    generateMailbox({ seed: 'bench', folders: 41, messages: corpus.messages, bytes: corpus.bytes }),
  );
  // Read once, so that every peer finds the same warm caches and index files.
  return snapshotDovecot(servers.source, corpus.user);
}

function machine(): Record<string, string> {
  return {
    cpu: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
    kernel: release(),
    node: process.version,
    dovecot: execFileSync(dovecotBinary(), ['--version'], { encoding: 'utf8' }).trim(),
  };
}

function report(parts: readonly { readonly title: string; readonly results: readonly RunResult[] }[]): void {
  const folder = join(import.meta.dirname, 'out');
  mkdirSync(folder, { recursive: true });
  const name = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const facts = Object.entries(machine()).map(([key, value]) => `${key} ${value}`);
  const text = [
    `Machine: ${facts.join(', ')}. Loopback, Dovecot to Dovecot, Maildir, no fsync${options['poor-target'] ? ', target without MULTIAPPEND, LITERAL+, UIDPLUS' : ''}. Medians.\n`,
    ...parts.map(({ title, results }) => `## ${title}\n\n${markdownTable(summarise(results))}`),
  ].join('\n');
  writeFileSync(join(folder, `${name}.md`), text);
  writeFileSync(join(folder, `${name}.json`), JSON.stringify({ machine: machine(), parts }, null, 2));
  console.log(`${text}\n${join('bench/out', `${name}.md`)}`);
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';

async function main(): Promise<void> {
  const corpus = options.quick ? QUICK : FULL;
  const users = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, PASSWORD]));
  const source = await DovecotServer.start({ users: users([QUICK.user, FULL.user]) });
  const target = await DovecotServer.start({
    users: users(TARGET_USERS),
    ...(options['poor-target'] ? { capability: POOR_CAPABILITIES } : {}),
  });
  const servers = { source, target };
  const parts: { title: string; results: readonly RunResult[] }[] = [];
  try {
    if (!options['only-slow-line']) {
      const expected = await prepare(servers, corpus);
      const title = `${corpus.messages.toLocaleString('en')} messages in 41 folders, ${corpus.bytes / 1e6} MB, ${rounds} rounds`;
      parts.push({ title, results: await fastLine(servers, corpus, expected) });
    }
    if (!options['no-slow-line']) {
      const expected = await (options.quick && !options['only-slow-line']
        ? snapshotDovecot(source, QUICK.user)
        : prepare(servers, QUICK));
      const title = `${QUICK.messages.toLocaleString('en')} messages, ${QUICK.bytes / 1e6} MB, ${options.delay} ms each way, up to ${rounds} rounds`;
      parts.push({ title, results: await slowLine(servers, expected) });
    }
  } finally {
    await Promise.all([source.stop(), target.stop()]);
  }
  report(parts);
}

await main();
