import { Duration, Stack } from 'aws-cdk-lib';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { z } from 'zod';
import { Environment as Api } from '../../functions/api/env.ts';
import { Environment as CheckPrerequisites } from '../../functions/check-prerequisites/env.ts';
import { Environment as CopySlice } from '../../functions/copy-slice/env.ts';
import { Environment as ForwardMail } from '../../functions/forward-mail/env.ts';
import { Environment as FindWhereTheBatchStands } from '../../functions/find-where-the-batch-stands/env.ts';
import { Environment as ImportBatchFile } from '../../functions/import-batch-file/env.ts';
import { Environment as PlanRound } from '../../functions/plan-round/env.ts';
import { Environment as PrepareRound } from '../../functions/prepare-round/env.ts';
import { Environment as ProbeEndpoint } from '../../functions/probe-endpoint/env.ts';
import { Environment as ProvisionMailbox } from '../../functions/provision-mailbox/env.ts';
import { Environment as PutBackForwarding } from '../../functions/put-back-forwarding/env.ts';
import { Environment as ReachDirectory } from '../../functions/reach-directory/env.ts';
import { Environment as RecordFailure } from '../../functions/record-failure/env.ts';
import { Environment as RecordMailEvent } from '../../functions/record-mail-event/env.ts';
import { Environment as RemoveBatch } from '../../functions/remove-batch/env.ts';
import { Environment as RestBatch } from '../../functions/rest-batch/env.ts';
import { Environment as ReviewRound } from '../../functions/review-round/env.ts';
import { Environment as SendMail } from '../../functions/send-mail/env.ts';
import { Environment as SettleBatch } from '../../functions/settle-batch/env.ts';
import { Environment as StartUpload } from '../../functions/start-upload/env.ts';
import { Environment as Tick } from '../../functions/tick/env.ts';
import { Environment as WriteReports } from '../../functions/write-reports/env.ts';
import type { FunctionName } from '../function-names.ts';
import type { DataBucket, IncomingBucket } from './buckets.ts';
import type { SealingKey } from './encryption-keys.ts';
import { EndpointSecrets } from './endpoint-secrets.ts';
import type { MailNetwork } from './mail-network.ts';
import { ServiceFunction } from './service-function.ts';
import type { ServiceFunctionProps } from './service-function.ts';
import type { PasswordTable, StateTable } from './state-table.ts';
import type { StatusMail } from './status-mail.ts';

export interface BatchFunctionsProps {
  readonly deployment: string;
  /** Bundle of a function. */
  readonly code: (name: FunctionName) => Code;
  readonly logRetention: RetentionDays;
  readonly state: StateTable;
  readonly passwords: PasswordTable;
  readonly sealingKey: SealingKey;
  readonly incoming: IncomingBucket;
  readonly data: DataBucket;
  readonly mail: StatusMail;
  /** Receives what no batch and no endpoint names a recipient for. */
  readonly operator: string;
  /** ARN of migrate-batch, which is made of these functions: known by its name. */
  readonly stateMachineArn: string;
  /** @default - outside of any VPC */
  readonly network?: MailNetwork | undefined;
}

/** Lambda's longest, since a slice's fixed cost (sign-in, folder list) is paid once each. */
const longest = Duration.minutes(15);

/** Every function of the service and what each may do; who starts executions is said where the machine is made. */
export class BatchFunctions extends Construct {
  readonly byName: Readonly<Record<FunctionName, ServiceFunction>>;
  readonly #props: BatchFunctionsProps;

  constructor(scope: Construct, id: string, props: BatchFunctionsProps) {
    super(scope, id);
    this.#props = props;
    const { state, passwords, sealingKey, incoming, data, mail } = props;
    const secrets = new EndpointSecrets(this, 'EndpointSecrets');

    const tables = { STATE_TABLE: state.table.tableName, PASSWORD_TABLE: passwords.table.tableName };
    const objects = { DATA_BUCKET: data.bucket.bucketName, INCOMING_BUCKET: incoming.bucket.bucketName };
    const sealing = { SEALING_KEY: sealingKey.key.keyArn };
    const workflow = { STATE_MACHINE: props.stateMachineArn };
    const sender = { MAIL_FROM: mail.from, MAIL_CONFIGURATION_SET: mail.configurationSetName };
    const settings = {
      DATA_BUCKET: data.bucket.bucketName,
      OPERATOR: props.operator,
      CONSOLE_URL: consoleUrl(Stack.of(this).region, data.bucket.bucketName),
    };

    const startUpload = this.#function('start-upload', StartUpload, {
      environment: { ...tables, ...workflow, ...sender, ...settings },
    });
    const find = this.#function('find-where-the-batch-stands', FindWhereTheBatchStands, {
      environment: { ...tables, ...workflow },
    });
    const read = this.#function('import-batch-file', ImportBatchFile, {
      environment: { ...tables, ...objects, ...sealing },
      timeout: longest,
      memorySize: 1024,
    });
    const check = this.#function('check-prerequisites', CheckPrerequisites, {
      environment: { ...tables, ...sealing },
      timeout: Duration.minutes(5),
      network: props.network,
    });
    const prepare = this.#function('prepare-round', PrepareRound, {
      environment: { ...tables, ...objects, ...settings },
      timeout: longest,
      // As the planner: it walks the jobs of a round, up to 50,000.
      memorySize: 1024,
      network: props.network,
    });
    const provision = this.#function('provision-mailbox', ProvisionMailbox, {
      environment: { ...tables, ...settings },
      timeout: Duration.minutes(3),
      network: props.network,
    });
    const forward = this.#function('forward-mail', ForwardMail, {
      environment: { ...tables, ...sealing, ...settings },
      timeout: Duration.minutes(3),
      network: props.network,
    });
    const putBack = this.#function('put-back-forwarding', PutBackForwarding, {
      environment: { ...tables },
      timeout: longest,
      network: props.network,
    });
    const plan = this.#function('plan-round', PlanRound, {
      environment: { ...tables, ...objects, ...settings },
      // It does what a verb had no time for.
      timeout: longest,
      memorySize: 1024,
    });
    const copy = this.#function('copy-slice', CopySlice, {
      environment: { ...tables, ...objects, ...sealing, ...settings },
      timeout: longest,
      // A full vCPU: TLS on both sides and a digest of every octet. Less memory makes a slice slower, not cheaper.
      memorySize: 1769,
      network: props.network,
    });
    const review = this.#function('review-round', ReviewRound, {
      environment: { ...tables, ...objects },
      timeout: Duration.minutes(5),
      // As the planner: it, too, holds the jobs of a round, up to 50,000.
      memorySize: 1024,
    });
    const settle = this.#function('settle-batch', SettleBatch, {
      environment: { ...tables },
      // It ends up to 50,000 mailboxes with some seven writes each, which a full vCPU does in about six minutes. Less
      // memory makes that slower, not cheaper.
      timeout: longest,
      memorySize: 1769,
    });
    const remove = this.#function('remove-batch', RemoveBatch, {
      environment: { ...tables, ...objects },
      timeout: longest,
      memorySize: 1769,
    });
    const report = this.#function('write-reports', WriteReports, {
      environment: { ...tables, ...objects },
      timeout: longest,
      memorySize: 1024,
    });
    const sendMail = this.#function('send-mail', SendMail, {
      environment: { ...tables, ...objects, ...sender, ...settings },
      timeout: Duration.minutes(5),
      memorySize: 1024,
    });
    const recordFailure = this.#function('record-failure', RecordFailure, {
      environment: { ...tables, ...objects, ...sender, ...settings },
      // Its mail counts all mailboxes of the batch, as the other mails do.
      timeout: Duration.minutes(5),
      memorySize: 1024,
    });
    const rest = this.#function('rest-batch', RestBatch, {
      environment: { ...tables, ...workflow },
      timeout: Duration.minutes(5),
    });
    const tick = this.#function('tick', Tick, {
      environment: { ...tables, ...workflow, ...objects, ...sender, ...settings },
      timeout: Duration.minutes(4),
    });

    const probe = this.#function('probe-endpoint', ProbeEndpoint, {
      environment: {},
      // Within what API Gateway waits for whoever asks.
      timeout: Duration.seconds(24),
      network: props.network,
    });
    const directory = this.#function('reach-directory', ReachDirectory, {
      environment: { ...tables, ...objects },
      // As the probe.
      timeout: Duration.seconds(24),
      network: props.network,
    });
    const asked = {
      PROBE_FUNCTION: probe.function.functionName,
      DIRECTORY_FUNCTION: directory.function.functionName,
    };
    const api = this.#function('api', Api, {
      environment: { ...tables, ...workflow, ...objects, ...settings, ...asked },
      // A second less than API Gateway waits.
      timeout: Duration.seconds(28),
      memorySize: 1024,
    });
    const recordMailEvent = this.#function('record-mail-event', RecordMailEvent, { environment: { ...tables } });

    this.byName = {
      api,
      'probe-endpoint': probe,
      'reach-directory': directory,
      'record-mail-event': recordMailEvent,
      'start-upload': startUpload,
      'find-where-the-batch-stands': find,
      'import-batch-file': read,
      'check-prerequisites': check,
      'prepare-round': prepare,
      'provision-mailbox': provision,
      'forward-mail': forward,
      'put-back-forwarding': putBack,
      'plan-round': plan,
      'copy-slice': copy,
      'review-round': review,
      'settle-batch': settle,
      'remove-batch': remove,
      'write-reports': report,
      'send-mail': sendMail,
      'record-failure': recordFailure,
      'rest-batch': rest,
      tick,
    };

    for (const each of Object.values(this.byName)) if (each !== probe) state.grantReadWrite(each);

    incoming.grantTake(read);
    incoming.grantPut(api);
    sealingKey.grantSeal(read);
    passwords.grantStore(read);

    for (const opener of [check, copy, forward]) {
      sealingKey.grantOpen(opener);
      passwords.grantFetch(opener);
    }
    for (const visitor of [check, copy, prepare, provision, forward, putBack, probe, directory])
      secrets.grantRead(visitor);
    // A mailbox that is completed or removed takes its passwords with it.
    for (const ender of [settle, remove, api]) passwords.grantForget(ender);

    data.grantReadWrite(read, 'work');
    data.grantReadWrite(prepare, 'work');
    data.grantReadWrite(plan, 'work');
    data.grantReadWrite(copy, 'work', 'ledger');
    data.grantRead(review, 'work');
    data.grantRead(report, 'work', 'ledger');
    data.grantReadWrite(report, 'reports');
    data.grantRead(api, 'work', 'ledger');
    // The API removes single mailboxes, and batches that never began. Reports move aside, and the pairs are listed, until
    // their time is over, when a tick removes what is left.
    for (const remover of [remove, api]) {
      data.grantRemove(remover, 'work', 'reports', 'ledger');
      data.grantReadWrite(remover, 'reports', 'ledger/removed');
    }
    data.grantRemove(tick, 'reports', 'ledger');
    data.grantReadWrite(tick, 'ledger/removed');

    // Files for whoever converts source mailboxes, and the states before what was converted.
    data.grantReadWrite(directory, 'reports', 'ledger/conversion');

    // A refused file has no reports to attach.
    for (const mailer of [sendMail, recordFailure, startUpload, tick]) mail.grantSend(mailer);
    for (const mailer of [sendMail, recordFailure, tick]) data.grantRead(mailer, 'reports');

    check.allow({
      actions: ['lambda:GetAccountSettings', 'ses:GetAccountSendingEnabled', 'ses:GetSendQuota'],
      resources: ['*'],
      why: 'These ask for the account’s own limits, and know no resources (Service Authorization Reference).',
    });
    api.allow({ actions: ['lambda:InvokeFunction'], resources: [probe.functionArn, directory.functionArn] });
  }

  #function<Environment extends z.ZodObject>(
    name: FunctionName,
    schema: Environment,
    rest: Pick<ServiceFunctionProps<Environment>, 'environment' | 'timeout' | 'memorySize' | 'network'>,
  ): ServiceFunction {
    const { deployment, code, logRetention } = this.#props;
    return ServiceFunction.create(this, { deployment, logRetention, name, code: code(name), schema, ...rest });
  }
}

/** Page of an object, up to its key: it asks for a sign-in, and is valid as long as the object is there. */
function consoleUrl(region: string, bucket: string): string {
  return `https://${region}.console.aws.amazon.com/s3/object/${bucket}?region=${region}&prefix=`;
}
