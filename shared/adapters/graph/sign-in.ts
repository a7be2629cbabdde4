import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Configuration } from '@azure/msal-node';
import type { ExchangeOnline } from '../../domain/endpoint.ts';
import { ConfigurationError, isKnownError, TransientError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SecretReader } from '../../ports/sealer.ts';
import { addressesOf } from './clouds.ts';
import { connectionError } from './graph-errors.ts';
import { retryAfterOf } from './graph-answer.ts';
import { refusedSignIn } from './sign-in-errors.ts';
import type { TokenSource } from './token-source.ts';

export interface SignInServices {
  readonly secrets: SecretReader;
  readonly clock: Clock;
}

export type SignInTarget = Pick<
  ExchangeOnline,
  'tenant' | 'clientId' | 'certificate' | 'secret' | 'cloud' | 'practice'
>;

interface Token {
  readonly text: string;
  /** By our clock; another one is asked for from then on, while this one is still good. */
  readonly renewAt: number;
}

/** A token is renewed so long before its end, or at a tenth of its life: a long upload must not outlive it. */
const renewBeforeMs = 300_000;
const timeoutMs = 30_000;

const sources = new WeakMap<SecretReader, Map<string, TokenSource>>();

/**
 * Signs the application in by client credentials (certificate or secret). Everybody of the process who asks for the same
 * application, tenant and scope shares the token.
 */
export function tokensFor(services: SignInServices, target: SignInTarget, scope: string): TokenSource {
  const known = sources.get(services.secrets) ?? new Map<string, TokenSource>();
  sources.set(services.secrets, known);
  const { signIn } = addressesOf(target);
  const key = [signIn, target.tenant, target.clientId, target.certificate, target.secret, scope].join('\n');
  const source = known.get(key) ?? new ClientCredentials(services, target, scope);
  known.set(key, source);
  return source;
}

class ClientCredentials implements TokenSource {
  readonly #services: SignInServices;
  readonly #target: SignInTarget;
  readonly #scope: string;
  #token: Token | undefined;
  #asking: Promise<Token> | undefined;

  constructor(services: SignInServices, target: SignInTarget, scope: string) {
    this.#services = services;
    this.#target = target;
    this.#scope = scope;
  }

  async token(refused?: string): Promise<string> {
    const known = this.#token;
    if (known !== undefined && known.text !== refused && known.renewAt > this.#services.clock.now()) return known.text;
    // One question, whatever number of workers ask at the same time.
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    this.#token = await this.#asking;
    return this.#token.text;
  }

  async #ask(): Promise<Token> {
    const { clock } = this.#services;
    const network = new Network(addressesOf(this.#target), clock);
    // Kept for no longer than one question: msal would answer from a memory of refusals of its own for a minute.
    const application = await applicationFor(this.#services, this.#target, network);
    const askedAt = clock.now();
    const machineTime = Date.now();
    const result = await application
      .acquireTokenByClientCredential({ scopes: [this.#scope], skipCache: true })
      .catch((error: unknown) => {
        throw network.explain(error, this.#target);
      });
    if (result === null) throw network.explain(undefined, this.#target);
    const lifeMs = (result.expiresOn?.getTime() ?? 0) - machineTime;
    return { text: result.accessToken, renewAt: askedAt + lifeMs - Math.min(renewBeforeMs, lifeMs / 10) };
  }
}

async function applicationFor({ secrets, clock }: SignInServices, target: SignInTarget, network: Network) {
  // Loaded when it is needed: no other command waits for it.
  const { ConfidentialClientApplication } = await import('@azure/msal-node');
  const { authority } = addressesOf(target);
  const { host } = new URL(authority);
  const auth = {
    clientId: target.clientId,
    authority: `${authority}/${target.tenant}`,
    // Told here, so that nothing is looked up elsewhere.
    knownAuthorities: [host],
    authorityMetadata: metadataOf(`${authority}/${target.tenant}`),
  };
  const system = { networkClient: network, disableInternalRetries: true };
  return new ConfidentialClientApplication({
    auth: { ...auth, ...(await credentialOf(target, { secrets, clock })) },
    system,
  });
}

type Credential = Pick<Configuration['auth'], 'clientSecret' | 'clientCertificate'>;

async function credentialOf(target: SignInTarget, { secrets, clock }: SignInServices): Promise<Credential> {
  if (target.certificate === undefined) return { clientSecret: await secrets(target.secret ?? '') };
  const { certificate, key } = usable(await secrets(target.certificate));
  const ends = endOf(certificate);
  if (ends.getTime() <= clock.now()) {
    const message = `target.certificate expired on ${ends.toISOString().slice(0, 10)}.`;
    throw new ConfigurationError({ code: 'APPLICATION_CERTIFICATE_EXPIRED', message });
  }
  const thumbprintSha256 = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  return {
    clientCertificate: { thumbprintSha256, privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString() },
  };
}

/** When the application's certificate ends; undefined where a secret signs it in. */
export async function certificateEnds(
  { secrets }: Pick<SignInServices, 'secrets'>,
  { certificate }: Pick<SignInTarget, 'certificate'>,
): Promise<Date | undefined> {
  return certificate === undefined ? undefined : endOf(usable(await secrets(certificate)).certificate);
}

function endOf({ validTo }: X509Certificate): Date {
  return new Date(validTo);
}

function usable(pem: string): { readonly certificate: X509Certificate; readonly key: KeyObject } {
  try {
    const certificate = new X509Certificate(pem);
    const key = createPrivateKey(pem);
    if (!certificate.checkPrivateKey(key)) throw unusable('its private key belongs to another certificate');
    return { certificate, key };
  } catch (error) {
    if (isKnownError(error)) throw error;
    // Not as the cause: OpenSSL may quote what it could not read.
    throw unusable('it must hold a certificate and its private key without a passphrase, both as PEM');
  }
}

function unusable(why: string): ConfigurationError {
  return new ConfigurationError({
    code: 'APPLICATION_CERTIFICATE_REFUSED',
    message: `target.certificate cannot be used: ${why}.`,
  });
}

/** What GET /v2.0/.well-known/openid-configuration would say. */
function metadataOf(authority: string): string {
  return JSON.stringify({
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    issuer: `${authority}/v2.0`,
    jwks_uri: `${authority}/discovery/v2.0/keys`,
  });
}

interface Sent {
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

interface Received<T> {
  readonly headers: Record<string, string>;
  readonly body: T;
  readonly status: number;
}

/**
 * How msal reaches the authority: at the practice organisation's address where there is one (msal itself takes https
 * only), and with what went wrong kept, as msal's own errors do not say it.
 */
class Network {
  readonly #authority: string;
  readonly #signIn: string;
  readonly #clock: Clock;
  #trouble: Error | undefined;

  constructor({ authority, signIn }: { readonly authority: string; readonly signIn: string }, clock: Clock) {
    this.#authority = authority;
    this.#signIn = signIn;
    this.#clock = clock;
  }

  sendGetRequestAsync<T>(url: string, options?: Sent): Promise<Received<T>> {
    return this.#send('GET', url, options);
  }

  sendPostRequestAsync<T>(url: string, options?: Sent): Promise<Received<T>> {
    return this.#send('POST', url, options);
  }

  /** The reason for what msal threw. */
  explain(error: unknown, target: SignInTarget): unknown {
    return this.#trouble ?? refusedSignIn(error, { host: this.#host, target });
  }

  get #host(): string {
    return new URL(this.#signIn).host;
  }

  async #send<T>(method: string, url: string, { headers = {}, body }: Sent = {}): Promise<Received<T>> {
    // A refusal is asked for again by the next slice, and a token that nobody got is no loss: safe to repeat.
    const name = { method, path: '/', host: this.#host, isRepeatable: true };
    let response: Response;
    let text: string;
    try {
      response = await fetch(url.replace(this.#authority, this.#signIn), {
        method,
        headers,
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body }),
      });
      text = await response.text();
    } catch (error) {
      this.#trouble = connectionError(error, name);
      throw this.#trouble;
    }
    if (response.status === 429 || response.status >= 500) {
      this.#trouble = this.#busy(response);
      throw this.#trouble;
    }
    try {
      // msal leaves the shape of an answer to the caller, which is msal itself and checks it.
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: JSON.parse(text) as T,
      };
    } catch {
      const message = `${this.#host} (sign-in of the target) answered something else than JSON: is there a proxy between?`;
      this.#trouble = new TransientError({ code: 'SERVER_MISBEHAVES', message });
      throw this.#trouble;
    }
  }

  #busy({ status, headers }: Response): TransientError {
    const message = `${this.#host} (sign-in of the target) answered HTTP ${String(status)}.`;
    const retryAfterMs = retryAfterOf(headers, this.#clock.now());
    return new TransientError({
      code: status === 429 ? 'TARGET_THROTTLED' : 'TARGET_UNAVAILABLE',
      message,
      retryAfterMs,
    });
  }
}
