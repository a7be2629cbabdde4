import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../dovecot/free-ports.ts';

export const davmailJar = '/usr/share/davmail/davmail.jar';

export interface DavMailSettings {
  /** Where Exchange is: its EWS address for `EWS`, its OWA address (`http://host/exchange/`) for `WebDav`. */
  readonly url: string;
  readonly mode: 'EWS' | 'WebDav';
  /** Further lines of its properties file. */
  readonly more?: Readonly<Record<string, string>>;
}

const patienceMs = 30_000;

/**
 * DavMail (https://davmail.sourceforge.net/), which shows an Exchange mailbox by IMAP, CalDAV, CardDAV and LDAP: a client of
 * Exchange that we did not write. Users sign in to it with the names and passwords that they have at Exchange.
 */
export class DavMail {
  readonly imapPort: number;
  /** CalDAV and CardDAV: `http://127.0.0.1:PORT/users/ADDRESS/calendar/`, `.../contacts/`. */
  readonly davPort: number;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(process: ChildProcess, folder: string, ports: { readonly imap: number; readonly dav: number }) {
    this.#process = process;
    this.#folder = folder;
    this.imapPort = ports.imap;
    this.davPort = ports.dav;
  }

  /** A port may be taken by another before DavMail has it: it is tried with others then. */
  static async start(settings: DavMailSettings): Promise<DavMail> {
    try {
      return await DavMail.#launch(settings);
    } catch {
      return await DavMail.#launch(settings);
    }
  }

  static async #launch({ url, mode, more = {} }: DavMailSettings): Promise<DavMail> {
    const [imap = 0, dav = 0] = await freePorts(2);
    const folder = mkdtempSync(join(tmpdir(), 'davmail-'));
    const settings: Readonly<Record<string, string>> = {
      'davmail.server': 'true',
      'davmail.mode': mode,
      'davmail.url': url,
      'davmail.imapPort': String(imap),
      'davmail.caldavPort': String(dav),
      'davmail.ldapPort': '',
      'davmail.popPort': '',
      'davmail.smtpPort': '',
      'davmail.allowRemote': 'false',
      'davmail.bindAddress': '127.0.0.1',
      'davmail.disableUpdateCheck': 'true',
      // All of the calendar, and the sizes that messages really have.
      'davmail.caldavPastDelay': '0',
      'davmail.imapAlwaysApproxMsgSize': 'false',
      'davmail.logFilePath': join(folder, 'davmail.log'),
      'log4j.rootLogger': 'WARN',
      'log4j.logger.davmail': 'DEBUG',
      ...more,
    };
    const file = join(folder, 'davmail.properties');
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(file, lines.join(''));
    // A short life: no second compiler, one collector.
    const jvm = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Duser.home=${folder}`];
    const child = spawn('java', [...jvm, '-jar', davmailJar, '-server', file], { cwd: folder, stdio: 'ignore' });
    const davmail = new DavMail(child, folder, { imap, dav });
    try {
      for (const port of [imap, dav]) await davmail.#listens(port);
      return davmail;
    } catch (error) {
      const log = davmail.log();
      await davmail.stop();
      throw new Error(`DavMail did not start:\n${log}`, { cause: error });
    }
  }

  async #listens(port: number): Promise<void> {
    const until = Date.now() + patienceMs;
    while (Date.now() < until && this.#process.exitCode === null) {
      const socket = connect(port, '127.0.0.1');
      const isOpen = await once(socket, 'connect').then(
        () => true,
        () => false,
      );
      socket.destroy();
      if (isOpen) return;
      await sleep(50);
    }
    throw new Error(`nothing listens on ${String(port)}`);
  }

  /** What it noted; with what was asked of Exchange, without passwords. */
  log(): string {
    try {
      return readFileSync(join(this.#folder, 'davmail.log'), 'utf8');
    } catch {
      return '';
    }
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
