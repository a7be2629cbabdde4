import { GetAccountSettingsCommand } from '@aws-sdk/client-lambda';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { GetAccountSendingEnabledCommand, GetSendQuotaCommand } from '@aws-sdk/client-ses';
import type { SESClient } from '@aws-sdk/client-ses';
import type { DeploymentCheck, DeploymentProbe } from '../../ports/deployment-probe.ts';

export interface AwsDeploymentProbeOptions {
  readonly ses: SESClient;
  readonly lambda: LambdaClient;
}

/**
 * In the sandbox SES sends 200 mails a day, to verified addresses only (SES guide, "Request production access"). Its first
 * API does not name the sandbox; nobody outside of it has so small a quota.
 */
const sandboxQuota = 200;

/** Starter, tick, API and the states between the rounds: what the service needs beside its workers. */
const othersAtOnce = 10;

/** Asks SES whether status mails will arrive, and Lambda whether the workers will find room. */
export function awsDeploymentProbe({ ses, lambda }: AwsDeploymentProbeOptions): DeploymentProbe {
  return {
    probe: ({ workers }) =>
      Promise.all([
        checked('mail-sending', 'Amazon SES', () => mailSending(ses)),
        checked('workers', 'AWS Lambda', () => workerRoom(lambda, workers)),
      ]),
  };
}

type Finding = Omit<DeploymentCheck, 'check'>;

async function checked(
  check: DeploymentCheck['check'],
  service: string,
  look: () => Promise<Finding>,
): Promise<DeploymentCheck> {
  try {
    return { check, ...(await look()) };
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    const evidence = `${service} could not be asked (${name}).`;
    return {
      check,
      result: 'cannot-check',
      code: null,
      evidence,
      fix: 'Deploy this version: it brings the permission.',
    };
  }
}

/** A mail that does not arrive is a pity and stops no batch: reports and screens say the same. */
async function mailSending(ses: SESClient): Promise<Finding> {
  const { Enabled: enabled = false } = await ses.send(new GetAccountSendingEnabledCommand({}));
  if (!enabled)
    return mailWarning(
      'Amazon SES has paused this account: no status mail will be sent.',
      'Look at the reputation page of SES and at its mails to the account’s owner.',
    );
  const { Max24HourSend: quota = 0, SentLast24Hours: sent = 0 } = await ses.send(new GetSendQuotaCommand({}));
  if (quota === sandboxQuota)
    return mailWarning(
      'Amazon SES keeps this account in its sandbox (200 mails a day): status mails reach verified addresses only.',
      'Request production access for SES in this region, or verify every recipient (docs/deploy.md, "Before").',
    );
  // -1 means no limit.
  if (quota >= 0 && sent >= quota)
    return mailWarning(
      `Amazon SES has sent ${String(sent)} of this account’s ${String(quota)} mails in 24 hours: the next are refused.`,
      'Wait, or have the sending quota raised in Service Quotas.',
    );
  const limit = quota < 0 ? 'without a daily limit' : `${String(quota)} mails in 24 hours`;
  return { result: 'pass', code: null, evidence: `Amazon SES sends for this account, ${limit}.`, fix: '' };
}

function mailWarning(evidence: string, fix: string): Finding {
  return { result: 'warn', code: null, evidence, fix };
}

/**
 * Fewer than the workers is a failure and not only slow: who is refused for ten minutes counts as lost, and a mailbox
 * that is lost three times has failed.
 */
async function workerRoom(lambda: LambdaClient, workers: number): Promise<Finding> {
  const { AccountLimit: limit } = await lambda.send(new GetAccountSettingsCommand({}));
  const free = limit?.UnreservedConcurrentExecutions ?? 0;
  const total = limit?.ConcurrentExecutions ?? 0;
  const evidence =
    `AWS Lambda runs at most ${String(free)} functions at once that have no reservation of their own ` +
    `(${String(total)} in all); the batch opens ${String(workers)} mailboxes at once.`;
  if (free >= workers + othersAtOnce) return { result: 'pass', code: null, evidence, fix: '' };
  const wanted = String(workers + othersAtOnce);
  const fix = `Raise the quota "Concurrent executions" of AWS Lambda to ${wanted} or more, or lower maxConcurrentMigrations of the endpoint.`;
  return free >= workers
    ? { result: 'warn', code: null, evidence, fix }
    : { result: 'fail', code: 'WORKERS_LIMITED', evidence, fix };
}
