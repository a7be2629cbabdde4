import { z } from 'zod';
import { ObjectsEnvironment, SealingEnvironment, StateTableEnvironment } from '../environment.ts';

export const Environment = z.object({
  ...ObjectsEnvironment.shape,
  ...SealingEnvironment.shape,
  ...StateTableEnvironment.shape,
});
