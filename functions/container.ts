import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient } from '@aws-sdk/client-ses';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { z } from 'zod';
import { awsDeploymentProbe } from '../shared/adapters/aws/aws-deployment-probe.ts';
import { DynamoStateTable } from '../shared/adapters/aws/dynamo-state-table.ts';
import { KmsSealer } from '../shared/adapters/aws/kms-sealer.ts';
import { lambdaEndpointProbe } from '../shared/adapters/aws/lambda-endpoint-probe.ts';
import { S3ObjectStore } from '../shared/adapters/aws/s3-object-store.ts';
import { secretsManagerReader } from '../shared/adapters/aws/secrets-manager-reader.ts';
import { SesMailer } from '../shared/adapters/aws/ses-mailer.ts';
import { SfnWorkflow } from '../shared/adapters/aws/sfn-workflow.ts';
import { systemClock } from '../shared/adapters/local/system-clock.ts';
import { directories } from '../shared/adapters/directories.ts';
import { endpointProbe, mailSource, mailTarget } from '../shared/adapters/mail-servers.ts';
import { TableBatchStore } from '../shared/adapters/store/table-batch-store.ts';
import type { DeploymentProbe } from '../shared/ports/deployment-probe.ts';
import type { DeploymentSettings, Services } from '../shared/application/services.ts';
import { clientSettings, patientSettings } from './client-settings.ts';
import { withinInvocation } from './middleware/invocation-work.ts';
import type {
  MailEnvironment,
  ObjectsEnvironment,
  ProbeEnvironment,
  SealingEnvironment,
  SettingsEnvironment,
  StateTableEnvironment,
  WorkflowEnvironment,
} from './environment.ts';

/*
 * The composition root of the functions: each takes the parts that its use case needs, built from the variables that
 * part needs, and the bundle of a function holds no more than that.
 */

export const clock = systemClock;

export function batchStore(env: z.output<typeof StateTableEnvironment>): Services['store'] {
  const client = new DynamoDBClient(clientSettings);
  return withinInvocation(
    new TableBatchStore({
      state: new DynamoStateTable({ client, table: env.STATE_TABLE }),
      passwords: new DynamoStateTable({ client, table: env.PASSWORD_TABLE }),
    }),
  );
}

export function objectStore(env: z.output<typeof ObjectsEnvironment>): Services['objects'] {
  return withinInvocation(
    new S3ObjectStore({
      client: new S3Client(clientSettings),
      dataBucket: env.DATA_BUCKET,
      incomingBucket: env.INCOMING_BUCKET,
    }),
  );
}

export function sealer(env: z.output<typeof SealingEnvironment>): Services['sealer'] {
  return new KmsSealer({ client: new KMSClient(clientSettings), keyId: env.SEALING_KEY, clock });
}

export function workflow(env: z.output<typeof WorkflowEnvironment>): Services['workflow'] {
  return withinInvocation(
    new SfnWorkflow({ client: new SFNClient(clientSettings), stateMachineArn: env.STATE_MACHINE }),
  );
}

export function mailer(env: z.output<typeof MailEnvironment>): Services['mailer'] {
  return withinInvocation(
    new SesMailer({
      // A mail whose answer was only late would be sent twice.
      client: new SESClient(patientSettings(60_000)),
      from: env.MAIL_FROM,
      configurationSet: env.MAIL_CONFIGURATION_SET,
    }),
  );
}

function signingIn(): Pick<Services, 'secrets' | 'clock'> {
  return { secrets: secretsManagerReader({ client: new SecretsManagerClient(clientSettings), clock }), clock };
}

/** Both sides of an endpoint, for who copies. Some sources keep what they know of a mailbox among the objects. */
export function mailServers(objects: Services['objects']): Pick<Services, 'mailSource' | 'mailTarget'> {
  const services = { ...signingIn(), objects };
  return {
    mailSource: (endpoint) => mailSource(endpoint, services),
    mailTarget: (endpoint) => mailTarget(endpoint, services),
  };
}

/** The directories of both sides of a staged endpoint, for the functions that prepare. */
export function bothDirectories(): Pick<Services, 'sourceDirectory' | 'targetDirectory' | 'outOfOfficeSource'> {
  return directories(signingIn());
}

/** Looks at both sides of an endpoint, for the functions that have the network and the secrets for it. */
export function serverProbe(): Services['endpointProbe'] {
  return endpointProbe(signingIn());
}

/** The same probe, asked of the function that has the network and the secrets for it. */
export function probe(env: z.output<typeof ProbeEnvironment>): Services['endpointProbe'] {
  return lambdaEndpointProbe({ client: otherFunctions(), functionName: env.PROBE_FUNCTION });
}

/** For a function that does for another one what that may not do itself: once, within what API Gateway waits. */
export function otherFunctions(): LambdaClient {
  return new LambdaClient({ ...patientSettings(25_000), maxAttempts: 1 });
}

/** Asks for what the account itself must have. */
export function deploymentProbe(): DeploymentProbe {
  return awsDeploymentProbe({ ses: new SESClient(clientSettings), lambda: new LambdaClient(clientSettings) });
}

export function settings(env: z.output<typeof SettingsEnvironment>): DeploymentSettings {
  return {
    operator: env.OPERATOR,
    bucket: env.DATA_BUCKET,
    consoleUrl: env.CONSOLE_URL,
    // Waits double from 15 s to 5 min: a wait costs two state transitions, and nothing while it lasts.
    firstWaitSeconds: 15,
    longestWaitSeconds: 300,
    // Lambda's longest invocation is 15 min. A slice that ends a minute before leaves room for its last page, for what is
    // in flight to be answered, and for a retried write.
    sliceBudgetMs: 14 * 60_000,
    settleLookMs: 5_000,
    leaseMs: 90_000,
    renewMs: 30_000,
  };
}
