import { z } from 'zod';
import {
  ObjectsEnvironment,
  ProbeEnvironment,
  SettingsEnvironment,
  StateTableEnvironment,
  WorkflowEnvironment,
} from '../environment.ts';

export const Environment = z.object({
  ...ObjectsEnvironment.shape,
  ...ProbeEnvironment.shape,
  ...SettingsEnvironment.shape,
  ...StateTableEnvironment.shape,
  ...WorkflowEnvironment.shape,
});
