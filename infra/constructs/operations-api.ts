import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { routes } from '../../shared/contract/routes.ts';
import type { Alarms } from './alarms.ts';
import type { ServiceFunction } from './service-function.ts';

export interface OperationsApiProps {
  readonly deployment: string;
  /** Answers every route. */
  readonly api: ServiceFunction;
  readonly alarms: Alarms;
  readonly logRetention: RetentionDays;
}

/** Admins at their keyboards and a few scripts: this is far above what they ask, and far below what would hurt. */
const throttle = { rateLimit: 20, burstLimit: 40 };

/**
 * The API of a deployment: the routes of the contract and no other, each for IAM principals alone, who sign their
 * requests (docs/adr/0008). What a principal may ask is said by its own policies, route by route.
 */
export class OperationsApi extends Construct {
  /** `https://<id>.execute-api.<region>.amazonaws.com` */
  readonly url: string;

  constructor(scope: Construct, id: string, props: OperationsApiProps) {
    super(scope, id);
    const name = `${props.deployment}-api`;
    const api = new HttpApi(this, 'Api', {
      apiName: name,
      description: 'Stagecoach: what the command line asks with --aws',
      // Its stage is made below, with a log and a throttle.
      createDefaultStage: false,
    });
    const integration = new HttpLambdaIntegration('Function', props.api.function, {
      timeout: Duration.seconds(29),
      // One statement for the API instead of one for each route: a function's policy holds 20 KB.
      scopePermissionToRoute: false,
    });
    const authorizer = new HttpIamAuthorizer();
    for (const { method, path } of Object.values(routes)) {
      api.addRoutes({
        path: path.replaceAll(/:(\w+)/g, '{$1}'),
        methods: [HttpMethod[method]],
        integration,
        authorizer,
      });
    }
    const log = new LogGroup(this, 'AccessLog', {
      logGroupName: `/aws/vendedlogs/apis/${name}`,
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new HttpStage(this, 'Stage', {
      httpApi: api,
      stageName: '$default',
      autoDeploy: true,
      throttle,
      accessLogSettings: {
        destination: new LogGroupLogDestination(log),
        format: AccessLogFormat.custom(JSON.stringify(accessLog)),
      },
    });
    this.url = api.apiEndpoint;
    props.alarms.add({
      heading: 'the-api-fails',
      says: 'The API answered five requests within 15 minutes with an error of its own.',
      metric: api.metricServerError({ period: Duration.minutes(15), statistic: 'sum' }),
      threshold: 5,
    });
  }
}

/**
 * Who asked for what, and what came of it. The path holds names of batches and endpoints; queries and bodies hold
 * addresses and passwords, and are in no log.
 */
const accessLog = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  principal: '$context.identity.userArn',
  sourceIp: '$context.identity.sourceIp',
  route: '$context.routeKey',
  path: '$context.path',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  error: '$context.error.message',
  integrationError: '$context.integrationErrorMessage',
};
