import { readFileSync } from 'node:fs';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { z } from 'zod';

/**
 * What a deployment decides. Read from the JSON file that the CDK context `deployment` names
 * (`cdk deploy --all -c deployment=deployment.json`); infra/deployment.example.json is what `npm run synth` uses.
 */
export const DeploymentConfig = z.strictObject({
  /** Prefix of stacks, roles and functions; two deployments in one account differ by it. At most 20 characters: role names have 64. */
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{1,18}[a-z0-9]$/, 'the name has 3 to 20 lower-case letters, digits and hyphens')
    .default('stagecoach'),
  /** 12 digits; without it (and `region`) the stacks go where the credentials point. */
  account: z
    .string()
    .regex(/^\d{12}$/)
    .optional(),
  region: z.string().optional(),
  mail: z.strictObject({
    /** Sender of the status mails: an address of `identity`. */
    from: z.email(),
    /** What SES verifies: a domain (three DKIM records) or one address (a mail with a link). */
    identity: z.string().min(3),
    /** Receives what no batch and no endpoint names a recipient for. */
    operator: z.email(),
  }),
  /** Receives the alarms; without it they are only shown in CloudWatch. */
  alarmAddress: z.email().optional(),
  /** Days that logs are kept; one of the values CloudWatch Logs knows. */
  logRetentionDays: z.enum(RetentionDays).default(RetentionDays.THREE_MONTHS),
  /** Days that what the children of a Map returned is kept; Step Functions shows executions for 90. */
  mapResultRetentionDays: z.int().min(1).default(90),
  /**
   * Puts the functions that talk to mail servers into a VPC of its own, behind one NAT gateway with a fixed address for
   * the servers' allow-lists. Costs a NAT gateway by the hour and by the gigabyte (docs/deploy.md).
   */
  network: z
    .strictObject({
      cidr: z.cidrv4().default('10.71.0.0/20'),
    })
    .optional(),
  /** Where alarms say the runbook is: a URL or path that the heading's anchor is added to. */
  runbook: z.string().default('docs/runbook.md'),
});
export type DeploymentConfig = z.output<typeof DeploymentConfig>;

export function readDeploymentConfig(file: string): DeploymentConfig {
  const parsed = DeploymentConfig.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Error(`${file} is not a deployment:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
