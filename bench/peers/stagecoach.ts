import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../measure-child.ts';
import type { Peer, PeerJob } from './peer.ts';

const PROJECT = join(import.meta.dirname, '../..');
const CLI = join(PROJECT, 'bin/stagecoach');

/** The product, through its command line: ledger, hashing and the default verification sample on. */
export const stagecoach = stagecoachOver(1);

/** With so many connections for the mailbox at each server. */
export function stagecoachOver(connections: number): Peer {
  return {
    name: connections === 1 ? 'Stagecoach' : `Stagecoach, ${connections} connections`,
    missing: () => (existsSync(join(PROJECT, 'dist/cli')) ? undefined : 'not built: npm run build'),
    copy: (job) => {
      const endpoint = join(job.folder, 'endpoint.json');
      const csv = join(job.folder, 'bench.csv');
      writeFileSync(endpoint, JSON.stringify(endpointFile(job, connections), null, 2));
      writeFileSync(
        csv,
        'EmailAddress,UserName,Password,TargetUserName,TargetPassword\n' +
          `${job.targetUser},${job.sourceUser},${job.password},${job.targetUser},${job.password}\n`,
      );
      return runCommand(job);
    },
    copyAgain: runCommand,
    ownSeconds: (job) => copyingSeconds(job),
  };
}

function runCommand(job: PeerJob): Command {
  const files = ['--endpoint', join(job.folder, 'endpoint.json'), '--csv', join(job.folder, 'bench.csv')];
  return {
    argv: [CLI, 'run', ...files, '--name', 'bench', '--data', join(job.folder, 'data'), '--json'],
    env: { STAGECOACH_KEY: `file:${keyFile(job)}` },
  };
}

function endpointFile(job: PeerJob, maxConnectionsPerMailbox: number): unknown {
  const server = (port: number) => ({
    kind: 'imap',
    host: '127.0.0.1',
    port,
    security: 'none',
    login: { mode: 'user' },
  });
  return {
    name: 'bench',
    type: 'imap',
    source: server(job.sourcePort),
    target: server(job.targetPort),
    maxConnectionsPerMailbox,
    defaults: {},
  };
}

/** A key of its own keeps a benchmark away from the administrator's. */
function keyFile(job: PeerJob): string {
  const file = join(job.folder, 'key');
  if (!existsSync(file)) writeFileSync(file, Buffer.alloc(32, job.targetUser).toString('base64'), { mode: 0o600 });
  return file;
}

/** From the mailbox's startedAt to its syncedAt, as `batch users` has them. */
function copyingSeconds(job: PeerJob): number | undefined {
  const args = ['batch', 'users', 'bench', '--data', join(job.folder, 'data'), '--json'];
  const users = JSON.parse(
    execFileSync(CLI, args, { encoding: 'utf8', env: { ...process.env, ...runCommand(job).env } }),
  ) as readonly { readonly startedAt: string | null; readonly syncedAt: string | null }[];
  const [user] = users;
  if (typeof user?.startedAt !== 'string' || typeof user.syncedAt !== 'string') return undefined;
  return (Date.parse(user.syncedAt) - Date.parse(user.startedAt)) / 1000;
}
