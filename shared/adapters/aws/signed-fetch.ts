import { SFNClient } from '@aws-sdk/client-sfn';
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac } from 'node:crypto';

export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface SignedFetch {
  readonly region: string;
  /** Rejects with the network's error where no answer comes, and with the SDK's where there are no credentials. */
  readonly send: (service: 'execute-api' | 'cloudformation', request: SignedRequest) => Promise<Response>;
}

/**
 * Signs requests (Signature Version 4) with the credentials that every AWS tool finds on this machine: variables, profile,
 * single sign-on, container, instance. Region and credentials are what a client of the SDK resolves them to.
 */
export async function signedFetch(): Promise<SignedFetch> {
  const { credentials, region: findRegion } = new SFNClient({}).config;
  const region = await findRegion();
  return {
    region,
    send: async (service, { method, url, headers, body }) => {
      const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
      const signed = await signer.sign({
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: { ...headers, host: url.host },
        ...(body === undefined ? {} : { body }),
      });
      const sent = new Headers(signed.headers);
      // fetch writes the same one from the URL, and takes none from outside.
      sent.delete('host');
      return await fetch(url, { method, headers: sent, body: body ?? null, redirect: 'error' });
    },
  };
}

type Octets = string | ArrayBuffer | ArrayBufferView;
type Digest = ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

/** The digest as the signer wants it, over Node's. */
class Sha256 {
  readonly #secret: Buffer | undefined;
  #hash: Digest;

  constructor(secret?: Octets) {
    this.#secret = secret === undefined ? undefined : asBuffer(secret);
    this.#hash = this.#start();
  }

  update(octets: Octets): void {
    this.#hash.update(asBuffer(octets));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    this.#hash = this.#start();
  }

  #start(): Digest {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}

function asBuffer(octets: Octets): Buffer {
  if (typeof octets === 'string') return Buffer.from(octets);
  return ArrayBuffer.isView(octets)
    ? Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
    : Buffer.from(octets);
}
