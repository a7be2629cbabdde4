import { describe, expect, it } from '@jest/globals';
import { Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { DeploymentConfig } from '../../infra/config.ts';
import { deploy } from '../../infra/deploy.ts';
import { exampleConfig, noCode, synthesizeWithChecks } from './support/deployment.ts';

describe('cdk-nag (AwsSolutions)', () => {
  it('finds nothing that is not explained, with and without a network', () => {
    const { network, ...withoutNetwork } = exampleConfig;
    expect(network).toBeDefined();

    for (const config of [exampleConfig, { ...withoutNetwork, alarmAddress: 'alarms@example.com' }]) {
      expect(() => {
        synthesizeWithChecks((app) => deploy(app, config, noCode));
      }).not.toThrow();
    }
  });

  it('would find something: a bucket with nothing said about it is refused', () => {
    expect(() => {
      synthesizeWithChecks((app) => new Bucket(new Stack(app, 'Careless'), 'Bucket'));
    }).toThrow(/AwsSolutions-S10/);
  });
});

describe('a deployment', () => {
  it('is refused with the name of what is wrong', () => {
    const result = DeploymentConfig.safeParse({ name: 'Not A Name', mail: { from: 'nobody', identity: 'x.y' } });

    expect(result.error?.issues.map((issue) => issue.path.join('.'))).toEqual(['name', 'mail.from', 'mail.operator']);
  });

  it('knows no field that it does not use', () => {
    expect(DeploymentConfig.safeParse({ ...exampleConfig, vpc: true }).success).toBe(false);
  });
});
