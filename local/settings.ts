import { z } from 'zod';
import { CommandError } from '../shared/contract/problem.ts';
import type { DeploymentSettings } from '../shared/application/services.ts';

/** Settings of the embedded service, all of them optional (docs/embedded.md). */
const Environment = z.object({
  STAGECOACH_OPERATOR: z.email().optional(),
  /** smtp:// or smtps://; without it mails are written to DIR/mail/. */
  STAGECOACH_SMTP: z.url({ protocol: /^smtps?$/ }).optional(),
  STAGECOACH_MAIL_FROM: z.string().min(3).optional(),
  /** `env:NAME` or `file:PATH`; without it a key file of the user is made. */
  STAGECOACH_KEY: z
    .string()
    .regex(/^(env|file):.+/, 'env:NAME or file:PATH')
    .optional(),
  STAGECOACH_FIRST_WAIT_SECONDS: z.coerce.number().int().min(1).max(300).default(1),
  STAGECOACH_LONGEST_WAIT_SECONDS: z.coerce.number().int().min(1).max(300).default(60),
  STAGECOACH_SETTLE_LOOK_MS: z.coerce.number().int().min(10).max(60_000).default(5_000),
});

export interface EmbeddedSettings {
  readonly deployment: Omit<DeploymentSettings, 'bucket'>;
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string | undefined;
  readonly key: string | undefined;
}

/** A slice opens both mailboxes anew: half an hour makes that cost nothing, and shares slots among more mailboxes than N. */
const sliceBudgetMs = 30 * 60_000;

export function readSettings(environment: NodeJS.ProcessEnv): EmbeddedSettings {
  const given = Object.entries(environment).filter(([name, value]) => name.startsWith('STAGECOACH_') && value !== '');
  const parsed = Environment.safeParse(Object.fromEntries(given));
  if (!parsed.success) {
    // Names and rules only: the value may be a key or hold an SMTP password.
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw CommandError.usage(`A setting of the environment is wrong. ${problems.join('; ')}`);
  }
  const settings = parsed.data;
  return {
    deployment: {
      operator: settings.STAGECOACH_OPERATOR ?? null,
      firstWaitSeconds: settings.STAGECOACH_FIRST_WAIT_SECONDS,
      longestWaitSeconds: settings.STAGECOACH_LONGEST_WAIT_SECONDS,
      sliceBudgetMs,
      settleLookMs: settings.STAGECOACH_SETTLE_LOOK_MS,
      leaseMs: 90_000,
      renewMs: 30_000,
      consoleUrl: null,
    },
    smtpUrl: settings.STAGECOACH_SMTP,
    mailFrom: settings.STAGECOACH_MAIL_FROM,
    key: settings.STAGECOACH_KEY,
  };
}
