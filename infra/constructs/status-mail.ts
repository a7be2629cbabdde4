import { Duration, Stack } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import {
  ConfigurationSet,
  EmailIdentity,
  Identity,
  SuppressionReasons,
  ConfigurationSetTlsPolicy,
} from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import type { Alarms } from './alarms.ts';
import type { ServiceFunction } from './service-function.ts';

export interface StatusMailProps {
  readonly deployment: string;
  readonly from: string;
  /** Domain or address that SES verifies. */
  readonly identity: string;
  readonly alarms: Alarms;
}

/** The sender of the status mails. */
export class StatusMail extends Construct {
  readonly from: string;
  readonly configurationSetName: string;
  readonly configurationSet: ConfigurationSet;
  readonly #identityArn: string;
  readonly #configurationSetArn: string;

  constructor(scope: Construct, id: string, props: StatusMailProps) {
    super(scope, id);
    this.from = props.from;
    this.configurationSetName = `${props.deployment}-status-mail`;
    this.configurationSet = new ConfigurationSet(this, 'ConfigurationSet', {
      configurationSetName: this.configurationSetName,
      tlsPolicy: ConfigurationSetTlsPolicy.REQUIRE,
      reputationMetrics: true,
      suppressionReasons: SuppressionReasons.BOUNCES_AND_COMPLAINTS,
    });
    const isAddress = props.identity.includes('@');
    const identity = new EmailIdentity(this, 'Identity', {
      identity: isAddress ? Identity.email(props.identity) : Identity.domain(props.identity),
      configurationSet: this.configurationSet,
    });
    const arnOf = (resource: string, resourceName: string) =>
      Stack.of(this).formatArn({ service: 'ses', resource, resourceName });
    this.#identityArn = arnOf('identity', identity.emailIdentityName);
    this.#configurationSetArn = arnOf('configuration-set', this.configurationSetName);

    props.alarms.add({
      heading: 'status-mails-bounce',
      says: 'More than 5 % of the status mails bounce; at 10 % SES may pause sending.',
      metric: new Metric({
        namespace: 'AWS/SES',
        metricName: 'Reputation.BounceRate',
        statistic: Stats.AVERAGE,
        period: Duration.hours(1),
        dimensionsMap: { 'ses:configuration-set': this.configurationSetName },
      }),
      threshold: 0.05,
    });
  }

  /** To send as this sender, in this configuration set. */
  grantSend(grantee: ServiceFunction): void {
    grantee.allow({
      actions: ['ses:SendRawEmail'],
      resources: [this.#identityArn, this.#configurationSetArn],
      conditions: { StringEquals: { 'ses:FromAddress': this.from } },
    });
  }
}
