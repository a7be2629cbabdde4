import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';
import type { IncomingBucket } from './buckets.ts';
import { deadLetters } from './dead-letters.ts';
import type { ServiceFunction } from './service-function.ts';

export interface UploadStarterProps {
  readonly incoming: IncomingBucket;
  readonly starter: ServiceFunction;
  readonly alarms: Alarms;
}

/**
 * An upload starts its batch. EventBridge delivers at least once, so the starter is safe to call again; what could not
 * be delivered or handled waits in a queue, with an alarm, for a person.
 */
export class UploadStarter extends Construct {
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: UploadStarterProps) {
    super(scope, id);
    this.deadLetters = deadLetters(this, 'DeadLetters', { keptFor: Duration.days(14), of: 'a rule and of a function' });
    new Rule(this, 'OnUpload', {
      description: 'Stagecoach: a batch file was uploaded',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [props.incoming.bucket.bucketName] },
          object: { key: [{ suffix: { 'equals-ignore-case': '.csv' } }, { suffix: { 'equals-ignore-case': '.txt' } }] },
        },
      },
      targets: [
        new LambdaTarget(props.starter.function, {
          deadLetterQueue: this.deadLetters,
          // What Lambda did not take within six hours is a matter for a person; the file expires after a day.
          maxEventAge: Duration.hours(6),
          retryAttempts: 185,
        }),
      ],
    });
    // EventBridge is done once Lambda has taken the event; where the function then fails three times, Lambda hands it on.
    props.starter.function.configureAsyncInvoke({
      onFailure: new SqsDestination(this.deadLetters),
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
    });
    props.alarms.add({
      heading: 'an-upload-could-not-start',
      says: 'A batch file was uploaded, and no execution could be started for it.',
      metric: this.deadLetters.metricApproximateNumberOfMessagesVisible({
        period: Duration.minutes(5),
        statistic: 'max',
      }),
      threshold: 1,
    });
  }
}
