import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { StackProps } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Operation } from 'aws-cdk-lib/aws-dynamodb';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { DeploymentConfig } from '../config.ts';
import { Alarms } from '../constructs/alarms.ts';
import { BatchFunctions } from '../constructs/batch-functions.ts';
import { MailEvents } from '../constructs/mail-events.ts';
import { MailNetwork } from '../constructs/mail-network.ts';
import { MigrateBatch, migrateBatchArn } from '../constructs/migrate-batch.ts';
import { OperationsApi } from '../constructs/operations-api.ts';
import { StatusMail } from '../constructs/status-mail.ts';
import { TickFindings } from '../constructs/tick-findings.ts';
import { TickSchedule } from '../constructs/tick-schedule.ts';
import { UploadStarter } from '../constructs/upload-starter.ts';
import type { FunctionName } from '../function-names.ts';
import type { DataStack } from './data-stack.ts';

export interface ServiceStackProps extends StackProps {
  readonly config: DeploymentConfig;
  readonly data: DataStack;
  /** Bundle of a function. */
  readonly code: (name: FunctionName) => Code;
}

/** Everything that computes: it can be deleted and deployed again, and every batch goes on. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, props: ServiceStackProps) {
    super(scope, id, props);
    const { config, data: stored, code } = props;
    const deployment = config.name;
    const logRetention = config.logRetentionDays;

    const alarms = new Alarms(this, 'Alarms', {
      deployment,
      key: stored.storageKey,
      address: config.alarmAddress,
      runbook: config.runbook,
    });
    const network =
      config.network === undefined
        ? undefined
        : new MailNetwork(this, 'MailNetwork', { cidr: config.network.cidr, logRetention });
    const mail = new StatusMail(this, 'StatusMail', {
      deployment,
      from: config.mail.from,
      identity: config.mail.identity,
      alarms,
    });

    const functions = new BatchFunctions(this, 'Functions', {
      deployment,
      code,
      logRetention,
      state: stored.state,
      passwords: stored.passwords,
      sealingKey: stored.sealingKey,
      incoming: stored.incoming,
      data: stored.data,
      mail,
      operator: config.mail.operator,
      stateMachineArn: migrateBatchArn(this, deployment),
      network,
    }).byName;

    const migrateBatch = new MigrateBatch(this, 'MigrateBatch', {
      deployment,
      functions,
      data: stored.data,
      key: stored.storageKey,
      alarms,
      logRetention,
    });
    migrateBatch.grantDescribe(functions['find-where-the-batch-stands']);
    for (const starter of ['api', 'start-upload', 'rest-batch', 'tick'] as const)
      migrateBatch.grantStart(functions[starter]);
    for (const stopper of ['api', 'tick'] as const) migrateBatch.grantStop(functions[stopper]);
    migrateBatch.grantRaiseConcurrency(functions.api);

    new UploadStarter(this, 'UploadStarter', { incoming: stored.incoming, starter: functions['start-upload'], alarms });
    new TickSchedule(this, 'TickSchedule', { deployment, tick: functions.tick, migrateBatch, alarms });
    new TickFindings(this, 'TickFindings', { deployment, tick: functions.tick, alarms });
    new MailEvents(this, 'MailEvents', { mail, recorder: functions['record-mail-event'] });
    const api = new OperationsApi(this, 'OperationsApi', { deployment, api: functions.api, alarms, logRetention });

    this.#watchTheWorkers(alarms, functions['copy-slice'].function.functionName);
    alarms.add({
      heading: 'a-function-is-throttled',
      says: 'Lambda refused invocations of the copier: the account’s concurrency is used up.',
      metric: functions['copy-slice'].function.metricThrottles({ period: Duration.minutes(15) }),
      threshold: 10,
    });
    alarms.add({
      heading: 'the-state-table-refuses',
      says: 'DynamoDB throttled requests for the state table.',
      metric: stored.state.table.metricThrottledRequestsForOperations({
        operations: [
          Operation.GET_ITEM,
          Operation.PUT_ITEM,
          Operation.UPDATE_ITEM,
          Operation.DELETE_ITEM,
          Operation.QUERY,
        ],
        period: Duration.minutes(5),
      }),
      threshold: 10,
      periods: 3,
    });

    new CfnOutput(this, 'Api', { value: api.url, description: 'Where stagecoach --aws asks' });
    new CfnOutput(this, 'IncomingBucket', { value: stored.incoming.bucket.bucketName });
    new CfnOutput(this, 'DataBucket', { value: stored.data.bucket.bucketName });
    new CfnOutput(this, 'StateTable', { value: stored.state.table.tableName });
    new CfnOutput(this, 'StateMachine', { value: migrateBatch.stateMachineArn });
    if (network !== undefined) {
      new CfnOutput(this, 'MailAddress', {
        value: network.address,
        description: 'The address that mail servers see: put it on their allow-lists',
      });
    }
  }

  /** A worker that dies is replaced; one after another dying is for a person. */
  #watchTheWorkers(alarms: Alarms, functionName: string): void {
    alarms.add({
      heading: 'workers-die',
      says: 'Five or more invocations of the copier ended in an error within 15 minutes.',
      metric: new Metric({
        namespace: 'AWS/Lambda',
        metricName: 'Errors',
        dimensionsMap: { FunctionName: functionName },
        statistic: Stats.SUM,
        period: Duration.minutes(15),
      }),
      threshold: 5,
    });
  }
}
