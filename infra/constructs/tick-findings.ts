import { Duration } from 'aws-cdk-lib';
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import type { IFilterPattern } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';
import type { ServiceFunction } from './service-function.ts';

export interface TickFindingsProps {
  readonly deployment: string;
  readonly tick: ServiceFunction;
  readonly alarms: Alarms;
}

/** Lines of the tick's log that a person is to hear of: it looks at every batch, whatever became of its execution. */
export class TickFindings extends Construct {
  readonly #props: TickFindingsProps;

  constructor(scope: Construct, id: string, props: TickFindingsProps) {
    super(scope, id);
    this.#props = props;
    props.alarms.add({
      heading: 'mailboxes-are-stalled',
      says: 'Mailboxes that should move have not done so for eight hours.',
      metric: this.#count('StalledMailboxes', {
        pattern: FilterPattern.numberValue('$.StalledMailboxes', '>=', 1),
        value: '$.StalledMailboxes',
      }),
      threshold: 1,
    });
    // By the tick and not by the machine's own metric: the service ends executions itself, of batches that are stopped.
    props.alarms.add({
      heading: 'an-execution-was-ended',
      says: 'A batch is stopped, because its execution was ended from outside, timed out, or was lost again and again.',
      metric: this.#count('ExecutionsEnded', {
        pattern: FilterPattern.stringValue('$.message', '=', 'A batch is stopped over its execution'),
        value: '1',
      }),
      threshold: 1,
    });
  }

  #count(
    metricName: string,
    { pattern, value }: { readonly pattern: IFilterPattern; readonly value: string },
  ): IMetric {
    const filter = new MetricFilter(this, metricName, {
      logGroup: this.#props.tick.logGroup,
      filterPattern: pattern,
      metricNamespace: this.#props.deployment,
      metricName,
      metricValue: value,
    });
    return filter.metric({ statistic: 'max', period: Duration.minutes(15) });
  }
}
