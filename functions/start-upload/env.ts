import { z } from 'zod';
import { MailEnvironment, SettingsEnvironment, StateTableEnvironment, WorkflowEnvironment } from '../environment.ts';

export const Environment = z.object({
  ...MailEnvironment.shape,
  ...SettingsEnvironment.shape,
  ...StateTableEnvironment.shape,
  ...WorkflowEnvironment.shape,
});
