import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { PracticeAccount } from '../exchange/exchange-simulator.ts';
import { NtlmAcceptor } from '../exchange/ntlm-acceptor.ts';

export type WayIn = 'Basic' | 'NTLM' | 'Negotiate' | 'forms';

const logonPage = '/exchweb/bin/auth/owalogon.asp';
export const authPage = '/exchweb/bin/auth/owaauth.dll';

/** Who asks: by Basic, by NTLM on a connection, or by the cookies of Outlook Web Access. */
export class WebSignIn {
  readonly #accounts: readonly PracticeAccount[];
  readonly #ways: readonly WayIn[];
  readonly #connections = new WeakMap<Socket, { acceptor: NtlmAcceptor; account: string | undefined }>();
  /** Account by session. */
  readonly #sessions = new Map<string, string>();

  constructor(accounts: readonly PracticeAccount[], ways: readonly WayIn[]) {
    this.#accounts = accounts;
    this.#ways = ways;
  }

  get hasForm(): boolean {
    return this.#ways.includes('forms');
  }

  /** The time of a session is over, as it is after 24 hours, or when the front-end server was started anew. */
  endSessions(): void {
    this.#sessions.clear();
  }

  /** Undefined: the answer was sent, and it was no. */
  accountOf(request: IncomingMessage, response: ServerResponse): PracticeAccount | undefined {
    if (this.hasForm) return this.#bySession(request, response);
    const { socket } = request;
    const known = this.#connections.get(socket)?.account;
    const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ');
    if (scheme === '' && known !== undefined) return this.#account(known);
    if (scheme === 'Basic' && this.#ways.includes('Basic')) {
      const [, name = '', password = ''] = /^(.*?):(.*)$/s.exec(Buffer.from(token, 'base64').toString()) ?? [];
      const account = this.#account(name);
      if (account?.password === password) return account;
    }
    if ((scheme === 'NTLM' || scheme === 'Negotiate') && this.#ways.includes(scheme))
      return this.#takeNtlm(response, { socket, scheme, token });
    this.refuse(response);
    return undefined;
  }

  /** What IIS answers to who is not signed in, and to who may not. */
  refuse(response: ServerResponse): void {
    const offered = this.#ways.map((way) => (way === 'Basic' ? 'Basic realm="practice"' : way));
    if (this.hasForm) response.writeHead(403).end();
    else response.writeHead(401, { 'WWW-Authenticate': offered }).end();
  }

  /** What the form of Outlook Web Access was filled in with. */
  takeForm(response: ServerResponse, body: Buffer): void {
    const form = new URLSearchParams(body.toString());
    const account = this.#account(form.get('username') ?? '');
    if (account?.password !== (form.get('password') ?? '')) {
      response.writeHead(302, { Location: `${logonPage}?url=/exchange/&reason=2` }).end();
      return;
    }
    const session = randomBytes(16).toString('hex');
    this.#sessions.set(session, account.name);
    response
      .writeHead(302, {
        Location: form.get('destination') ?? '/exchange/',
        'Set-Cookie': [`sessionid=${session}; path=/`, `cadata="${session}"; path=/; HttpOnly`],
      })
      .end();
  }

  /** The page itself, for a browser. */
  showForm(response: ServerResponse): void {
    const fields =
      '<input type="hidden" name="destination" value="/exchange/"><input name="username"><input name="password">';
    response
      .writeHead(200, { 'Content-Type': 'text/html' })
      .end(`<html><body><form name="logonForm" method="post" action="${authPage}">${fields}</form></body></html>`);
  }

  #bySession(request: IncomingMessage, response: ServerResponse): PracticeAccount | undefined {
    const cookies = new Map(
      (request.headers.cookie ?? '').split(/;\s*/).map((cookie) => {
        const [, name = '', value = ''] = /^([^=]*)=(.*)$/.exec(cookie) ?? [];
        return [name, value.replaceAll('"', '')] as const;
      }),
    );
    const session = cookies.get('sessionid') ?? '';
    const account = session === cookies.get('cadata') ? this.#account(this.#sessions.get(session) ?? '') : undefined;
    if (account !== undefined) return account;
    const isBrowser = /mozilla/i.test(request.headers['user-agent'] ?? '');
    if (isBrowser) response.writeHead(302, { Location: `${logonPage}?url=/exchange/&reason=0` }).end();
    else response.writeHead(440, 'Login Timeout', { Connection: 'close' }).end();
    return undefined;
  }

  #takeNtlm(
    response: ServerResponse,
    { socket, scheme, token }: { readonly socket: Socket; readonly scheme: string; readonly token: string },
  ): PracticeAccount | undefined {
    const state = this.#connections.get(socket) ?? { acceptor: this.#newAcceptor(), account: undefined };
    this.#connections.set(socket, state);
    const taken = state.acceptor.take(Buffer.from(token, 'base64'));
    if (taken.outcome === 'challenge') {
      response.writeHead(401, { 'WWW-Authenticate': `${scheme} ${taken.token.toString('base64')}` }).end();
      return undefined;
    }
    if (taken.outcome === 'refused') {
      this.#connections.delete(socket);
      this.refuse(response);
      return undefined;
    }
    state.account = taken.account;
    return this.#account(taken.account);
  }

  #newAcceptor(): NtlmAcceptor {
    const passwordOf = (name: string): string | undefined => this.#account(name)?.password;
    // Windows Server 2003 sends no time, and knows no channel binding.
    return new NtlmAcceptor({ passwordOf, domain: 'CONTOSO', sendsTime: false, channelBinding: undefined });
  }

  #account(name: string): PracticeAccount | undefined {
    return this.#accounts.find((account) => account.name.toLowerCase() === name.toLowerCase());
  }
}

export function isLogonPage(path: string): boolean {
  return path === logonPage;
}
