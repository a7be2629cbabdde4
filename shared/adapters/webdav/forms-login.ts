import type { IncomingMessage } from 'node:http';
import { ConfigurationError, MailboxBlockedError } from '../../domain/errors.ts';
import { at } from '../exchange-http/connection-errors.ts';
import type { ExchangeAccount } from '../exchange-http/exchange-account.ts';
import type { ExchangeHttp } from '../exchange-http/exchange-http.ts';

/** Where Outlook Web Access takes names and passwords: Exchange 2003, Exchange 2007. */
const pages: readonly string[] = ['/exchweb/bin/auth/owaauth.dll', '/owa/auth/owaauth.dll'];

/** A page that asks for a name and a password where something else was asked for. */
export function isLogonPage(location: string): boolean {
  return /\/(?:exchweb\/bin\/auth|owa\/auth)\//i.test(location) || /\/owalogon\.asp/i.test(location);
}

/** The session of Outlook Web Access: what it is given as cookies proves who asks. */
export class FormsLogin {
  readonly #http: ExchangeHttp;
  readonly #account: ExchangeAccount;
  readonly #destination: string;
  readonly #cookies = new Map<string, string>();

  /** `destination`: the address for which one signs in. */
  constructor(http: ExchangeHttp, account: ExchangeAccount, destination: string) {
    this.#http = http;
    this.#account = account;
    this.#destination = destination;
  }

  get isSignedIn(): boolean {
    return this.#cookies.size > 0;
  }

  headers(): Readonly<Record<string, string>> {
    if (this.#cookies.size === 0) return {};
    return { Cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  /** Rejects with MailboxBlockedError SOURCE_SIGN_IN_FAILED, and ConfigurationError where there is no such page. */
  async signIn(): Promise<void> {
    this.#cookies.clear();
    for (const path of pages) {
      const response = await this.#post(path);
      if (response.statusCode === 404) continue;
      this.#keep(response);
      if (this.isSignedIn && !isLogonPage(response.headers.location ?? '')) return;
      this.#cookies.clear();
      const words = 'the page of Outlook Web Access does not accept this user name and password';
      throw new MailboxBlockedError({ code: 'SOURCE_SIGN_IN_FAILED', message: at(this.#http.host, words) });
    }
    const words = 'there is no page of Outlook Web Access to sign in at: set source.auth to ntlm or basic';
    throw new ConfigurationError({ code: 'SOURCE_LOGIN_UNSUPPORTED', message: at(this.#http.host, words) });
  }

  async #post(path: string): Promise<IncomingMessage> {
    const { user, password } = this.#account;
    // 4: a private computer, on which a session lasts longer.
    const form = new URLSearchParams({
      destination: this.#destination,
      flags: '4',
      username: user,
      password,
      SubmitCreds: 'Log On',
      forcedownlevel: '0',
      trusted: '4',
    });
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'User-Agent': 'Stagecoach' };
    const response = await this.#http.send({ method: 'POST', path, headers, body: form.toString() });
    await this.#http.drain(response);
    return response;
  }

  #keep(response: IncomingMessage): void {
    for (const cookie of response.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=;\s]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== '' && value !== '') this.#cookies.set(name, value);
    }
  }
}
