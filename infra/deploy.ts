import type { App } from 'aws-cdk-lib';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import type { DeploymentConfig } from './config.ts';
import type { FunctionName } from './function-names.ts';
import { DataStack } from './stacks/data-stack.ts';
import { ServiceStack } from './stacks/service-stack.ts';

/** The two stacks of a deployment: what must stay, and what computes. */
export function deploy(
  app: App,
  config: DeploymentConfig,
  code: (name: FunctionName) => Code,
): { readonly data: DataStack; readonly service: ServiceStack } {
  const env = {
    ...(config.account === undefined ? {} : { account: config.account }),
    ...(config.region === undefined ? {} : { region: config.region }),
  };
  const data = new DataStack(app, 'Data', { stackName: `${config.name}-data`, env, config });
  const service = new ServiceStack(app, 'Service', { stackName: config.name, env, config, data, code });
  return { data, service };
}
