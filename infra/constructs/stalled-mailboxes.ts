import { Duration } from 'aws-cdk-lib';
import { FilterPattern, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';
import type { ServiceFunction } from './service-function.ts';

export interface StalledMailboxesProps {
  readonly deployment: string;
  /** Writes a line with the field `StalledMailboxes` for every batch that has some. */
  readonly tick: ServiceFunction;
  readonly alarms: Alarms;
}

/** What the tick counts of the batch with the most: mailboxes that should move and have not for hours. */
export class StalledMailboxes extends Construct {
  constructor(scope: Construct, id: string, props: StalledMailboxesProps) {
    super(scope, id);
    const filter = new MetricFilter(this, 'Filter', {
      logGroup: props.tick.logGroup,
      filterPattern: FilterPattern.numberValue(`$.${metricName}`, '>=', 1),
      metricNamespace: props.deployment,
      metricName,
      metricValue: `$.${metricName}`,
    });
    props.alarms.add({
      heading: 'mailboxes-are-stalled',
      says: 'Mailboxes that should move have not done so for eight hours.',
      metric: filter.metric({ statistic: 'max', period: Duration.minutes(15) }),
      threshold: 1,
    });
  }
}

const metricName = 'StalledMailboxes';
