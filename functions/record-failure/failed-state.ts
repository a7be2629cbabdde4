import { z } from 'zod';
import { BatchPosition } from '../../shared/domain/workflow-steps.ts';
import { CaughtError } from '../middleware/reported-error.ts';

/**
 * What a state that failed was given, and its error; without one where a use case decided for `fail` itself. The first
 * state of an execution was given no position: it holds no run (0), and so has nothing to release.
 */
export const FailedState = z.object({
  batch: BatchPosition.shape.batch,
  pass: BatchPosition.shape.pass,
  run: BatchPosition.shape.run.default(0),
  next: BatchPosition.shape.next.default('fail'),
  reason: BatchPosition.shape.reason.default(''),
  mail: BatchPosition.shape.mail.default('finished'),
  error: CaughtError.optional(),
});
