import { execFile, execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openConnections } from './anvil.ts';
import { writeCertificates } from './certificates.ts';
import { dovecotConfig, mailOwner, passwdFile, tokenFiles } from './dovecot-config.ts';
import type { MailOwner, ServerPlace } from './dovecot-config.ts';
import type { DovecotOptions } from './dovecot-options.ts';
import { dovecotBinary } from './dovecot-binary.ts';
import { freePorts } from './free-ports.ts';

const START_ATTEMPTS = 5;
const READY_WITHIN_MS = 10_000;
/** Servers that this process has to take with it when it ends, also by a crash. */
const running = new Set<DovecotServer>();
process.on('exit', () => {
  for (const server of running) server.killNow();
});

/** A private Dovecot IMAP server on loopback with free ports and a folder of its own. */
export class DovecotServer {
  readonly host = '127.0.0.1';
  readonly folder: string;
  readonly owner: MailOwner;
  readonly options: DovecotOptions;
  /** The certificate authority to trust: a PEM file. */
  readonly caFile: string;
  #imapPort = 0;
  #imapsPort = 0;
  #master: ChildProcess | undefined;

  private constructor(options: DovecotOptions) {
    this.options = options;
    this.owner = mailOwner();
    this.folder = mkdtempSync(join(tmpdir(), 'dovecot-'));
    // The mail user has to pass through the folder; what is secret in it is the throw-away key only.
    chmodSync(this.folder, 0o755);
    for (const name of ['run', 'state', 'mail', 'ssl']) mkdirSync(join(this.folder, name));
    this.caFile = writeCertificates(join(this.folder, 'ssl'), options.certificate ?? 'valid');
    writeFileSync(join(this.folder, 'masters'), passwdFile(options.masters ?? {}));
    writeFileSync(join(this.folder, 'users'), passwdFile(options.users));
    for (const [file, text] of tokenFiles(options)) writeFileSync(join(this.folder, file), text);
    writeFileSync(join(this.folder, 'acl'), '* owner lr\n');
    this.ownMail(join(this.folder, 'mail'));
  }

  static async start(options: DovecotOptions): Promise<DovecotServer> {
    const server = new DovecotServer(options);
    try {
      await server.#startOnFreePorts();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Plain text and STARTTLS. */
  get imapPort(): number {
    return this.#imapPort;
  }

  /** Implicit TLS. */
  get imapsPort(): number {
    return this.#imapsPort;
  }

  /** Ends the server and its connections, and deletes its folder. */
  async stop(): Promise<void> {
    await this.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Ends the server and keeps its mail; `restart` brings it back on the same ports. SIGKILL is a crash: every process dies at once. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const master = this.#master;
    if (master === undefined) return;
    const ended = new Promise((resolve) => master.once('exit', resolve));
    if (master.pid !== undefined && master.exitCode === null && master.signalCode === null) {
      master.ref();
      if (signal === 'SIGKILL') killTree(master.pid);
      else await this.#terminate(master.pid);
      await ended;
    }
    this.#master = undefined;
    running.delete(this);
  }

  /** Starts again on the same ports with the same mail. */
  async restart(): Promise<void> {
    await this.kill('SIGTERM');
    await this.#launch();
  }

  /** For the end of this process only: nothing is waited for. */
  killNow(): void {
    const pid = this.#master?.pid;
    if (pid !== undefined) killTree(pid);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Open connections of signed-in users as Dovecot counts them, by user. */
  async connectionsByUser(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { user } of await openConnections(join(this.folder, 'run')))
      counts.set(user, (counts.get(user) ?? 0) + 1);
    return counts;
  }

  /** The imap processes that serve the user. */
  async pids(user: string): Promise<readonly number[]> {
    const connections = await openConnections(join(this.folder, 'run'));
    return connections.filter((connection) => connection.user === user.toLowerCase()).map(({ pid }) => pid);
  }

  /** Stops (SIGSTOP) the user's imap processes: the kernel goes on receiving for them. Returns their ids. */
  async pause(user: string): Promise<readonly number[]> {
    const pids = await this.pids(user);
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    return pids;
  }

  async resume(user: string): Promise<void> {
    for (const pid of await this.pids(user)) process.kill(pid, 'SIGCONT');
  }

  /** Runs `doveadm` against this server and returns what it printed. */
  async doveadm(args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('doveadm', ['-c', this.configFile, ...args], { maxBuffer: 1 << 28 });
    return stdout;
  }

  get configFile(): string {
    return join(this.folder, 'dovecot.conf');
  }

  /** The user's Maildir, whether it exists yet or not. */
  mailDir(user: string): string {
    return join(this.folder, 'mail', user, 'Maildir');
  }

  /** Gives files written by a test to the server's mail user. */
  ownMail(path: string): void {
    if (this.owner.privileged) execFileSync('chown', ['-R', `${this.owner.user}:${this.owner.group}`, path]);
  }

  /** Changes or adds users' passwords. Dovecot looks at the file once a second: resolves when it takes them. */
  async setPasswords(users: Readonly<Record<string, string>>): Promise<void> {
    writeFileSync(join(this.folder, 'users'), passwdFile(users));
    for (const [user, password] of Object.entries(users)) {
      const takes = (): Promise<boolean> =>
        this.doveadm(['auth', 'test', user, password]).then(
          () => true,
          () => false,
        );
      while (!(await takes())) await sleep(20);
    }
  }

  log(): string {
    const file = join(this.folder, 'dovecot.log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  async #startOnFreePorts(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const [imapPort = 0, imapsPort = 0] = await freePorts(2);
      this.#imapPort = imapPort;
      this.#imapsPort = imapsPort;
      const place: ServerPlace = { folder: this.folder, owner: this.owner, imapPort, imapsPort };
      writeFileSync(this.configFile, dovecotConfig(place, this.options));
      try {
        await this.#launch();
        return;
      } catch (error) {
        await this.kill();
        if (attempt === START_ATTEMPTS || !this.log().includes('Address already in use')) throw error;
      }
    }
  }

  async #launch(): Promise<void> {
    // The kernel ends the server with us even if we are killed and the exit hook never runs (prctl(2), PR_SET_PDEATHSIG).
    const [command, ...wrapped] = [...parentDeathWrapper(), dovecotBinary(), '-F', '-c', this.configFile];
    const master = spawn(command, wrapped, { stdio: ['ignore', 'ignore', 'pipe'], env: this.#environment() });
    const complaints: string[] = [];
    master.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
    master.once('error', (error) => complaints.push(error.message));
    // A test that fails before it stops its server must not keep jest from ending; the exit hook ends the server.
    master.unref();
    if (master.stderr instanceof Socket) master.stderr.unref();
    this.#master = master;
    running.add(this);
    const logged = this.log().length;
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await this.#answersLogin())) {
      const news = this.log().slice(logged);
      const ended = master.pid === undefined || master.exitCode !== null || master.signalCode !== null;
      if (ended || Date.now() > deadline || news.includes('Fatal:')) {
        throw new Error(`Dovecot did not start: ${complaints.join('')}${news}`);
      }
      await sleep(10);
    }
  }

  #environment(): NodeJS.ProcessEnv {
    const environment: NodeJS.ProcessEnv = { ...process.env, TZ: this.options.timeZone ?? 'UTC' };
    if (this.options.maxTls === undefined) return environment;
    const file = join(this.folder, 'openssl.cnf');
    writeFileSync(
      file,
      `openssl_conf = top\n[top]\nssl_conf = ssl\n[ssl]\nsystem_default = limits\n[limits]\nMinProtocol = TLSv1\nMaxProtocol = ${this.options.maxTls}\nCipherString = ALL:@SECLEVEL=0\n`,
    );
    return { ...environment, OPENSSL_CONF: file };
  }

  /** A real login, since Dovecot drops connections that come before its auth process is ready. */
  async #answersLogin(): Promise<boolean> {
    const [user, password] = Object.entries(this.options.users)[0] ?? ['nobody', 'nothing'];
    const initial = Buffer.from(`\0${user}\0${password}`).toString('base64');
    return new Promise((resolve) => {
      const socket = connect({ port: this.#imapPort, host: this.host });
      const finish = (ready: boolean): void => {
        socket.destroy();
        resolve(ready);
      };
      let text = '';
      socket.setTimeout(2_000, () => finish(false));
      socket.once('error', () => finish(false));
      socket.once('close', () => finish(false));
      socket.setEncoding('utf8').on('data', (part: string) => {
        if (text === '') socket.write(`a AUTHENTICATE PLAIN ${initial}\r\n`);
        text += part;
        if (text.includes('\r\na OK')) socket.write('b LOGOUT\r\n');
        if (text.includes('\r\nb OK') || text.includes('\r\na NO [AUTHENTICATIONFAILED]')) finish(true);
      });
    });
  }

  /** Takes about a second: the master waits for its children. */
  async #terminate(master: number): Promise<void> {
    const open = await openConnections(join(this.folder, 'run'));
    // A stopped process would sit out SIGTERM.
    for (const { pid } of open) signalProcess(pid, 'SIGCONT');
    signalProcess(master, 'SIGTERM');
  }
}

let wrapper: readonly string[] | undefined;

function parentDeathWrapper(): readonly string[] {
  wrapper ??= supportsParentDeath() ? ['setpriv', '--pdeathsig', 'TERM'] : [];
  return wrapper;
}

function supportsParentDeath(): boolean {
  try {
    execFileSync('setpriv', ['--pdeathsig', 'TERM', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    // Not Linux, or an older util-linux: the exit hook alone has to do.
    return false;
  }
}

/** Stopped first, so that the master cannot start a child between our look and the kill. */
function killTree(master: number): void {
  signalProcess(master, 'SIGSTOP');
  for (const pid of [...childrenOf(master), master]) signalProcess(pid, 'SIGKILL');
}

function childrenOf(pid: number): readonly number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
