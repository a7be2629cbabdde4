import { describe, expect, it } from '@jest/globals';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { DeploymentConfig } from '../../infra/config.ts';
import { exampleConfig, synthesizeWithChecks } from './support/deployment.ts';

describe('cdk-nag (AwsSolutions)', () => {
  it('finds nothing that is not explained, with and without a network', () => {
    const { network, ...withoutNetwork } = exampleConfig;
    expect(network).toBeDefined();

    expect(() => {
      synthesizeWithChecks(exampleConfig);
    }).not.toThrow();
    expect(() => {
      synthesizeWithChecks({ ...withoutNetwork, alarmAddress: 'alarms@example.com' });
    }).not.toThrow();
  });

  it('would find something: a bucket with nothing said about it is refused', () => {
    const app = new App({ analyticsReporting: false });
    new Bucket(new Stack(app, 'Careless'), 'Bucket');
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));

    expect(() => app.synth()).toThrow(/AwsSolutions-S10/);
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
