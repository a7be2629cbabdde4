/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call --
   a template is JSON that nobody typed, and each test says what it expects of it */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { functionNames } from '../../infra/function-names.ts';
import { routes } from '../../shared/contract/routes.ts';
import { exampleConfig, inWords, ofType, only, synthesized } from './support/deployment.ts';

const { service, outputs } = synthesized();
const functions = ofType(service, 'AWS::Lambda::Function').map(([, resource]) => resource.Properties);
const functionNamed = (name: string) => functions.find((each) => each['FunctionName'] === `stagecoach-${name}`)!;

describe('the functions', () => {
  it('are all there, on Node 24 and arm64, traced, each with its own log', () => {
    expect(functions.map((each) => each['FunctionName']).toSorted()).toEqual(
      functionNames.map((name) => `stagecoach-${name}`).toSorted(),
    );
    for (const each of functions) {
      expect(each).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.stringMatching(/^Functions\w+Log/) } },
      });
      expect(each['ReservedConcurrentExecutions']).toBeUndefined();
    }
  });

  it.each(functionNames)('%s has the variables that it parses', async (name) => {
    const { Environment } = (await import(`../../functions/${name}/env.ts`)) as { Environment: z.ZodObject };
    const set = Object.keys(functionNamed(name)['Environment'].Variables as object);

    expect(set.toSorted()).toEqual(
      [...Object.keys(Environment.shape), 'NODE_OPTIONS', 'POWERTOOLS_SERVICE_NAME'].toSorted(),
    );
  });

  it('that write every mailbox of a batch have the time and the processor for 50,000', () => {
    const resources = (name: string) => ({ ...functionNamed(name) });

    for (const name of ['import-batch-file', 'plan-round', 'prepare-round', 'put-back-forwarding'])
      expect(resources(name)).toMatchObject({ Timeout: 900 });
    for (const name of ['settle-batch', 'remove-batch'])
      expect(resources(name)).toMatchObject({ Timeout: 900, MemorySize: 1769 });
    // A mail about a batch that failed counts its mailboxes, too.
    expect(resources('record-failure')).toMatchObject({ Timeout: 300, MemorySize: 1024 });
  });

  it('that talk to mail servers are in the VPC, and no others', () => {
    const inside = functions.filter((each) => each['VpcConfig'] !== undefined).map((each) => each['FunctionName']);

    expect(inside.toSorted()).toEqual([
      'stagecoach-check-prerequisites',
      'stagecoach-copy-slice',
      'stagecoach-forward-mail',
      'stagecoach-prepare-round',
      'stagecoach-probe-endpoint',
      'stagecoach-provision-mailbox',
      'stagecoach-put-back-forwarding',
      'stagecoach-reach-directory',
    ]);
  });

  it('hold no secret and no address but the deployment’s own in their variables', () => {
    for (const each of functions) {
      const variables = Object.keys(each['Environment'].Variables as object).join(' ');
      expect(variables).not.toMatch(/PASSWORD(?!_TABLE)|SECRET|TOKEN/);
    }
  });
});

describe('the network', () => {
  it('has one way out with a fixed address, and gateways for S3 and DynamoDB', () => {
    const nat = only(service, 'AWS::EC2::NatGateway');
    const address = only(service, 'AWS::EC2::EIP');

    expect(inWords(nat.Properties['AllocationId'])).toMatch(/^<MailNetworkAddress\w+\.AllocationId>$/);
    expect(address.DeletionPolicy).toBe('Retain');
    expect(ofType(service, 'AWS::EC2::VPCEndpoint').map(([, each]) => inWords(each.Properties['ServiceName']))).toEqual(
      ['com.amazonaws.<AWS::Region>.s3', 'com.amazonaws.<AWS::Region>.dynamodb'],
    );
  });

  it('lets nobody in', () => {
    expect(only(service, 'AWS::EC2::SecurityGroup').Properties['SecurityGroupIngress']).toBeUndefined();
  });
});

describe('logs', () => {
  it('are kept for as long as the deployment says, and no longer', () => {
    const groups = ofType(service, 'AWS::Logs::LogGroup').map(([, each]) => each.Properties['RetentionInDays']);

    // A function's, and those of the machine, the network and the API.
    expect(groups).toHaveLength(functionNames.length + 3);
    expect(new Set(groups)).toEqual(new Set([90]));
  });
});

describe('the starter', () => {
  const rules = ofType(service, 'AWS::Events::Rule').map(([, rule]) => rule.Properties);
  const onUpload = rules.find((rule) => rule['EventPattern'].source[0] === 'aws.s3')!;

  it('hears of every .csv and .txt in the incoming bucket, however it is spelled', () => {
    expect(onUpload['EventPattern']['detail-type']).toEqual(['Object Created']);
    expect(onUpload['EventPattern'].detail.object.key).toEqual([
      { suffix: { 'equals-ignore-case': '.csv' } },
      { suffix: { 'equals-ignore-case': '.txt' } },
    ]);
    expect(onUpload['EventPattern'].detail.bucket.name.map(inWords)).toEqual([
      expect.stringMatching(/^stagecoach-data:ExportsOutputRefIncomingBucket/),
    ]);
  });

  it('loses no event: what could not be delivered, and what could not be handled, waits in one queue', () => {
    const [target] = onUpload['Targets'] as Record<string, any>[];
    const handed = ofType(service, 'AWS::Lambda::EventInvokeConfig')
      .map(([, each]) => each.Properties)
      .find((each) => inWords(each['FunctionName']).includes('startupload'))!;

    expect(inWords(target!['DeadLetterConfig'].Arn)).toMatch(/^dead-letters$/);
    expect(target!['RetryPolicy']).toEqual({ MaximumEventAgeInSeconds: 21_600, MaximumRetryAttempts: 185 });
    expect(handed['MaximumRetryAttempts']).toBe(2);
    expect(inWords(handed['DestinationConfig'].OnFailure.Destination)).toMatch(/^dead-letters$/);
  });

  it('keeps its queue encrypted, behind TLS, and for two weeks', () => {
    const [, queue] = ofType(service, 'AWS::SQS::Queue').find(([id]) => id.startsWith('UploadStarter'))!;

    expect(queue.Properties).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 });
  });
});

describe('the tick', () => {
  it('comes every five minutes', () => {
    expect(only(service, 'AWS::Scheduler::Schedule').Properties).toMatchObject({
      ScheduleExpression: 'rate(5 minutes)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: { RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 300 } },
    });
  });

  it('comes sooner when an execution of migrate-batch ends other than by itself', () => {
    const rule = ofType(service, 'AWS::Events::Rule')
      .map(([, each]) => each.Properties)
      .find((each) => each['EventPattern'].source[0] === 'aws.states')!;

    expect(rule['EventPattern']['detail-type']).toEqual(['Step Functions Execution Status Change']);
    expect(rule['EventPattern'].detail.status).toEqual(['ABORTED', 'FAILED', 'TIMED_OUT']);
    expect(rule['EventPattern'].detail.stateMachineArn.map(inWords)).toEqual(['machine:migrate-batch']);
    expect(inWords((rule['Targets'] as { Arn: unknown }[])[0]!.Arn)).toMatch(/^<Functionstick/);
  });
});

describe('the API', () => {
  const declared = ofType(service, 'AWS::ApiGatewayV2::Route').map(([, route]) => route.Properties);
  const api = only(service, 'AWS::ApiGatewayV2::Api').Properties;
  const stage = only(service, 'AWS::ApiGatewayV2::Stage').Properties;

  it('has the routes of the contract and no others, each for IAM principals alone', () => {
    const agreed = Object.values(routes).map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);

    expect(declared.map((route) => route['RouteKey'] as string).toSorted()).toEqual(agreed.toSorted());
    expect(new Set(declared.map((route) => route['AuthorizationType'] as string))).toEqual(new Set(['AWS_IAM']));
  });

  it('takes names in its paths alone, which need no encoding that a signature could differ in', () => {
    const parameters = Object.values(routes).flatMap(({ path }) =>
      [...path.matchAll(/:(\w+)/g)].map(([, name]) => name),
    );

    expect(new Set(parameters)).toEqual(new Set(['name', 'kind']));
  });

  it('has one function behind every route, which answers before API Gateway gives up', () => {
    const integration = only(service, 'AWS::ApiGatewayV2::Integration').Properties;
    const permissions = ofType(service, 'AWS::Lambda::Permission')
      .map(([, each]) => each.Properties)
      .filter((each) => each['Principal'] === 'apigateway.amazonaws.com');

    expect(inWords(integration['IntegrationUri'])).toMatch(/^<FunctionsapiFunction\w+\.Arn>$/);
    expect(integration).toMatchObject({ PayloadFormatVersion: '2.0', TimeoutInMillis: 29_000 });
    expect(functionNamed('api')['Timeout']).toBeLessThan(29);
    for (const asked of ['probe-endpoint', 'reach-directory'])
      expect(functionNamed(asked)['Timeout']).toBeLessThan(functionNamed('api')['Timeout'] as number);
    expect(permissions).toHaveLength(1);
    expect(inWords(permissions[0]!['SourceArn'])).toMatch(/:execute-api:.*:<OperationsApi\w+>\/\*\/\*\/?/);
  });

  it('asks nobody’s browser in: no CORS, no second door', () => {
    expect(api).toMatchObject({ ProtocolType: 'HTTP' });
    expect(api['CorsConfiguration']).toBeUndefined();
    expect(stage).toMatchObject({ StageName: '$default', AutoDeploy: true });
  });

  it('is throttled', () => {
    expect(stage['DefaultRouteSettings']).toMatchObject({ ThrottlingRateLimit: 20, ThrottlingBurstLimit: 40 });
  });

  it('logs who asked for what, and neither queries nor bodies', () => {
    const format = stage['AccessLogSettings'].Format as string;

    expect(JSON.parse(format)).toMatchObject({
      principal: '$context.identity.userArn',
      route: '$context.routeKey',
      status: '$context.status',
    });
    expect(format).not.toMatch(/query|body|header|authorizer\.claims/i);
    expect(inWords(stage['AccessLogSettings'].DestinationArn)).toMatch(/^<OperationsApiAccessLog\w+\.Arn>$/);
  });

  it('is named in the outputs, where the command line looks for it', () => {
    expect(inWords(outputs['Api']!.Value)).toMatch(/^<OperationsApi\w+\.ApiEndpoint>$/);
  });
});

describe('events of our own mails', () => {
  it('are bounces and complaints, and go to the default bus', () => {
    const { EventDestination: destination } = only(service, 'AWS::SES::ConfigurationSetEventDestination')
      .Properties as {
      EventDestination: any;
    };

    expect(destination).toMatchObject({ Enabled: true, MatchingEventTypes: ['bounce', 'complaint'] });
    expect(inWords(destination.EventBridgeDestination.EventBusArn)).toMatch(/:event-bus\/default$/);
  });

  it('reach the function that keeps them with the mail, those of this configuration set alone', () => {
    const rule = ofType(service, 'AWS::Events::Rule')
      .map(([, each]) => each.Properties)
      .find((each) => each['EventPattern'].source[0] === 'aws.ses')!;

    expect(rule['EventPattern']['detail-type']).toEqual(['Email Bounced', 'Email Complaint Received']);
    expect(rule['EventPattern'].detail.mail.tags).toEqual({
      'ses:configuration-set': ['stagecoach-status-mail'],
      batch: [{ exists: true }],
    });
    const [target] = rule['Targets'] as Record<string, any>[];
    expect(inWords(target!['Arn'])).toMatch(/^<Functionsrecordmailevent/);
    expect(inWords(target!['DeadLetterConfig'].Arn)).toBe('missed-mail-events');
  });
});

describe('mail', () => {
  it('goes out as one identity, over TLS, with bounces counted', () => {
    expect(only(service, 'AWS::SES::EmailIdentity').Properties).toMatchObject({
      EmailIdentity: 'example.com',
      ConfigurationSetAttributes: {
        ConfigurationSetName: { Ref: expect.stringMatching(/^StatusMailConfigurationSet/) },
      },
    });
    expect(only(service, 'AWS::SES::ConfigurationSet').Properties).toMatchObject({
      Name: 'stagecoach-status-mail',
      DeliveryOptions: { TlsPolicy: 'REQUIRE' },
      ReputationOptions: { ReputationMetricsEnabled: true },
    });
  });

  it('may be verified by a single address instead of a domain', () => {
    const mail = { ...exampleConfig.mail, from: 'a@example.com', identity: 'a@example.com' };
    const other = synthesized({ ...exampleConfig, mail });

    expect(only(other.service, 'AWS::SES::EmailIdentity').Properties['EmailIdentity']).toBe('a@example.com');
  });
});

describe('alarms', () => {
  const alarms = ofType(service, 'AWS::CloudWatch::Alarm').map(([, alarm]) => alarm.Properties);
  const runbook = readFileSync('docs/runbook.md', 'utf8');
  /** Headings of the second level with the text below each, by the anchor that a Markdown viewer gives them. */
  const sections = new Map(
    runbook
      .split(/^## /m)
      .slice(1)
      .map((section) => [
        section
          .split('\n')[0]!
          .trim()
          .toLowerCase()
          .replace(/[^a-z0-9 -]/g, '')
          .replaceAll(' ', '-'),
        section,
      ]),
  );

  it.each(alarms.map((alarm) => [alarm['AlarmName'] as string, alarm] as const))(
    '%s goes to the topic and links a heading that says what to look at and what to do',
    (name, alarm) => {
      const anchor = /Runbook: docs\/runbook\.md#(?<anchor>\S+)$/.exec(alarm['AlarmDescription'] as string)?.groups?.[
        'anchor'
      ];

      expect(name).toBe(`stagecoach-${String(anchor)}`);
      expect(alarm['AlarmActions'].map(inWords)).toEqual([expect.stringMatching(/^<AlarmsTopic\w+>$/)]);
      const section = sections.get(anchor!);
      expect(section).toBeDefined();
      for (const part of ['**Description.**', '**Investigation.**', '**Resolution.**']) expect(section).toContain(part);
    },
  );

  it('has an alarm for every heading of the runbook that names one', () => {
    const headings = [...sections].filter(([, text]) => text.includes('**Description.**')).map(([anchor]) => anchor);

    expect(alarms.map((alarm) => (alarm['AlarmName'] as string).replace('stagecoach-', '')).toSorted()).toEqual(
      headings.toSorted(),
    );
  });

  it('sounds when the tick is silent, which no data says', () => {
    const silent = alarms.find((alarm) => alarm['AlarmName'] === 'stagecoach-the-tick-is-silent')!;

    expect(silent).toMatchObject({
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
    });
  });

  describe('over what the tick finds', () => {
    const filters = ofType(service, 'AWS::Logs::MetricFilter').map(([, each]) => each.Properties);

    it.each([
      ['StalledMailboxes', 'mailboxes-are-stalled', '{ $.StalledMailboxes >= 1 }', '$.StalledMailboxes'],
      ['ExecutionsEnded', 'an-execution-was-ended', '{ $.message = "A batch is stopped over its execution" }', '1'],
    ])('count %s in its log', (metric, heading, pattern, value) => {
      const filter = filters.find(({ MetricTransformations: [made] }) => made.MetricName === metric)!;
      const alarm = alarms.find((each) => each['AlarmName'] === `stagecoach-${heading}`)!;

      expect(inWords(filter['LogGroupName'])).toMatch(/^<FunctionstickLog/);
      expect(filter['FilterPattern']).toBe(pattern);
      expect(filter['MetricTransformations']).toEqual([
        { MetricNamespace: 'stagecoach', MetricName: metric, MetricValue: value },
      ]);
      expect(alarm).toMatchObject({ Namespace: 'stagecoach', MetricName: metric, Threshold: 1, Statistic: 'Maximum' });
    });

    it('in the words that it writes', () => {
      const [tick, lost] = ['tick', 'note-lost-execution'].map((name) =>
        readFileSync(`shared/application/${name}.ts`, 'utf8'),
      );

      expect(tick).toMatch(/log\.warn\('[^']+', \{[^}]*StalledMailboxes:/);
      expect(lost).toContain("log.warn('A batch is stopped over its execution'");
    });
  });

  it('reach an address when the deployment names one, over an encrypted topic', () => {
    const other = synthesized({ ...exampleConfig, alarmAddress: 'alarms@example.com' });

    expect(only(other.service, 'AWS::SNS::Topic').Properties['KmsMasterKeyId']).toBeDefined();
    expect(only(other.service, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'alarms@example.com',
    });
  });
});
