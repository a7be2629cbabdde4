import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { z } from 'zod';
import { CommandError, Problem } from '../../shared/contract/problem.ts';
import { routes } from '../../shared/contract/routes.ts';
import { TransientError } from '../../shared/domain/errors.ts';
import type { DirectoryOperations } from '../../shared/operations/directory-operations.ts';
import { onAws } from '../../shared/adapters/aws/aws-error.ts';
import { PackedAnswer, unpackedAnswer } from '../packed-answer.ts';

/** What the function answers: the operation's own answer, or why it was not done. */
const Answer = z.union([Problem, PackedAnswer]);

/**
 * Has a function of its own do what takes the directory of the source: it is where domain controllers are reached from, and
 * may read the endpoints' secrets; who asks it need have neither.
 */
export function remoteDirectory({
  client,
  functionName,
}: {
  readonly client: LambdaClient;
  /** Name or ARN. */
  readonly functionName: string;
}): DirectoryOperations {
  const ask = async (operation: keyof DirectoryOperations, request: object): Promise<unknown> => {
    const payload = Buffer.from(JSON.stringify({ operation, request }));
    const invoke = new InvokeCommand({ FunctionName: functionName, Payload: payload });
    const { FunctionError: failed, Payload: said } = await onAws('Lambda', () => client.send(invoke));
    // Its log says why; most likely the domain controller kept it waiting until its time was over.
    if (failed !== undefined)
      throw new TransientError({
        code: 'DIRECTORY_UNREACHABLE',
        message: 'The directory could not be asked in time: it may be unreachable from AWS. What was done stays done.',
      });
    const answered = Answer.parse(JSON.parse(Buffer.from(said ?? []).toString('utf8')));
    if ('error' in answered) throw new CommandError(answered.error);
    return unpackedAnswer(answered);
  };
  return {
    explainStart: async (request) => routes.explainStart.answer.parse(await ask('explainStart', request)),
    convertSources: async (request) => routes.convertSources.answer.parse(await ask('convertSources', request)),
  };
}
