import { z } from 'zod';
import { SealingEnvironment, StateTableEnvironment } from '../environment.ts';

export const Environment = z.object({
  ...SealingEnvironment.shape,
  ...StateTableEnvironment.shape,
});
