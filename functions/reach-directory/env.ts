import { z } from 'zod';
import { ObjectsEnvironment, StateTableEnvironment } from '../environment.ts';

export const Environment = z.object({
  ...ObjectsEnvironment.shape,
  ...StateTableEnvironment.shape,
});
