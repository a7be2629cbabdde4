import { join } from 'node:path';
import { App, Tags, Validations } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks } from 'cdk-nag';
import { z } from 'zod';
import { bundleFunctions } from './bundle-functions.ts';
import { readDeploymentConfig } from './config.ts';
import { deploy } from './deploy.ts';

const root = join(import.meta.dirname, '..');
const app = new App();
const config = readDeploymentConfig(z.string().parse(app.node.getContext('deployment')));

const bundles = join(root, 'dist', 'functions');
bundleFunctions(bundles);
deploy(app, config, (name) => Code.fromAsset(join(bundles, name)));

Tags.of(app).add('application', config.name);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
