import { z } from 'zod';
import { ObjectsEnvironment, SettingsEnvironment, StateTableEnvironment } from '../environment.ts';

export const Environment = z.object({
  ...ObjectsEnvironment.shape,
  ...SettingsEnvironment.shape,
  ...StateTableEnvironment.shape,
});
