import { z } from 'zod';
import { MailEnvironment, ObjectsEnvironment, SettingsEnvironment, StateTableEnvironment } from '../environment.ts';

export const Environment = z.object({
  ...MailEnvironment.shape,
  ...ObjectsEnvironment.shape,
  ...SettingsEnvironment.shape,
  ...StateTableEnvironment.shape,
});
