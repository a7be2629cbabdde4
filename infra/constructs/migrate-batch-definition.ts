import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { StateGraph } from 'aws-cdk-lib/aws-stepfunctions';
import { z } from 'zod';
import { featureFlags } from '../feature-flags.ts';
import { mapResults } from './buckets.ts';
import { forEachTask, migrateBatchStates } from './migrate-batch-states.ts';

const placeholderArn = 'arn:aws:lambda:us-east-1:000000000000:';

/**
 * The state machine `migrate-batch` as plain Amazon States Language, the same states that the service stack deploys,
 * for whoever runs it without AWS. Synthesized in memory: no files that stay, no network, no credentials, well under a second
 * after the import of aws-cdk-lib (which takes about one). Call it at build time and keep the JSON.
 *
 * - Every Task's `Resource` is `function:<name>`, `<name>` being a folder under functions/ (`TaskFunction`), e.g.
 *   `function:copy-slice`. The Task's input is the use case's input, its output the use case's output, except:
 *   "Find where the batch stands" gets `{ batch, execution, input }` (the use case wants `{ ...input, execution }`;
 *   `execution` is `$$.Execution.Id`); "Record why the batch could not go on" gets what the failed state got and,
 *   unless a state asked for it with `next: 'fail'`, `error: { Error, Cause }`.
 * - The Map "Synchronise the mailboxes" is distributed: `ItemReader` (S3 JSON at `$.manifest`), `ItemProcessor`,
 *   `ItemSelector` (reads `$$.Map.Item.Value`), `MaxConcurrencyPath`, `ToleratedFailurePercentage`, `ResultWriter`
 *   (bucket `stagecoach-data`) and `ResultPath: null`. A runner that knows no ItemReader replaces it by an `ItemsPath`.
 */
export function migrateBatchDefinition(): object {
  // An App makes itself a folder, though nothing is written here.
  const outdir = mkdtempSync(join(tmpdir(), 'stagecoach-definition-'));
  try {
    return definitionOf(new Stack(new App({ context: featureFlags, analyticsReporting: false, outdir }), 'Definition'));
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

function definitionOf(stack: Stack): object {
  const start = migrateBatchStates(stack, {
    functions: forEachTask((name) => LambdaFunction.fromFunctionArn(stack, name, `${placeholderArn}function:${name}`)),
    dataBucket: Bucket.fromBucketName(stack, 'Data', 'stagecoach-data'),
    resultPrefix: mapResults,
  });
  const graph = new StateGraph(start.startState, 'migrate-batch');
  const text = JSON.stringify(stack.resolve(graph.toGraphJson()), (_key, value: unknown) => joined(value) ?? value);
  return JSON.parse(text.replaceAll(placeholderArn, '')) as object;
}

const CloudFormationJoin = z.strictObject({
  'Fn::Join': z.tuple([
    z.string(),
    z.array(z.union([z.string(), z.strictObject({ Ref: z.literal('AWS::Partition') })])),
  ]),
});

/** The text of an Fn::Join over the partition, the one thing that only CloudFormation knows. */
function joined(value: unknown): string | undefined {
  const join = CloudFormationJoin.safeParse(value).data?.['Fn::Join'];
  return join?.[1].map((part) => (typeof part === 'string' ? part : 'aws')).join(join[0]);
}
