import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'ldapts';
import type { Directory } from '../../../shared/domain/endpoint.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/samba');
const PROVISION = join(import.meta.dirname, 'provision.py');
const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/stagecoach');
const BASE = 'DC=contoso,DC=test';
const START_ATTEMPTS = 5;
const READY_WITHIN_MS = 30_000;
/** Servers whose folders this process has to remove when it ends, also by a crash. */
const running = new Set<SambaServer>();
process.on('exit', () => {
  for (const server of running) server.killNow();
});

export interface SambaOptions {
  /** Name or address in the certificate; the address it listens on unless given. */
  readonly certificateFor?: string;
}

/**
 * A private Active Directory (Samba) with the Exchange attributes and a few recipients, test/fixtures/samba. LDAP has fixed
 * ports: each server has a loopback address of its own. Made once and kept below node_modules/.cache; a start takes half a second.
 */
export class SambaServer {
  readonly base = BASE;
  readonly folder: string;
  #address = '';
  #process: ChildProcess | undefined;
  #log = '';

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'samba-'));
    execFileSync('tar', ['xf', provisioned(), '-C', this.folder]);
  }

  static async start(options: SambaOptions = {}): Promise<SambaServer> {
    const server = new SambaServer();
    running.add(server);
    try {
      await server.#startSomewhere(options);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** The address it listens on: 389, 636, 3268 and 3269. */
  get address(): string {
    return this.#address;
  }

  /** PEM of the certificate, which is its own authority. */
  get ca(): string {
    return readFileSync(join(this.folder, 'private/tls/cert.pem'), 'utf8');
  }

  /** The delegated account `migadmin`, which may write targetAddress below OU=Staff and nothing else. */
  directory(changes: Partial<Directory> = {}): Directory {
    return {
      url: `ldaps://${this.#address}`,
      startTls: true,
      base: BASE,
      user: 'migadmin@contoso.test',
      secret: 'env:DIRECTORY_PASSWORD',
      tls: { ca: this.ca },
      ...changes,
    };
  }

  /** Does something as the domain's administrator. */
  async asAdministrator<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ url: `ldaps://${this.#address}`, tlsOptions: { ca: this.ca }, timeout: 20_000 });
    try {
      await client.bind('CONTOSO\\Administrator', 'Passw0rd!Admin');
      return await work(client);
    } finally {
      await client.unbind();
    }
  }

  /** Runs an LDIF of modifications or additions as the domain's administrator. */
  change(ldif: string): void {
    execFileSync(
      'ldapmodify',
      ['-x', '-H', `ldaps://${this.#address}`, '-D', 'CONTOSO\\Administrator', '-w', 'Passw0rd!Admin'],
      {
        input: ldif,
        env: { ...process.env, LDAPTLS_CACERT: join(this.folder, 'private/tls/cert.pem') },
        stdio: 'pipe',
      },
    );
  }

  /** Values of a person of OU=Staff, as the administrator sees them. */
  async valuesOf(name: string, attribute: string): Promise<readonly string[]> {
    return this.asAdministrator(async (client) => {
      const { searchEntries } = await client.search(`CN=${name},OU=Staff,${BASE}`, {
        scope: 'base',
        attributes: [attribute],
      });
      return [searchEntries[0]?.[attribute] ?? []].flat().map(String);
    });
  }

  async stop(): Promise<void> {
    await this.kill();
    running.delete(this);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Ends the server as a crash does; `restart` brings it back with its data and address. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.ref();
    child.kill('SIGKILL');
    await ended;
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.#launch();
  }

  /** For the end of this process only: nothing is waited for. */
  killNow(): void {
    this.#process?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #startSomewhere(options: SambaOptions): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      this.#address = `127.${String(randomInt(2, 255))}.${String(randomInt(0, 256))}.${String(randomInt(2, 255))}`;
      this.#writeCertificate(options.certificateFor ?? this.#address);
      const settings = readFileSync(join(FIXTURES, 'smb.conf'), 'utf8');
      const placed = settings.replaceAll('@FOLDER@', this.folder).replaceAll('@ADDRESS@', this.#address);
      writeFileSync(join(this.folder, 'smb.conf'), placed);
      try {
        await this.#launch();
        return;
      } catch (error) {
        await this.kill();
        if (attempt === START_ATTEMPTS) throw error;
      }
    }
  }

  #writeCertificate(name: string): void {
    const folder = join(this.folder, 'private/tls');
    mkdirSync(folder, { recursive: true });
    const kind = /^[\d.]+$/.test(name) ? 'IP' : 'DNS';
    const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem';
    const command = `req -x509 ${key} -days 365 -subj /CN=dc1 -addext subjectAltName=${kind}:${name} -out cert.pem`;
    execFileSync('openssl', command.split(' '), { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    // Samba refuses a key that others may read.
    execFileSync('chmod', ['600', join(folder, 'key.pem')]);
    execFileSync('cp', ['cert.pem', 'ca.pem'], { cwd: folder });
  }

  async #launch(): Promise<void> {
    // In the foreground Samba ends when the pipe on its standard input does: it cannot outlive us.
    const child = spawn(
      'samba',
      ['-i', '-M', 'single', '-s', join(this.folder, 'smb.conf'), '--debug-stdout', '--no-process-group'],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    this.#process = child;
    this.#log = '';
    let failed: Error | undefined;
    child.once('error', (error) => (failed = error));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    }
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await this.#answers())) {
      if (failed !== undefined || child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
        throw new Error(`Samba did not start: ${failed?.message ?? ''}${this.#log}`);
      }
      await sleep(20);
    }
    // A test that fails before it stops its server must not keep jest from ending; the exit hook ends the server.
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      if (stream instanceof Socket) stream.unref();
    }
  }

  async #answers(): Promise<boolean> {
    try {
      await this.asAdministrator((client) => client.search('', { scope: 'base', attributes: ['dnsHostName'] }));
      return true;
    } catch {
      // It is not there yet.
      return false;
    }
  }
}

/** An archive of the directory as it is made, keyed by everything that it depends on. */
function provisioned(): string {
  const key = createHash('sha256').update(execFileSync('samba', ['--version']));
  const names = ['exchange-attributes', 'exchange-classes', 'organisation', 'recipients'];
  for (const file of [PROVISION, ...names.map((name) => join(FIXTURES, `${name}.ldif`))])
    key.update(readFileSync(file));
  const archive = join(CACHE, `samba-${key.digest('hex').slice(0, 16)}.tar`);
  if (existsSync(archive)) return archive;
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'samba-new-'));
  try {
    execFileSync('/usr/bin/python3', [PROVISION, join(folder, 'made'), FIXTURES], { stdio: 'pipe' });
    execFileSync('tar', ['cf', join(folder, 'made.tar'), '-C', join(folder, 'made'), '.']);
    // Two test workers may make it at the same time: the last one wins, and both are whole.
    const beside = `${archive}.${String(process.pid)}`;
    execFileSync('cp', [join(folder, 'made.tar'), beside]);
    renameSync(beside, archive);
    return archive;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
