import { z } from 'zod';
import { SettingsEnvironment, StateTableEnvironment } from '../environment.ts';

export const Environment = z.object({
  ...SettingsEnvironment.shape,
  ...StateTableEnvironment.shape,
});
