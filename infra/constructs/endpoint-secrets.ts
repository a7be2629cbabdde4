import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { ServiceFunction } from './service-function.ts';

/** Secrets that endpoints refer to as `secretsmanager:stagecoach/NAME`; people make them, we only read. */
export class EndpointSecrets extends Construct {
  grantRead(grantee: ServiceFunction): void {
    grantee.allow({
      actions: ['secretsmanager:GetSecretValue'],
      resources: [
        Stack.of(this).formatArn({
          service: 'secretsmanager',
          resource: 'secret',
          resourceName: 'stagecoach/*',
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      ],
      why: 'Endpoints name secrets below stagecoach/, and Secrets Manager adds six characters to each name.',
    });
  }
}
