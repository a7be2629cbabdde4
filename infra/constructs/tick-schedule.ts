import { Duration, Stack } from 'aws-cdk-lib';
import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';
import { deadLetters } from './dead-letters.ts';
import type { MigrateBatch } from './migrate-batch.ts';
import type { ServiceFunction } from './service-function.ts';

export interface TickScheduleProps {
  readonly deployment: string;
  readonly tick: ServiceFunction;
  readonly migrateBatch: MigrateBatch;
  readonly alarms: Alarms;
}

/** Every five minutes whatever is due is started; an execution that ends badly makes it sooner, as a best effort. */
export class TickSchedule extends Construct {
  constructor(scope: Construct, id: string, props: TickScheduleProps) {
    super(scope, id);
    const missed = deadLetters(this, 'Missed', { keptFor: Duration.days(1), of: 'a schedule and of a rule' });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'Stagecoach: calls the tick',
    });
    role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [props.tick.functionArn] }));
    role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [missed.queueArn] }));
    // By the resource itself: the construct would allow every version of the function too.
    const schedule = new CfnSchedule(this, 'EveryFiveMinutes', {
      name: `${props.deployment}-tick`,
      description: 'Stagecoach: starts whatever is due',
      scheduleExpression: 'rate(5 minutes)',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: props.tick.functionArn,
        roleArn: role.roleArn,
        deadLetterConfig: { arn: missed.queueArn },
        // The next tick does what this one could not: nothing is repeated for long.
        retryPolicy: { maximumRetryAttempts: 2, maximumEventAgeInSeconds: 300 },
      },
    });
    schedule.node.addDependency(role);
    props.tick.function.configureAsyncInvoke({ retryAttempts: 1, maxEventAge: Duration.minutes(5) });
    new Rule(this, 'OnExecutionEnd', {
      description: 'Stagecoach: an execution ended other than by itself',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          stateMachineArn: [props.migrateBatch.stateMachineArn],
          status: ['ABORTED', 'FAILED', 'TIMED_OUT'],
        },
      },
      targets: [new LambdaTarget(props.tick.function, { retryAttempts: 2, deadLetterQueue: missed })],
    });

    const invocations = props.tick.function.metricInvocations({ period: Duration.minutes(15) });
    props.alarms.add({
      heading: 'the-tick-is-silent',
      says: 'The tick has not run for 15 minutes: nothing that is due is started, and lost executions stay lost.',
      metric: invocations,
      threshold: 1,
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      missing: TreatMissingData.BREACHING,
    });
    props.alarms.add({
      heading: 'the-tick-fails',
      says: 'The tick failed three times within 15 minutes.',
      metric: props.tick.function.metricErrors({ period: Duration.minutes(15) }),
      threshold: 3,
    });
  }
}
