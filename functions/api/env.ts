import { z } from 'zod';
import {
  DirectoryEnvironment,
  ObjectsEnvironment,
  ProbeEnvironment,
  SettingsEnvironment,
  StateTableEnvironment,
  WorkflowEnvironment,
} from '../environment.ts';

export const Environment = z.object({
  ...DirectoryEnvironment.shape,
  ...ObjectsEnvironment.shape,
  ...ProbeEnvironment.shape,
  ...SettingsEnvironment.shape,
  ...StateTableEnvironment.shape,
  ...WorkflowEnvironment.shape,
});
