import type { z } from 'zod';
import { problemOf } from '../../shared/contract/router.ts';
import { directoryOperations } from '../../shared/operations/directory-operations.ts';
import { asProblem } from '../api/as-problem.ts';
import { batchStore, bothDirectories, clock, objectStore } from '../container.ts';
import { log } from '../middleware/logger.ts';
import { parseEnvironment } from '../middleware/parse-environment.ts';
import { serviceHandler } from '../middleware/service-handler.ts';
import { packedAnswer } from '../packed-answer.ts';
import { DirectoryRequest } from './directory-request.ts';
import { Environment } from './env.ts';

const env = parseEnvironment(Environment);
const { sourceDirectory } = bothDirectories();

/** Of the 24 s that the function has: the mailbox that is begun last is brought to its end. */
const budgetMs = 12_000;

const operations = directoryOperations({
  services: { store: batchStore(env), objects: objectStore(env), sourceDirectory, clock, log },
  budgetMs,
});

export const handler = serviceHandler(DirectoryRequest, async (asked): Promise<unknown> => {
  try {
    return packedAnswer(await answerOf(asked));
  } catch (error) {
    return problemOf(asProblem(error));
  }
});

function answerOf(asked: z.output<typeof DirectoryRequest>): Promise<unknown> {
  switch (asked.operation) {
    case 'explainStart':
      return operations.explainStart(asked.request);
    case 'convertSources':
      return operations.convertSources(asked.request);
  }
}
