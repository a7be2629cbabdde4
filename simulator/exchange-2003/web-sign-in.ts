import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { IisSignIn, type HttpScheme } from '../exchange/iis-sign-in.ts';
import { accountNamed, type PracticeAccount } from '../exchange/practice-account.ts';

export type WayIn = HttpScheme | 'forms';

const logonPage = '/exchweb/bin/auth/owalogon.asp';
export const authPage = '/exchweb/bin/auth/owaauth.dll';

/** Who asks: as IIS finds out, or by the cookies of Outlook Web Access. */
export class WebSignIn {
  readonly #accounts: readonly PracticeAccount[];
  readonly #iis: IisSignIn;
  /** Account by session. */
  readonly #sessions = new Map<string, string>();
  /** The form is the only way in. */
  readonly hasForm: boolean;

  constructor(accounts: readonly PracticeAccount[], ways: readonly WayIn[]) {
    this.#accounts = accounts;
    this.hasForm = ways.includes('forms');
    this.#iis = new IisSignIn({
      accounts,
      schemes: ways.filter((way) => way !== 'forms'),
      // Windows Server 2003 sends no time, and knows no channel binding.
      sendsTime: false,
      channelBinding: undefined,
    });
  }

  /** The time of a session is over, as it is after 24 hours, or when the front-end server was started anew. */
  endSessions(): void {
    this.#sessions.clear();
  }

  /** Undefined: the answer was sent, and it was no. */
  accountOf(request: IncomingMessage, response: ServerResponse): PracticeAccount | undefined {
    return this.hasForm ? this.#bySession(request, response) : this.#iis.accountOf(request, response);
  }

  /** What is answered to who may not. */
  refuse(response: ServerResponse): void {
    if (this.hasForm) response.writeHead(403).end();
    else this.#iis.refuse(response);
  }

  /** What the form of Outlook Web Access was filled in with. */
  takeForm(response: ServerResponse, body: Buffer): void {
    const form = new URLSearchParams(body.toString());
    const account = accountNamed(this.#accounts, form.get('username') ?? '');
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
    const account =
      session === cookies.get('cadata') ? accountNamed(this.#accounts, this.#sessions.get(session) ?? '') : undefined;
    if (account !== undefined) return account;
    const isBrowser = /mozilla/i.test(request.headers['user-agent'] ?? '');
    if (isBrowser) response.writeHead(302, { Location: `${logonPage}?url=/exchange/&reason=0` }).end();
    else response.writeHead(440, 'Login Timeout', { Connection: 'close' }).end();
    return undefined;
  }
}

export function isLogonPage(path: string): boolean {
  return path === logonPage;
}
