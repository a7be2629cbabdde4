import { describe, expect, it } from '@jest/globals';
import type { Context } from 'aws-lambda';
import { z } from 'zod';
import { readCause } from '../../../functions/middleware/reported-error.ts';
import { withinInvocation } from '../../../functions/middleware/invocation-work.ts';
import { log } from '../../../functions/middleware/logger.ts';
import { serviceHandler } from '../../../functions/middleware/service-handler.ts';
import { ConfigurationError, MailboxBlockedError, TransientError } from '../../../shared/domain/errors.ts';
import { captureLines } from '../support/captured-lines.ts';

const Input = z.object({ mailbox: z.string(), batch: z.string(), slice: z.int() });
const input = { mailbox: 'ann@contoso.test', batch: 'first', slice: 7 };
const secret = 'Tr0ub4dor&3';

function contextWith(remainingMs: number): Context {
  return {
    awsRequestId: 'request-1',
    functionName: 'stagecoach-copy-slice',
    functionVersion: '1',
    invokedFunctionArn: 'arn:aws:lambda:eu-central-1:111122223333:function:stagecoach-copy-slice',
    memoryLimitInMB: '1769',
    getRemainingTimeInMillis: () => remainingMs,
  } as Context;
}

async function errorOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown.');
}

const captured = captureLines();
const logged = () => captured.lines.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a function', () => {
  it('gives its use case the parsed input and what the invocation has left', async () => {
    const handler = serviceHandler(Input, (given, { remainingMs, signal }) =>
      Promise.resolve({ given, left: remainingMs(), aborted: signal.aborted }),
    );

    const result = await handler({ ...input, unknown: secret }, contextWith(60_000));

    expect(result).toEqual({ given: input, left: 60_000, aborted: false });
  });

  it('refuses an input that does not fit by the names of its fields, never by their values', async () => {
    const handler = serviceHandler(Input, () => Promise.resolve());

    const error = await errorOf(handler({ mailbox: 5, batch: 'first', slice: secret }, contextWith(60_000)));

    expect(error.name).toBe('UnexpectedError');
    expect(logged()).toEqual([expect.objectContaining({ reason: 'The input does not fit in: mailbox, slice' })]);
    expect(captured.lines.join()).not.toContain(secret);
  });

  it('puts batch, mailbox and slice into every line of its log, and nothing else of the event', async () => {
    const handler = serviceHandler(z.looseObject(Input.shape), () => {
      log.info('First sentence', { items: 3 });
      log.info('Second sentence');
      return Promise.resolve();
    });

    await handler({ ...input, note: secret }, contextWith(60_000));

    expect(logged()).toHaveLength(2);
    for (const line of logged()) expect(line).toMatchObject({ ...input, function_request_id: 'request-1' });
    expect(captured.lines.join()).not.toContain(secret);
  });

  it('takes the ids off again: the next invocation of the process is about another mailbox, or none', async () => {
    const handler = serviceHandler(z.unknown(), () => {
      log.info('A sentence');
      return Promise.resolve();
    });

    await handler(input, contextWith(60_000));
    await handler({ detail: {} }, contextWith(60_000));

    expect(logged()[0]).toMatchObject(input);
    expect(logged()[1]).not.toHaveProperty('mailbox');
    expect(logged()[1]).not.toHaveProperty('batch');
  });

  it.each([
    new TransientError({ code: 'SOURCE_SIGN_IN_FAILED', message: 'later' }),
    new ConfigurationError({ code: 'SOURCE_SIGN_IN_FAILED', message: 'a setting' }),
    new MailboxBlockedError({ code: 'TARGET_SIGN_IN_FAILED', message: 'a person' }),
  ])('hands $name on under its name, with its code, without its cause or its stack', async (thrown) => {
    Object.defineProperty(thrown, 'cause', { value: new Error(secret) });
    const handler = serviceHandler(Input, () => Promise.reject(thrown));

    const error = await errorOf(handler(input, contextWith(60_000)));

    expect({ name: error.name, message: error.message }).toEqual({
      name: thrown.name,
      message: `${thrown.code}: ${thrown.message}`,
    });
    expect(error.cause).toBeUndefined();
    expect(error.stack).not.toMatch(/\bat /);
    expect(logged()).toEqual([expect.objectContaining({ kind: thrown.name, code: thrown.code })]);
  });

  it('keeps the words of an unexpected error to itself: they may quote what a parser choked on', async () => {
    const handler = serviceHandler(Input, () => Promise.reject(new SyntaxError(`Unexpected token in ${secret}`)));

    const error = await errorOf(handler(input, contextWith(60_000)));

    expect(error.name).toBe('UnexpectedError');
    expect(`${error.message} ${String(error.stack)} ${captured.lines.join()}`).not.toContain(secret);
    expect(logged()).toEqual([expect.objectContaining({ kind: 'SyntaxError', frames: expect.any(Array) })]);
  });

  it('says what an AWS service said', async () => {
    const refused = Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException', $metadata: {} });
    const handler = serviceHandler(Input, () => Promise.reject(refused));

    await errorOf(handler(input, contextWith(60_000)));

    expect(logged()).toEqual([expect.objectContaining({ kind: 'ThrottlingException', reason: 'Rate exceeded' })]);
  });

  it('tells its use case before Lambda ends the invocation, and ends as a lost worker', async () => {
    let aborted = false;
    const handler = serviceHandler(
      Input,
      (_given, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            setTimeout(resolve, 50);
          });
        }),
    );

    const error = await errorOf(handler(input, contextWith(5_050)));

    expect(aborted).toBe(true);
    expect(error.name).toBe('WorkerTimedOut');
  });
});

describe('work that an invocation had no time for', () => {
  it('is not gone on with when the process is thawed for the next one', async () => {
    const written: string[] = [];
    const port = withinInvocation({ write: (what: string) => Promise.resolve(void written.push(what)) });
    const ended = Promise.withResolvers<string>();
    const thawed = Promise.withResolvers<undefined>();
    const handler = serviceHandler(Input, async ({ mailbox }) => {
      await port.write(mailbox);
      if (mailbox === 'next') return;
      await thawed.promise;
      try {
        await port.write('too late');
        ended.resolve('went on');
      } catch (error) {
        ended.resolve((error as Error).name);
      }
    });

    const error = await errorOf(handler(input, contextWith(5_020)));
    const next = handler({ ...input, mailbox: 'next' }, contextWith(60_000));
    thawed.resolve(undefined);
    await next;

    expect(error.name).toBe('WorkerTimedOut');
    await expect(ended.promise).resolves.toBe('LeftBehindError');
    expect(written).toEqual([input.mailbox, 'next']);
  });
});

describe('the cause of a caught error', () => {
  const fromLambda = (errorMessage: string) =>
    JSON.stringify({ errorType: 'ConfigurationError', errorMessage, trace: ['ConfigurationError: …'] });

  it('is taken apart into code and message again', () => {
    const read = readCause({
      Error: 'ConfigurationError',
      Cause: fromLambda('ENDPOINT_NOT_FOUND: There is: none.\nX'),
    });

    expect(read).toEqual({
      Error: 'ConfigurationError',
      Cause: JSON.stringify({ errorMessage: 'There is: none.\nX', code: 'ENDPOINT_NOT_FOUND' }),
    });
  });

  it.each([
    ['States.Timeout', ''],
    ['Lambda.Unknown', 'The cause could not be determined because Lambda did not return an error type.'],
    ['UnexpectedError', fromLambda('SyntaxError; the log of this invocation says more.')],
  ])('is left as it is where it is none of ours (%s)', (name, cause) => {
    expect(readCause({ Error: name, Cause: cause })).toEqual({ Error: name, Cause: cause });
  });
});
