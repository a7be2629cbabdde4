import { KMSClient } from '@aws-sdk/client-kms';
import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { KmsSealer } from '../../../shared/adapters/aws/kms-sealer.ts';
import { startJsonService } from './json-service.ts';
import type { JsonAnswer, JsonService } from './json-service.ts';

const unreadable = { name: 'ConfigurationError', code: 'SEALED_PASSWORD_UNREADABLE' };

let service: JsonService | undefined;
afterEach(async () => {
  await service?.close();
  service = undefined;
});

/** A key service that keeps to the one rule that matters here: a data key opens only in its encryption context. */
function keyService(): (operation: string, input: Record<string, unknown>) => JsonAnswer {
  const keys = new Map<string, { readonly plain: string; readonly context: unknown }>();
  return (operation, input) => {
    if (operation === 'GenerateDataKey') {
      const blob = randomBytes(48).toString('base64');
      const plain = randomBytes(32).toString('base64');
      keys.set(blob, { plain, context: input['EncryptionContext'] });
      return { body: { CiphertextBlob: blob, Plaintext: plain, KeyId: input['KeyId'] } };
    }
    const known = keys.get(String(input['CiphertextBlob']));
    const fits = known !== undefined && isDeepStrictEqual(known.context, input['EncryptionContext']);
    return fits ? { body: { Plaintext: known.plain, KeyId: input['KeyId'] } } : { error: 'InvalidCiphertextException' };
  };
}

async function open(answer = keyService()) {
  const started = await startJsonService(answer);
  service = started;
  const time = { now: 0 };
  const sealer = () =>
    new KmsSealer({
      client: new KMSClient({ ...started.clientOptions, maxAttempts: 2 }),
      keyId: 'key-1',
      clock: { now: () => time.now },
    });
  return { sealer, time, calls: started.calls };
}

describe('sealing with KMS', () => {
  it('opens what another function sealed, for its context alone', async () => {
    const { sealer } = await open();
    const sealed = await sealer().seal('Sömmer2026!', 'contoso/ann');

    expect(await sealer().open(sealed, 'contoso/ann')).toBe('Sömmer2026!');
    await expect(sealer().open(sealed, 'contoso/bob')).rejects.toMatchObject(unreadable);
    expect(sealed).not.toContain('mmer2026');
  });

  it('never lets KMS see the password, and names the context', async () => {
    const { sealer, calls } = await open();

    await sealer().open(await sealer().seal('Sommer2026!', 'contoso/ann'), 'contoso/ann');

    expect(JSON.stringify(calls)).not.toContain('Sommer');
    expect(calls.map(({ operation }) => operation)).toEqual(['GenerateDataKey', 'Decrypt']);
    for (const { input } of calls) {
      expect(input).toMatchObject({ KeyId: 'key-1', EncryptionContext: { stagecoach: 'contoso/ann' } });
    }
  });

  it('asks KMS once for the slices that follow each other, and again after a while', async () => {
    const { sealer, calls, time } = await open();
    const one = sealer();
    const sealed = await one.seal('pw', 'c');
    calls.length = 0;

    for (let slice = 0; slice < 4; slice += 1) await one.open(sealed, 'c');
    expect(calls).toHaveLength(1);
    await expect(one.open(sealed, 'other')).rejects.toMatchObject(unreadable);
    time.now += 5 * 60_000;
    await one.open(sealed, 'c');
    expect(
      calls.filter(({ input }) => isDeepStrictEqual(input['EncryptionContext'], { stagecoach: 'c' })),
    ).toHaveLength(2);
  });

  it('uses a data key of its own for each password', async () => {
    const { sealer, calls } = await open();
    const one = sealer();

    const sealed = [await one.seal('pw', 'c'), await one.seal('pw', 'c')];

    expect(sealed[0]!.split('.')[1]).not.toBe(sealed[1]!.split('.')[1]);
    expect(calls).toHaveLength(2);
  });

  it.each(['', 'kms1.a', 'local1.abc', 'kms1..', 'pw'])('does not open %j', async (sealed) => {
    const { sealer } = await open();

    await expect(sealer().open(sealed, 'c')).rejects.toMatchObject(unreadable);
  });

  it.each(['DisabledException', 'NotFoundException', 'KMSInvalidStateException'])(
    'says that the key cannot be used after %s',
    async (error) => {
      const { sealer } = await open(() => ({ error }));

      await expect(sealer().seal('pw', 'c')).rejects.toMatchObject(unreadable);
    },
  );

  it('comes again later when KMS is busy', async () => {
    const { sealer } = await open(() => ({ error: 'ThrottlingException' }));

    await expect(sealer().seal('pw', 'c')).rejects.toMatchObject({ name: 'TransientError' });
  });
});
