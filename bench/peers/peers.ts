import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Peer, PeerJob } from './peer.ts';
import { stagecoach } from './stagecoach.ts';

const node = process.execPath;
const program = (file: string): string => join(import.meta.dirname, file);

const connectionArguments = (job: PeerJob): string[] => [
  String(job.sourcePort),
  job.sourceUser,
  String(job.targetPort),
  job.targetUser,
  job.password,
];

function bareCopier(name: string, mode: 'multi' | 'single' | 'selected'): Peer {
  const command = (job: PeerJob, how: string) => ({
    argv: [node, program('bare-copier.ts'), ...connectionArguments(job), how],
  });
  return {
    name,
    missing: () => undefined,
    copy: (job) => command(job, mode),
    copyAgain: (job) => (mode === 'multi' ? command(job, 'no-change') : undefined),
  };
}

const imapflowLoop: Peer = {
  name: 'obvious imapflow loop',
  missing: () => undefined,
  copy: (job) => ({ argv: [node, program('imapflow-loop.ts'), ...connectionArguments(job)] }),
  copyAgain: () => undefined,
  slowOnSlowLines: true,
};

/** Reads by IMAP and writes the target's storage directly. */
const doveadmBackup: Peer = {
  name: 'doveadm backup',
  missing: () => notOnPath('doveadm'),
  copy: (job) => {
    const settings = {
      imapc_host: '127.0.0.1',
      imapc_port: String(job.sourcePort),
      imapc_user: job.sourceUser,
      imapc_password: job.password,
      imapc_features: 'rfc822.size fetch-headers',
      mail_prefetch_count: '20',
    };
    const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
    return {
      argv: ['doveadm', '-c', job.target.configFile, ...options, 'backup', '-R', '-u', job.targetUser, 'imapc:'],
    };
  },
};

/** Debian's isync; without COMPRESS. Writes a header of its own into every message and drops keywords. */
const mbsync: Peer = {
  name: 'mbsync',
  alters: 'adds X-TUID to every message, loses keywords',
  missing: () => notOnPath('mbsync'),
  copy: (job) => {
    const account = (name: string, port: number, user: string): string =>
      `IMAPStore ${name}\nHost 127.0.0.1\nPort ${port}\nUser ${user}\nPass ${job.password}\nSSLType None\nAuthMechs PLAIN\nDisableExtension COMPRESS=DEFLATE\n\n`;
    const channel =
      'Channel copy\nFar :source:\nNear :target:\nPatterns *\nCreate Near\nSync Pull\nCopyArrivalDate yes\n';
    const file = join(job.folder, 'mbsyncrc');
    writeFileSync(
      file,
      'FSync no\n\n' +
        account('source', job.sourcePort, job.sourceUser) +
        account('target', job.targetPort, job.targetUser) +
        `${channel}SyncState ${job.folder}/\n`,
    );
    return { argv: ['mbsync', '-q', '-c', file, 'copy'] };
  },
};

const imapsync: Peer = {
  name: 'imapsync',
  alters: 'skips true duplicates',
  missing: () => notOnPath('imapsync'),
  copy: (job) => ({
    argv: [
      ...['imapsync', '--nolog', '--noreleasecheck', '--nosslcheck', '--nossl1', '--nossl2', '--notls1', '--notls2'],
      ...[
        '--host1',
        '127.0.0.1',
        '--port1',
        String(job.sourcePort),
        '--user1',
        job.sourceUser,
        '--password1',
        job.password,
      ],
      ...[
        '--host2',
        '127.0.0.1',
        '--port2',
        String(job.targetPort),
        '--user2',
        job.targetUser,
        '--password2',
        job.password,
      ],
    ],
    cwd: job.folder,
  }),
  slowOnSlowLines: true,
};

/** In the order in which a round runs them. */
export const PEERS: readonly Peer[] = [
  bareCopier('bare copier, MULTIAPPEND', 'multi'),
  stagecoach,
  bareCopier('bare copier, single APPENDs', 'single'),
  bareCopier('bare copier, single APPENDs, folder selected', 'selected'),
  doveadmBackup,
  mbsync,
  imapflowLoop,
  imapsync,
];

function notOnPath(command: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, command))) ? undefined : `${command} is not installed`;
}
