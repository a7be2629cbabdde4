import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('server.py', import.meta.url));

export interface OtherAccount {
  /** `CONTOSO\name` or an address. */
  readonly name: string;
  readonly password: string;
  /** Its own mailbox; none for a service account. */
  readonly mailbox: string | null;
  readonly opens: readonly string[];
  readonly impersonates?: readonly string[];
}

/** See server.py: how it writes, which version it is, how it speaks HTTP. */
export interface OtherSettings {
  readonly dialect: 'plain' | 'dense';
  readonly version: 'Exchange2007_SP1' | 'Exchange2010_SP1' | 'Exchange2010_SP2' | 'Exchange2013' | 'Exchange2016';
  readonly auth?: readonly string[];
  readonly mailboxes: readonly string[];
  readonly accounts: readonly OtherAccount[];
  /** With items of every class, or with the folders alone. */
  readonly filled?: boolean;
  /** Most changes in a page of a synchronisation. */
  readonly page?: number;
  readonly gzip?: boolean;
  readonly chunked?: boolean;
  readonly close?: boolean;
  /** Files of a certificate and its key: TLS, to which NTLM must be bound. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Does not say which version it is. */
  readonly mute?: boolean;
}

/** Something that happens to the next calls of an operation, or to one item of it (`at`). */
export type OtherFault = {
  readonly operation: string;
  readonly times?: number;
  readonly at?: number;
  readonly wait?: number;
} & (
  | { readonly kind: 'cut' }
  | { readonly kind: 'http'; readonly status: number }
  | { readonly kind: 'soap'; readonly code: string }
);

/**
 * What the mailbox holds of mail, by path (well-known folders by their short names): Message-ID, when it was received
 * (seconds), flags, SHA-256 of its octets.
 */
export type MailTruth = Readonly<Record<string, readonly (readonly [string, number, readonly string[], string])[]>>;

/** The EWS server of this folder in a process of its own. */
export class OtherEwsServer {
  readonly ewsUrl: string;
  readonly #process: ChildProcess;
  readonly #control: string;

  private constructor(process: ChildProcess, at: { readonly ewsUrl: string; readonly control: string }) {
    this.#process = process;
    this.ewsUrl = at.ewsUrl;
    this.#control = at.control;
  }

  static async start(settings: OtherSettings): Promise<OtherEwsServer> {
    const child = spawn('python3', ['-B', program, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const { port, control } = JSON.parse(line) as { port: number; control: number };
    const scheme = settings.tls === undefined ? 'http' : 'https';
    const ewsUrl = `${scheme}://127.0.0.1:${String(port)}/EWS/Exchange.asmx`;
    return new OtherEwsServer(child, { ewsUrl, control: `http://127.0.0.1:${String(control)}/control` });
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.stdin?.end();
    await ended;
  }

  /** One of the methods of `Control` in server.py. */
  async do<T = null>(command: Readonly<Record<string, unknown>> & { readonly do: string }): Promise<T> {
    const answer = await fetch(this.#control, { method: 'POST', body: JSON.stringify(command) });
    if (!answer.ok) throw new Error(`${command.do}: HTTP ${String(answer.status)}`);
    return (await answer.json()) as T;
  }

  async fail(fault: OtherFault): Promise<void> {
    await this.do({ do: 'fail', ...fault });
  }

  /** Requests that were not of the schema, in words; and the operations asked for. */
  log(): Promise<{ readonly refused: readonly string[]; readonly requests: readonly string[] }> {
    return this.do({ do: 'log' });
  }
}
