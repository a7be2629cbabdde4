import type { MiddlewareObj } from '@middy/core';
import type { z } from 'zod';
import { InputError } from './input-error.ts';

/** Parses the event; what does not fit is a defect of the state machine, named by field and never by value. */
export function parseInput(schema: z.ZodType): MiddlewareObj {
  return {
    before: (request) => {
      const parsed = schema.safeParse(request.event);
      if (!parsed.success) {
        const fields = parsed.error.issues.map((issue) => issue.path.join('.') || '(all)');
        throw new InputError(`The input does not fit in: ${fields.join(', ')}`);
      }
      request.event = parsed.data;
    },
  };
}
