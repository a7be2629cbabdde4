import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { asIBucket } from '../exact-types.ts';
import type { Alarms } from './alarms.ts';
import { mapResults } from './buckets.ts';
import type { DataBucket } from './buckets.ts';
import type { StorageKey } from './encryption-keys.ts';
import { explainPolicy } from './explain-wildcards.ts';
import { forEachTask, migrateBatchStates, taskFunctions } from './migrate-batch-states.ts';
import type { TaskFunction } from './migrate-batch-states.ts';
import type { ServiceFunction } from './service-function.ts';

export interface MigrateBatchProps {
  readonly deployment: string;
  readonly functions: Readonly<Record<TaskFunction, ServiceFunction>>;
  readonly data: DataBucket;
  readonly key: StorageKey;
  readonly alarms: Alarms;
  readonly logRetention: RetentionDays;
}

/** The state machine that moves a batch; its states are in migrate-batch-states.ts. */
export class MigrateBatch extends Construct {
  readonly stateMachine: StateMachine;
  /** By name, not by reference: the machine needs the functions, and some of them need the machine. */
  readonly stateMachineArn: string;
  readonly #executionsArn: string;
  readonly #mapRunsArn: string;

  constructor(scope: Construct, id: string, props: MigrateBatchProps) {
    super(scope, id);
    const stateMachineName = `${props.deployment}-migrate-batch`;
    const role = new Role(this, 'Role', {
      roleName: stateMachineName,
      assumedBy: new ServicePrincipal('states.amazonaws.com'),
      description: 'Stagecoach: migrate-batch',
    });
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromChainable(
        migrateBatchStates(this, {
          functions: forEachTask((name) => props.functions[name].function),
          dataBucket: asIBucket(props.data.bucket),
          resultPrefix: mapResults,
        }),
      ),
      // The construct would allow reading every bucket (the manifest's bucket is a path) and every version of every
      // function; what is needed is said below.
      role: role.withoutPolicyUpdates(),
      tracingEnabled: true,
      logs: {
        destination: new LogGroup(this, 'Log', {
          logGroupName: `/aws/vendedlogs/states/${stateMachineName}`,
          retention: props.logRetention,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: LogLevel.ALL,
        // What travels between states holds no secret; it stands in the execution's history, once is enough.
        includeExecutionData: false,
      },
    });
    const stack = Stack.of(this);
    this.stateMachineArn = migrateBatchArn(stack, props.deployment);
    this.#executionsArn = stack.formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${stateMachineName}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.#mapRunsArn = stack.formatArn({
      service: 'states',
      resource: 'mapRun',
      resourceName: `${stateMachineName}/mailboxes:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const policy = new Policy(this, 'Permissions', {
      roles: [role],
      statements: [
        new PolicyStatement({
          actions: ['lambda:InvokeFunction'],
          resources: taskFunctions.map((name) => props.functions[name].functionArn),
        }),
        new PolicyStatement({
          actions: ['s3:GetObject'],
          resources: [props.data.objectsArn('work')],
        }),
        new PolicyStatement({
          actions: ['s3:AbortMultipartUpload', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:PutObject'],
          resources: [props.data.objectsArn(mapResults)],
        }),
        new PolicyStatement({
          actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
          resources: [props.key.key.keyArn],
          conditions: { StringEquals: { 'kms:ViaService': `s3.${stack.region}.amazonaws.com` } },
        }),
        // A distributed Map starts its children as executions of the machine itself; their names begin with its label.
        new PolicyStatement({ actions: ['states:StartExecution'], resources: [this.stateMachineArn] }),
        new PolicyStatement({
          actions: ['states:DescribeExecution', 'states:StopExecution'],
          resources: [
            ...mapLabels.map((label) =>
              stack.formatArn({
                service: 'states',
                resource: 'execution',
                resourceName: `${stateMachineName}/${label}:*`,
                arnFormat: ArnFormat.COLON_RESOURCE_NAME,
              }),
            ),
          ],
        }),
        new PolicyStatement({ actions: [...logDelivery], resources: ['*'] }),
        new PolicyStatement({
          actions: [
            'xray:GetSamplingRules',
            'xray:GetSamplingTargets',
            'xray:PutTelemetryRecords',
            'xray:PutTraceSegments',
          ],
          resources: ['*'],
        }),
      ],
    });
    explainPolicy(
      policy,
      'Manifests and results have names of their own below work/, and Step Functions makes the names of a Map’s children; ' +
        'log delivery and X-Ray know no resources (Step Functions guide, "Logging using CloudWatch Logs"; Service Authorization Reference, "AWS X-Ray").',
    );
    // Creating the machine checks that its role may deliver logs.
    this.stateMachine.node.addDependency(policy);
    // What the construct would have attached to a role that it may change.
    this.stateMachine.node.tryRemoveChild('DistributedMapPolicy');
    this.#addAlarms(props.alarms);
  }

  grantStart(grantee: ServiceFunction): void {
    grantee.allow({ actions: ['states:StartExecution'], resources: [this.stateMachineArn] });
    this.grantDescribe(grantee);
  }

  grantDescribe(grantee: ServiceFunction): void {
    grantee.allow({
      actions: ['states:DescribeExecution'],
      resources: [this.#executionsArn],
      why: 'Executions of this machine are named after batches and runs.',
    });
  }

  /** To end an execution; its Map and the children go with it. */
  grantStop(grantee: ServiceFunction): void {
    grantee.allow({
      actions: ['states:StopExecution'],
      resources: [this.#executionsArn],
      why: 'Executions of this machine are named after batches and runs.',
    });
  }

  /** To let a Map that is running open more mailboxes at once. */
  grantRaiseConcurrency(grantee: ServiceFunction): void {
    grantee.allow({
      actions: ['states:ListMapRuns'],
      resources: [this.#executionsArn],
      why: 'Executions of this machine are named after batches and runs.',
    });
    grantee.allow({
      actions: ['states:DescribeMapRun', 'states:UpdateMapRun'],
      resources: [this.#mapRunsArn],
      why: 'Step Functions makes the names of Map runs.',
    });
  }

  #addAlarms(alarms: Alarms): void {
    alarms.add({
      heading: 'a-batch-failed',
      says: 'An execution of migrate-batch failed.',
      metric: this.stateMachine.metricFailed({ period: Duration.minutes(5) }),
      threshold: 1,
    });
  }
}

/** Labels of the machine's Maps, with which the names of their children begin. */
const mapLabels = ['mailboxes', 'provision', 'forward'] as const;

export function migrateBatchArn(stack: Stack, deployment: string): string {
  return stack.formatArn({
    service: 'states',
    resource: 'stateMachine',
    resourceName: `${deployment}-migrate-batch`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}

/** Step Functions guide, "IAM Policies for logging to CloudWatch Logs". */
const logDelivery = [
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
];
