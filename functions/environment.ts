import { z } from 'zod';

/**
 * The environment variables of the functions, in the pieces that an adapter needs. Each function's env.ts puts its own
 * together; the function parses it at cold start, and the infrastructure is typed by it, so that a variable that nobody
 * sets does not compile.
 */
export const StateTableEnvironment = z.object({ STATE_TABLE: z.string().min(1), PASSWORD_TABLE: z.string().min(1) });

export const ObjectsEnvironment = z.object({ DATA_BUCKET: z.string().min(1), INCOMING_BUCKET: z.string().min(1) });

export const SealingEnvironment = z.object({ SEALING_KEY: z.string().min(1) });

/** Function that looks at mail servers for those that may not reach them. */
export const ProbeEnvironment = z.object({ PROBE_FUNCTION: z.string().min(1) });

/** Function that asks the directory of the source for those that may not reach it. */
export const DirectoryEnvironment = z.object({ DIRECTORY_FUNCTION: z.string().min(1) });

export const WorkflowEnvironment = z.object({ STATE_MACHINE: z.string().min(1) });

export const MailEnvironment = z.object({ MAIL_FROM: z.email(), MAIL_CONFIGURATION_SET: z.string().min(1) });

export const SettingsEnvironment = z.object({
  DATA_BUCKET: z.string().min(1),
  OPERATOR: z.email(),
  /** Console page of an object of the data bucket, up to its key. */
  CONSOLE_URL: z.url(),
});
