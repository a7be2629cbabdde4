import { z } from 'zod';
import { SealingEnvironment, SettingsEnvironment, StateTableEnvironment } from '../environment.ts';

export const Environment = z.object({
  ...SealingEnvironment.shape,
  ...SettingsEnvironment.shape,
  ...StateTableEnvironment.shape,
});
