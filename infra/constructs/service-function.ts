import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Function as LambdaFunction, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { z } from 'zod';
import { explainWildcards } from './explain-wildcards.ts';
import type { FunctionName } from '../function-names.ts';
import type { MailNetwork } from './mail-network.ts';

export interface ServiceFunctionProps<Environment extends z.ZodObject> {
  /** Name of the deployment: begins the names of the function, its role and its log group. */
  readonly deployment: string;
  /** Folder under functions/. */
  readonly name: FunctionName;
  /** Bundle with `index.handler`. */
  readonly code: Code;
  /** The function's schema; types `environment`, so that a variable that nobody sets does not compile. */
  readonly schema: Environment;
  readonly environment: Readonly<Record<Extract<keyof z.input<Environment>, string>, string>>;
  /** Days that its log is kept. */
  readonly logRetention: RetentionDays;
  /** @default 30 s */
  readonly timeout?: Duration;
  /** MB; a full vCPU comes with 1,769. @default 512 */
  readonly memorySize?: number;
  /** @default - outside of any VPC */
  readonly network?: MailNetwork | undefined;
}

/** What a role is allowed; `why` is due for every resource with a wildcard. */
export interface Allowance {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, unknown>>;
  readonly why?: string;
}

/**
 * A Lambda function of the service with a role of its own that starts out with its log and its traces; everything else
 * is granted by the owners of what it uses.
 */
export class ServiceFunction extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;
  readonly #role: Role;

  static create<Environment extends z.ZodObject>(
    scope: Construct,
    props: ServiceFunctionProps<Environment>,
  ): ServiceFunction {
    return new ServiceFunction(scope, props);
  }

  private constructor(scope: Construct, props: ServiceFunctionProps<z.ZodObject>) {
    super(scope, props.name);
    const functionName = `${props.deployment}-${props.name}`;
    this.logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${functionName}`,
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.#role = new Role(this, 'Role', {
      roleName: functionRoleName(props.deployment, props.name),
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Stagecoach: ${props.name}`,
    });
    this.function = new LambdaFunction(this, 'Function', {
      functionName,
      description: `Stagecoach: ${props.name}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: props.code,
      role: this.#role,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
      timeout: props.timeout ?? Duration.seconds(30),
      memorySize: props.memorySize ?? 512,
      environment: { ...props.environment, POWERTOOLS_SERVICE_NAME: props.name, NODE_OPTIONS: '--enable-source-maps' },
      ...props.network?.placement(),
    });
    this.#allowLogAndTraces();
    if (props.network !== undefined) this.#allowNetworkInterfaces(functionName);
  }

  get functionArn(): string {
    return this.function.functionArn;
  }

  /** For the owners of tables, buckets, keys: a verb of theirs calls this. */
  allow(allowance: Allowance): void {
    const { actions, resources, conditions, why } = allowance;
    this.#role.addToPolicy(
      new PolicyStatement({
        actions: [...actions],
        resources: [...resources],
        ...(conditions === undefined ? {} : { conditions: { ...conditions } }),
      }),
    );
    if (why !== undefined) explainWildcards(this.#role, resources, why);
  }

  #allowLogAndTraces(): void {
    this.allow({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [this.logGroup.logGroupArn],
    });
    this.allow({
      actions: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
      resources: ['*'],
      why: 'X-Ray knows no resources (Service Authorization Reference, "Actions defined by AWS X-Ray").',
    });
  }

  /**
   * Without AWS's managed policy, which also allows every log group of the account. The function's own code must not use
   * these permissions: Lambda itself does so without a function ARN in the request (Lambda guide, "Giving Lambda
   * functions access to resources in an Amazon VPC").
   */
  #allowNetworkInterfaces(functionName: string): void {
    const actions = ['ec2:CreateNetworkInterface', 'ec2:DeleteNetworkInterface', 'ec2:DescribeNetworkInterfaces'];
    this.allow({
      actions,
      resources: ['*'],
      why: 'Lambda manages the network interfaces of a function in a VPC before it knows their ids; the function’s own code is denied the same.',
    });
    const functionArn = Stack.of(this).formatArn({
      service: 'lambda',
      resource: 'function',
      resourceName: functionName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.#role.addToPolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        actions,
        resources: ['*'],
        conditions: { ArnEquals: { 'lambda:SourceFunctionArn': functionArn } },
      }),
    );
  }
}

/** Role names are fixed, so that the sealing key's policy, in another stack, can name them. */
export function functionRoleName(deployment: string, name: FunctionName): string {
  return `${deployment}-${name}`;
}
