import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ConfigurationError } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SecretReader } from '../../ports/sealer.ts';
import { asAwsError, isNamed } from './aws-error.ts';

const scheme = 'secretsmanager:';
/** The one prefix that the functions may read. */
const ours = `${scheme}stagecoach/`;

const notFound = ['AccessDeniedException', 'DecryptionFailure', 'InvalidRequestException', 'ResourceNotFoundException'];

/** A secret that was replaced is used after this time at the latest. */
const keptMs = 5 * 60_000;

export interface SecretsManagerReaderOptions {
  readonly client: SecretsManagerClient;
  readonly clock: Pick<Clock, 'now'>;
}

/** Opens `secretsmanager:stagecoach/NAME`; keeps secrets for a while, as every slice asks for them. */
export function secretsManagerReader({ client, clock }: SecretsManagerReaderOptions): SecretReader {
  const kept = new Map<string, { readonly secret: string; readonly until: number }>();
  return async (reference) => {
    const known = kept.get(reference);
    if (known !== undefined && known.until > clock.now()) return known.secret;
    const secret = await readSecret(client, reference);
    kept.set(reference, { secret, until: clock.now() + keptMs });
    return secret;
  };
}

async function readSecret(client: SecretsManagerClient, reference: string): Promise<string> {
  if (!reference.startsWith(ours)) {
    throw missing(`The secret ${reference} cannot be read on AWS: there a secret is ${ours}NAME.`);
  }
  try {
    const command = new GetSecretValueCommand({ SecretId: reference.slice(scheme.length) });
    const { SecretString: secret = '' } = await client.send(command);
    if (secret === '') throw missing(`The secret ${reference} holds no text.`);
    return secret;
  } catch (error) {
    if (!isNamed(error, ...notFound)) throw asAwsError(error, 'Secrets Manager');
    throw missing(`The secret ${reference} is not there, or may not be read.`, error);
  }
}

function missing(message: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError({ code: 'SECRET_NOT_FOUND', message, cause });
}
