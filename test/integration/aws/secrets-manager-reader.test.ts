import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, describe, expect, it } from '@jest/globals';
import { secretsManagerReader } from '../../../shared/adapters/aws/secrets-manager-reader.ts';
import { startJsonService } from './json-service.ts';
import type { JsonAnswer, JsonService } from './json-service.ts';

let service: JsonService | undefined;
afterEach(async () => {
  await service?.close();
});

async function open(answer: (operation: string, input: Record<string, unknown>) => JsonAnswer) {
  service = await startJsonService(answer);
  const time = { now: 0 };
  const client = new SecretsManagerClient({ ...service.clientOptions, maxAttempts: 1 });
  return { secrets: secretsManagerReader({ client, clock: { now: () => time.now } }), time, calls: service.calls };
}

describe('secrets in Secrets Manager', () => {
  it('opens a secret under stagecoach/ and keeps it for a while', async () => {
    const { secrets, time, calls } = await open((_, { SecretId }) => ({
      body: { SecretString: `pw of ${String(SecretId)}` },
    }));

    expect(await secrets('secretsmanager:stagecoach/admin')).toBe('pw of stagecoach/admin');
    await secrets('secretsmanager:stagecoach/admin');
    expect(calls).toHaveLength(1);
    expect(await secrets('secretsmanager:stagecoach/other')).toBe('pw of stagecoach/other');
    time.now = 5 * 60_000;
    await secrets('secretsmanager:stagecoach/admin');
    expect(calls).toHaveLength(3);
  });

  it.each<JsonAnswer>([
    { error: 'ResourceNotFoundException' },
    { error: 'AccessDeniedException' },
    { error: 'DecryptionFailure' },
    { body: {} },
  ])('names the reference after %j', async (answer) => {
    const { secrets } = await open(() => answer);

    await expect(secrets('secretsmanager:stagecoach/admin')).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'SECRET_NOT_FOUND',
      message: expect.stringContaining('secretsmanager:stagecoach/admin'),
    });
  });

  it.each(['env:PW', 'file:/etc/passwd', 'secretsmanager:other/admin'])('asks nobody for %s', async (reference) => {
    const { secrets, calls } = await open(() => ({ body: { SecretString: 'pw' } }));

    await expect(secrets(reference)).rejects.toMatchObject({ code: 'SECRET_NOT_FOUND' });
    expect(calls).toHaveLength(0);
  });

  it('comes again later when the service is busy', async () => {
    const { secrets } = await open(() => ({ error: 'InternalServiceError', status: 500 }));

    await expect(secrets('secretsmanager:stagecoach/admin')).rejects.toMatchObject({ name: 'TransientError' });
  });
});
