import type { MiddlewareObj } from '@middy/core';
import { z } from 'zod';
import { powertools } from './logger.ts';

/** What an input may hold that says whose work it is. Nothing else of an event is ever logged. */
const Ids = z.object({
  batch: z.string().optional(),
  mailbox: z.string().optional(),
  run: z.int().optional(),
  slice: z.int().optional(),
});

/** Attaches request and ids to every line of the invocation, and takes them off again: the process serves others. */
export function logContext(): MiddlewareObj {
  return {
    before: ({ event, context }) => {
      powertools.addContext(context);
      powertools.resetKeys();
      const ids = Ids.safeParse(event);
      if (ids.success) powertools.appendKeys(ids.data);
    },
  };
}
