import { z } from 'zod';
import { ObjectsEnvironment, SealingEnvironment, SettingsEnvironment, StateTableEnvironment } from '../environment.ts';

export const Environment = z.object({
  ...ObjectsEnvironment.shape,
  ...SealingEnvironment.shape,
  ...SettingsEnvironment.shape,
  ...StateTableEnvironment.shape,
});
