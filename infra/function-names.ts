import { taskFunctions } from './constructs/migrate-batch-states.ts';

/** Every function of the service, by its folder under functions/. */
export const functionNames = [
  ...taskFunctions,
  'api',
  'probe-endpoint',
  'reach-directory',
  'record-mail-event',
  'start-upload',
  'tick',
] as const;
export type FunctionName = (typeof functionNames)[number];
