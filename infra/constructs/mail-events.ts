import { Duration } from 'aws-cdk-lib';
import { EventBus, Match, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { ConfigurationSetEventDestination, EmailSendingEvent, EventDestination } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import { deadLetters } from './dead-letters.ts';
import type { ServiceFunction } from './service-function.ts';
import type { StatusMail } from './status-mail.ts';

export interface MailEventsProps {
  readonly mail: StatusMail;
  /** Keeps each event with the record of its mail. */
  readonly recorder: ServiceFunction;
}

/**
 * Bounces of our own mails, and complaints about them, from SES to the record of the mail. SES publishes through
 * EventBridge as a best effort: what does not come is missed on the screen, and still in SES's own numbers.
 */
export class MailEvents extends Construct {
  constructor(scope: Construct, id: string, props: MailEventsProps) {
    super(scope, id);
    new ConfigurationSetEventDestination(this, 'Destination', {
      configurationSet: props.mail.configurationSet,
      configurationSetEventDestinationName: 'events',
      destination: EventDestination.eventBus(EventBus.fromEventBusName(this, 'DefaultBus', 'default')),
      events: [EmailSendingEvent.BOUNCE, EmailSendingEvent.COMPLAINT],
    });
    const missed = deadLetters(this, 'Missed', { keptFor: Duration.days(14), of: 'a rule and of a function' });
    new Rule(this, 'OnMailEvent', {
      description: 'Stagecoach: a status mail came back',
      eventPattern: {
        source: ['aws.ses'],
        detailType: ['Email Bounced', 'Email Complaint Received'],
        detail: {
          // Other configuration sets of the account send their events to the same bus.
          mail: { tags: { 'ses:configuration-set': [props.mail.configurationSetName], batch: Match.exists() } },
        },
      },
      targets: [
        new LambdaTarget(props.recorder.function, {
          deadLetterQueue: missed,
          maxEventAge: Duration.hours(6),
          retryAttempts: 60,
        }),
      ],
    });
    props.recorder.function.configureAsyncInvoke({
      onFailure: new SqsDestination(missed),
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
    });
  }
}
