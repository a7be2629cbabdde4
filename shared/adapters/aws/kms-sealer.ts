import { DecryptCommand, GenerateDataKeyCommand } from '@aws-sdk/client-kms';
import type { KMSClient } from '@aws-sdk/client-kms';
import { ConfigurationError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Sealer } from '../../ports/sealer.ts';
import { openWithKey, sealWithKey, unreadable } from '../store/aes-sealing.ts';
import { asAwsError, isNamed } from './aws-error.ts';

const service = 'KMS';
const form = 'kms1';
/** Name of the encryption context's one entry; the key's policy asks for it, and CloudTrail shows what it held. */
const contextName = 'stagecoach';

/** The key is gone, disabled, another, or was used with another context. */
const unusable = [
  'DisabledException',
  'IncorrectKeyException',
  'InvalidCiphertextException',
  'KMSInvalidStateException',
  'NotFoundException',
];

/** The slices of a mailbox follow each other: while a function stays warm, one call to KMS serves several. */
const keptMs = 5 * 60_000;
const keptKeys = 500;

export interface KmsSealerOptions {
  readonly client: KMSClient;
  /** Id or ARN of the sealing key. */
  readonly keyId: string;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Seals every password under a data key of its own, which KMS made and encrypted for this context alone: who reads the
 * table needs KMS for each of them, and each opening is in CloudTrail with the job's context. (A data key for many
 * passwords would spare calls, 3 US cents for 10,000, and give both up.)
 */
export class KmsSealer implements Sealer {
  readonly #client: KMSClient;
  readonly #keyId: string;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #kept = new Map<string, { readonly key: Uint8Array; readonly until: number }>();

  constructor({ client, keyId, clock }: KmsSealerOptions) {
    this.#client = client;
    this.#keyId = keyId;
    this.#clock = clock;
  }

  async seal(plain: string, context: string): Promise<string> {
    const command = new GenerateDataKeyCommand({
      KeyId: this.#keyId,
      KeySpec: 'AES_256',
      EncryptionContext: { [contextName]: context },
    });
    const { Plaintext: key, CiphertextBlob: encryptedKey } = await this.#send(() => this.#client.send(command));
    if (key === undefined || encryptedKey === undefined) throw new TypeError('KMS answered without a data key.');
    const sealed = sealWithKey({ key, plain, context });
    key.fill(0);
    return [form, Buffer.from(encryptedKey).toString('base64url'), sealed].join('.');
  }

  async open(sealed: string, context: string): Promise<string> {
    const [prefix, encryptedKey, text] = sealed.split('.');
    if (prefix !== form || encryptedKey === undefined || text === undefined) throw unreadable();
    const key = await this.#dataKey(encryptedKey, context);
    return openWithKey({ key, sealed: text, context });
  }

  async #dataKey(encryptedKey: string, context: string): Promise<Uint8Array> {
    const name = JSON.stringify([encryptedKey, context]);
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.until > this.#clock.now()) return kept.key;
    const command = new DecryptCommand({
      KeyId: this.#keyId,
      CiphertextBlob: Buffer.from(encryptedKey, 'base64url'),
      EncryptionContext: { [contextName]: context },
    });
    const { Plaintext: key } = await this.#send(() => this.#client.send(command));
    if (key === undefined) throw new TypeError('KMS answered without a data key.');
    this.#keep(name, key);
    return key;
  }

  /** A Map keeps the order of insertion: the first one is the oldest. */
  #keep(name: string, key: Uint8Array): void {
    this.#kept.delete(name);
    this.#kept.set(name, { key, until: this.#clock.now() + keptMs });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > keptKeys && oldest !== undefined) this.#kept.delete(oldest);
  }

  async #send<Result>(send: () => Promise<Result>): Promise<Result> {
    try {
      return await send();
    } catch (error) {
      throw isNamed(error, ...unusable) ? this.#unusable(error) : asAwsError(error, service);
    }
  }

  #unusable(cause: unknown): ConfigurationError {
    return new ConfigurationError({
      code: 'SEALED_PASSWORD_UNREADABLE',
      message: `The sealing key ${this.#keyId} cannot be used, or is not the one that sealed this password.`,
      cause,
    });
  }
}
