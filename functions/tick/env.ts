import { z } from 'zod';
import {
  MailEnvironment,
  ObjectsEnvironment,
  SettingsEnvironment,
  StateTableEnvironment,
  WorkflowEnvironment,
} from '../environment.ts';

export const Environment = z.object({
  ...MailEnvironment.shape,
  ...ObjectsEnvironment.shape,
  ...SettingsEnvironment.shape,
  ...StateTableEnvironment.shape,
  ...WorkflowEnvironment.shape,
});
