/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-return, @typescript-eslint/no-unsafe-call --
   a template is JSON that nobody typed, and each test says what it expects of it */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { z } from 'zod';
import { functionNames } from '../../infra/function-names.ts';
import { exampleConfig, inWords, ofType, only, synthesized } from './support/deployment.ts';

const { service } = synthesized();
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

  it('that talk to mail servers are in the VPC, and no others', () => {
    const inside = functions.filter((each) => each['VpcConfig'] !== undefined).map((each) => each['FunctionName']);

    expect(inside.toSorted()).toEqual(['stagecoach-check-prerequisites', 'stagecoach-copy-slice']);
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

    expect(groups).toHaveLength(functionNames.length + 2);
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

  it('reach an address when the deployment names one, over an encrypted topic', () => {
    const other = synthesized({ ...exampleConfig, alarmAddress: 'alarms@example.com' });

    expect(only(other.service, 'AWS::SNS::Topic').Properties['KmsMasterKeyId']).toBeDefined();
    expect(only(other.service, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'alarms@example.com',
    });
  });
});
