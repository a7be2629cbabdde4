import { z } from 'zod';
import { StateTableEnvironment, WorkflowEnvironment } from '../environment.ts';

export const Environment = z.object({
  ...StateTableEnvironment.shape,
  ...WorkflowEnvironment.shape,
});
