/* eslint-disable @typescript-eslint/no-explicit-any --
   a template is JSON that nobody typed, and each test says what it expects of it */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks } from 'cdk-nag';
import { DeploymentConfig } from '../../../infra/config.ts';
import { deploy } from '../../../infra/deploy.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, any>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: readonly string[];
}
export type Resources = Readonly<Record<string, Resource>>;

export const cdkJson = JSON.parse(readFileSync('cdk.json', 'utf8')) as {
  readonly app: string;
  readonly context: Record<string, unknown>;
};

export const exampleConfig: DeploymentConfig = DeploymentConfig.parse(
  JSON.parse(readFileSync('infra/deployment.example.json', 'utf8')),
);

/** Both stacks, with functions that hold no code: bundling them is a test of its own. */
export function synthesized(config: DeploymentConfig = exampleConfig): {
  readonly data: Resources;
  readonly service: Resources;
  /** Of the service stack. */
  readonly outputs: Readonly<Record<string, { readonly Value: unknown }>>;
} {
  return inFolder((outdir) => {
    const stacks = deploy(newApp(outdir), config, noCode);
    return {
      outputs: Template.fromStack(stacks.service).toJSON()['Outputs'] as Record<string, { Value: unknown }>,
      data: resourcesOf(Template.fromStack(stacks.data)),
      service: resourcesOf(Template.fromStack(stacks.service)),
    };
  });
}

/** Synthesizes with cdk-nag's checks; throws a report where one of them finds something. */
export function synthesizeWithChecks(build: (app: App) => unknown): void {
  inFolder((outdir) => {
    const app = newApp(outdir);
    build(app);
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    app.synth();
  });
}

export const noCode = () => Code.fromInline('exports.handler = async () => undefined;');

function newApp(outdir: string): App {
  return new App({ context: cdkJson.context, analyticsReporting: false, outdir });
}

/** A cloud assembly is written to a folder, which CDK would leave behind. */
function inFolder<Result>(work: (outdir: string) => Result): Result {
  const outdir = mkdtempSync(join(tmpdir(), 'stagecoach-assembly-'));
  try {
    return work(outdir);
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

function resourcesOf(template: Template): Resources {
  return template.toJSON()['Resources'] as Resources;
}

export function ofType(resources: Resources, type: string): readonly (readonly [string, Resource])[] {
  return Object.entries(resources).filter(([, resource]) => resource.Type === type);
}

export function only(resources: Resources, type: string): Resource {
  const found = ofType(resources, type);
  if (found.length !== 1) throw new Error(`${String(found.length)} resources are of type ${type}`);
  return found[0]![1];
}

/**
 * A resource, condition value or ARN in short words: `state-table`, `data-bucket/work/*`. Cross-stack exports and logical
 * ids carry the construct's path and a hash; the words are what the constructs are called.
 */
export function inWords(value: unknown): string {
  const text = flat(value);
  for (const [pattern, words] of vocabulary) if (pattern.test(text)) return text.replace(pattern, words);
  return text;
}

const vocabulary: readonly (readonly [RegExp, string])[] = [
  [/^stagecoach-data:ExportsOutputFnGetAttStateTable\w+Arn\w+/, 'state-table'],
  [/^stagecoach-data:ExportsOutputFnGetAttPasswordsTable\w+Arn\w+/, 'password-table'],
  [/^stagecoach-data:ExportsOutputFnGetAttStorageKey\w+Arn\w+/, 'storage-key'],
  [/^stagecoach-data:ExportsOutputFnGetAttSealingKey\w+Arn\w+/, 'sealing-key'],
  [/^stagecoach-data:ExportsOutputFnGetAttDataBucket\w+Arn[0-9A-F]{8}/, 'data-bucket'],
  [/^stagecoach-data:ExportsOutputFnGetAttIncomingBucket\w+Arn[0-9A-F]{8}/, 'incoming-bucket'],
  [/^<Functions\w+Log[0-9A-F]{8}\.Arn>$/, 'own-log'],
  [/^<MailEventsMissed[0-9A-F]{8}\.Arn>$/, 'missed-mail-events'],
  [/^<Functionsreachdirectory\w+\.Arn>$/, 'function:reach-directory'],
  [/^<Functionsprobeendpoint\w+\.Arn>$/, 'function:probe-endpoint'],
  [/^<UploadStarterDeadLetters[0-9A-F]{8}\.Arn>$/, 'dead-letters'],
  [/^arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:stateMachine:stagecoach-/, 'machine:'],
  [/^arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:stagecoach-/, 'execution:'],
  [/^arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:mapRun:stagecoach-/, 'map-run:'],
  [/^arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:/, 'secret:'],
  [/^arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:identity\/<StatusMailIdentity\w+>$/, 'ses-identity'],
  [/^arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:configuration-set\//, 'ses-configuration-set/'],
];

function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const node = value as Record<string, any>;
  if ('Fn::Join' in node) return (node['Fn::Join'][1] as unknown[]).map(flat).join(node['Fn::Join'][0] as string);
  if ('Fn::ImportValue' in node) return flat(node['Fn::ImportValue']);
  if ('Fn::GetAtt' in node) return `<${(node['Fn::GetAtt'] as string[]).join('.')}>`;
  if ('Ref' in node) return `<${String(node['Ref'])}>`;
  return JSON.stringify(value);
}
