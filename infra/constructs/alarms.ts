import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { StorageKey } from './encryption-keys.ts';

export interface AlarmsProps {
  readonly deployment: string;
  readonly key: StorageKey;
  /** Receives the alarms. @default - they are only shown in CloudWatch */
  readonly address?: string | undefined;
  /** URL or path of the runbook, without an anchor. */
  readonly runbook: string;
}

export interface AlarmDefinition {
  /** One sentence: what has happened. */
  readonly says: string;
  /** Anchor of the runbook's heading, which is also the alarm's name. */
  readonly heading: string;
  readonly metric: IMetric;
  readonly threshold: number;
  /** @default 1 */
  readonly periods?: number;
  /** @default - greater than or equal to the threshold */
  readonly comparison?: ComparisonOperator;
  /** @default - no data is no trouble */
  readonly missing?: TreatMissingData;
}

/** One door for alarms: each goes to the topic and links the runbook heading that says what to do. */
export class Alarms extends Construct {
  readonly topic: Topic;
  readonly #props: AlarmsProps;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#props = props;
    this.topic = new Topic(this, 'Topic', {
      displayName: 'Stagecoach alarms',
      masterKey: props.key.key,
      enforceSSL: true,
    });
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    if (props.address !== undefined) this.topic.addSubscription(new EmailSubscription(props.address));
  }

  add(definition: AlarmDefinition): void {
    const alarm = new Alarm(this, definition.heading, {
      alarmName: `${this.#props.deployment}-${definition.heading}`,
      alarmDescription: `${definition.says} Runbook: ${this.#props.runbook}#${definition.heading}`,
      metric: definition.metric,
      threshold: definition.threshold,
      evaluationPeriods: definition.periods ?? 1,
      comparisonOperator: definition.comparison ?? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: definition.missing ?? TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
  }
}
