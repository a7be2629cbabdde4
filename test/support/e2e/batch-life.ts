import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DovecotOptions } from '../dovecot/dovecot-options.ts';
import { DovecotPair } from '../dovecot/dovecot-pair.ts';
import type { DovecotServer } from '../dovecot/dovecot-server.ts';
import { generateMailbox } from '../mail/generate-mailbox.ts';
import type { GeneratedMessage } from '../mail/generated-mailbox.ts';
import { PlainImapClient } from '../mail/plain-imap-client.ts';
import { seedMailbox } from '../mail/seed-mailbox.ts';
import { TcpFaultProxy } from '../tcp-fault-proxy.ts';
import type { Command, CommandEnd } from './command.ts';
import { batchFile } from './csv.ts';
import { imapEndpoint } from './imap-endpoint.ts';
import { Workspace } from './workspace.ts';

type Passwords = Readonly<Record<string, string>>;

/** What a command answered with --json. */
export interface Answer {
  readonly code: number | null;
  /** The one document on stdout. */
  readonly document: unknown;
}

/**
 * Two Dovecots with a line before each that can be held up, and an admin's workspace: what a test of a batch's life
 * needs. Every command is given with --json and must print one document.
 */
export class BatchLife {
  readonly workspace = new Workspace();
  readonly source: DovecotServer;
  readonly target: DovecotServer;
  readonly sourceLine: TcpFaultProxy;
  readonly targetLine: TcpFaultProxy;

  readonly #servers: DovecotPair;

  private constructor(servers: DovecotPair, sourceLine: TcpFaultProxy, targetLine: TcpFaultProxy) {
    this.#servers = servers;
    this.source = servers.source;
    this.target = servers.target;
    this.sourceLine = sourceLine;
    this.targetLine = targetLine;
  }

  /** `users`: at both servers, unless the target has its own. */
  static async start(users: Passwords, targetOptions: Partial<DovecotOptions> = {}): Promise<BatchLife> {
    const servers = await DovecotPair.start({ users }, targetOptions);
    const [sourceLine, targetLine] = await Promise.all([
      TcpFaultProxy.start(servers.source.imapPort),
      TcpFaultProxy.start(servers.target.imapPort),
    ]);
    return new BatchLife(servers, sourceLine, targetLine);
  }

  async stop(): Promise<void> {
    await this.workspace.remove();
    await Promise.all([this.sourceLine.stop(), this.targetLine.stop(), this.#servers.stop()]);
  }

  seed(user: string, messages: number, folders = 4): void {
    const mailbox = generateMailbox({ seed: user, folders, messages, bytes: messages * 800 });
    seedMailbox(this.source, user, mailbox);
  }

  /** An inbox of messages that all have 2 kB. */
  seedEvenly(user: string, messages: number): void {
    const line = 'One of many lines that are all alike, in a message that is as long as all the others are.\n';
    const inbox = Array.from({ length: messages }, (_, at): GeneratedMessage => {
      const head = `From: a@b.test\nSubject: ${String(at)}\nMessage-ID: <${String(at).padStart(6, '0')}.${user}>\n\n`;
      const internalDate = new Date(1_700_000_000_000 + at * 60_000);
      return {
        uid: at + 1,
        flags: [],
        keywords: [],
        internalDate,
        kind: 'even',
        stored: () => Buffer.from(head + line.repeat(21)),
      };
    });
    seedMailbox(this.source, user, {
      seed: user,
      folders: [{ path: ['INBOX'], uidValidity: 1_600_000_000, messages: inbox }],
    });
  }

  /** New mail in the user's inbox: texts by Message-ID. */
  async deliver(server: DovecotServer, user: string, texts: Readonly<Record<string, string>>): Promise<void> {
    const client = await PlainImapClient.signIn(server, user);
    for (const [id, text] of Object.entries(texts)) {
      const octets = Buffer.from(`Message-ID: <${id}@b.test>\r\nFrom: a@b.test\r\nSubject: ${id}\r\n\r\n${text}\r\n`);
      await client.append('INBOX', octets, { flags: [], internalDate: new Date('2026-03-04T05:06:07Z') });
    }
    client.close();
  }

  /** The same at the source without a connection, as a mail transfer agent delivers. */
  drop(user: string, texts: Readonly<Record<string, string>>): void {
    const folder = join(this.source.mailDir(user), 'new');
    for (const [id, text] of Object.entries(texts)) {
      const file = join(this.source.mailDir(user), 'tmp', `${id}.test`);
      writeFileSync(file, `Message-ID: <${id}@b.test>\nFrom: a@b.test\nSubject: ${id}\n\n${text}\n`);
      this.source.ownMail(file);
      renameSync(file, join(folder, `${id}.test`));
    }
  }

  /** Messages that lie in the user's folders at the target. */
  arrived(user: string): number {
    return messagesIn(this.target.mailDir(user));
  }

  /** Waits until so many more octets went to the target, then lets nothing pass any more, either way. */
  async holdTargetAfter(octets: number): Promise<void> {
    const before = this.targetLine.counters().bytesToServer;
    while (this.targetLine.counters().bytesToServer - before < octets) await nextTurn();
    this.targetLine.stall();
  }

  /** The same for what comes from the source. Resolves with what had come by then: more, where this process was slow. */
  async holdSourceAfter(octets: number): Promise<number> {
    const before = this.sourceLine.counters().bytesToClient;
    while (this.sourceLine.counters().bytesToClient - before < octets) await nextTurn();
    this.sourceLine.stall();
    return this.sourceLine.counters().bytesToClient - before;
  }

  /** What differs between source and target, one sentence a difference. */
  differences(users: readonly string[]): Promise<readonly string[]> {
    return this.#servers.differences(users);
  }

  endpoint(name: string, limits: { readonly n?: number; readonly m?: number; readonly verify?: string } = {}): string {
    const { n = 20, m, verify } = limits;
    const file = imapEndpoint({
      name,
      source: { port: this.sourceLine.port },
      target: { port: this.targetLine.port },
      maxConcurrentMigrations: n,
      ...(m === undefined ? {} : { maxConcurrentIncrementalSyncs: m }),
      defaults: { settleAfter: 1, notify: ['admin@contoso.test'], ...(verify === undefined ? {} : { verify }) },
    });
    return this.workspace.writeEndpoint(file);
  }

  async putEndpoint(name: string, limits: { readonly n?: number; readonly m?: number } = {}): Promise<void> {
    const { code } = await this.ask('endpoint', 'put', this.endpoint(name, limits));
    if (code !== 0) throw new Error(`The endpoint ${name} was not stored.`);
  }

  csv(name: string, passwords: Passwords): string {
    return this.workspace.write(name, batchFile(passwords));
  }

  /** A command that is waited for later. */
  begin(...args: readonly string[]): Command {
    return this.workspace.start(...args, '--json');
  }

  async ask(...args: readonly string[]): Promise<Answer> {
    return answerOf(await this.workspace.call(...args, '--json'));
  }

  /** `batch <verb> ...` */
  async batch(...args: readonly string[]): Promise<Answer> {
    return this.ask('batch', ...args);
  }

  /** Rests, and how: `batch watch`, whose exit code is the batch's. */
  async rested(name: string): Promise<Answer> {
    return this.batch('watch', name);
  }

  async report(name: string, report: string): Promise<readonly Readonly<Record<string, string>>[]> {
    const { document } = await this.batch('report', name, report);
    if (!Array.isArray(document)) throw new Error(`${report} is no table: ${JSON.stringify(document)}`);
    return document as readonly Readonly<Record<string, string>>[];
  }

  /** Kinds of the batch's mails that were sent so far: `batch show` without --json lists them. */
  async mails(name: string): Promise<readonly string[]> {
    const { stdout } = await this.workspace.call('batch', 'show', name);
    return [...stdout.matchAll(/^ +mail +(\w+): sent/gm)].map(([, kind = '']) => kind).sort();
  }
}

export function answerOf({ code, stdout, stderr }: CommandEnd): Answer {
  try {
    return { code, document: JSON.parse(stdout) as unknown };
  } catch (error) {
    throw new Error(`stdout is not one JSON document: ${stdout}\n${stderr}`, { cause: error });
  }
}

function messagesIn(maildir: string): number {
  if (!existsSync(maildir)) return 0;
  return readdirSync(maildir, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && /(^|\/)(cur|new)$/.test(entry.parentPath),
  ).length;
}
