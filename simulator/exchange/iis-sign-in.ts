import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { NtlmAcceptor, type NtlmRules } from './ntlm-acceptor.ts';
import { accountNamed, type PracticeAccount } from './practice-account.ts';

export type HttpScheme = 'Basic' | 'NTLM' | 'Negotiate';

/** In the order in which IIS offers them. */
export const allSchemes: readonly HttpScheme[] = ['Negotiate', 'NTLM', 'Basic'];

export interface IisSignInOptions extends Pick<NtlmRules, 'sendsTime' | 'channelBinding'> {
  readonly accounts: readonly PracticeAccount[];
  /** What is offered, and taken. */
  readonly schemes: readonly HttpScheme[];
}

/** Who asks, as IIS finds out: by Basic at each request, by NTLM once for a connection. */
export class IisSignIn {
  readonly #options: IisSignInOptions;
  readonly #connections = new WeakMap<Socket, { readonly acceptor: NtlmAcceptor; account: string | undefined }>();

  constructor(options: IisSignInOptions) {
    this.#options = options;
  }

  /** Undefined: the answer was sent, and it was no. */
  accountOf(request: IncomingMessage, response: ServerResponse): PracticeAccount | undefined {
    const { socket } = request;
    const known = this.#connections.get(socket)?.account;
    const [scheme = '', token = ''] = (request.headers.authorization ?? '').split(' ');
    if (scheme === '' && known !== undefined) return this.#account(known);
    if (scheme === 'Basic' && this.#offers(scheme)) {
      const [, name = '', password = ''] = /^(.*?):(.*)$/s.exec(Buffer.from(token, 'base64').toString()) ?? [];
      const account = this.#account(name);
      if (account?.password === password) return account;
    }
    if ((scheme === 'NTLM' || scheme === 'Negotiate') && this.#offers(scheme))
      return this.#takeNtlm(response, { socket, scheme, token });
    this.refuse(response);
    return undefined;
  }

  refuse(response: ServerResponse): void {
    const offered = this.#options.schemes.map((scheme) => (scheme === 'Basic' ? 'Basic realm="practice"' : scheme));
    response.writeHead(401, { 'WWW-Authenticate': offered }).end();
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
    const { sendsTime, channelBinding } = this.#options;
    const passwordOf = (name: string): string | undefined => this.#account(name)?.password;
    return new NtlmAcceptor({ passwordOf, domain: 'CONTOSO', sendsTime, channelBinding });
  }

  #offers(scheme: HttpScheme): boolean {
    return this.#options.schemes.includes(scheme);
  }

  #account(name: string): PracticeAccount | undefined {
    return accountNamed(this.#options.accounts, name);
  }
}
