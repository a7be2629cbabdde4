import { z } from 'zod';
import { StateTableEnvironment } from '../environment.ts';

export const Environment = z.object({
  ...StateTableEnvironment.shape,
});
