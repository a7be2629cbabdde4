import { z } from 'zod';
import { signedFetch } from '../shared/adapters/aws/signed-fetch.ts';
import type { SignedFetch } from '../shared/adapters/aws/signed-fetch.ts';
import { StackError, stackOutputs } from '../shared/adapters/aws/stack-outputs.ts';
import { CommandError, exitCodes, Problem } from '../shared/contract/problem.ts';
import { operationsBy, sentAs } from '../shared/contract/requests.ts';
import { routes } from '../shared/contract/routes.ts';
import type { Operations, RouteName } from '../shared/contract/routes.ts';

/** Outputs of the service stack: the API's address, and the bucket for batch files. */
const apiOutput = 'Api';
const incomingOutput = 'IncomingBucket';

/**
 * Lambda takes 6 MB in one request (Lambda quotas, "Invocation payload"), and what API Gateway puts around the body counts
 * too. In base64, this is a batch file of 4.2 MB.
 */
const longestBody = 5_750_000;

/**
 * The operations as asked of a deployment on AWS: its API is found in the outputs of its stack, and requests are signed
 * with the credentials that AWS tools find on this machine.
 */
export async function awsOperations({ stack }: { readonly stack: string }): Promise<Operations> {
  const signed = await onAws(() => signedFetch());
  const deployment = await findDeployment(signed, stack);
  return operationsBy((name, request) => call(signed, deployment, { name, request }));
}

interface Deployment {
  readonly api: URL;
  readonly incomingBucket: string;
}

async function findDeployment(signed: SignedFetch, stack: string): Promise<Deployment> {
  const outputs = await onAws(() => stackOutputs(signed, stack));
  const [api, incomingBucket] = [outputs.get(apiOutput), outputs.get(incomingOutput)];
  if (api !== undefined && incomingBucket !== undefined) return { api: new URL(api), incomingBucket };
  throw new CommandError({
    code: 'SERVICE_UNREACHABLE',
    message: `The stack ${stack} in ${signed.region} has no API.`,
    fix: 'Name the service stack (not its data stack) with --stack, and deploy it in this version.',
    exitCode: exitCodes.notFound,
  });
}

async function call(
  signed: SignedFetch,
  { api, incomingBucket }: Deployment,
  { name, request }: { readonly name: RouteName; readonly request: unknown },
): Promise<unknown> {
  const { method, target, body } = sentAs(name, request);
  const url = new URL(target, api);
  if (body !== undefined && Buffer.byteLength(body) > longestBody) throw tooLarge(incomingBucket);
  const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await onAws(() => signed.send('execute-api', { method, url, headers, body }));
  const document: unknown = await response.json();
  if (response.ok) return routes[name].answer.parse(document);
  const problem = Problem.safeParse(document);
  throw problem.success ? new CommandError(problem.data.error) : ofGateway(response.status, document);
}

function tooLarge(bucket: string): CommandError {
  return CommandError.usage(
    'The batch file is too large for the API on AWS, which takes 4 MB.',
    `Upload it: aws s3 cp FILE s3://${bucket}/incoming/ENDPOINT/BATCH.csv`,
  );
}

const GatewayAnswer = z.object({ message: z.string() });

/** API Gateway's own refusals have one field, `message`, and are no problems of ours. */
function ofGateway(status: number, document: unknown): CommandError {
  const words = GatewayAnswer.safeParse(document).data?.message ?? 'without words';
  const said = `The API answered ${String(status)}: ${words}`;
  if (status === 401 || status === 403) {
    return new CommandError({
      code: 'API_ACCESS_DENIED',
      message: said,
      fix: 'Your AWS credentials need execute-api:Invoke on this API (docs/deploy.md, "Who may ask"), and the clock of this machine must be right.',
      exitCode: exitCodes.refused,
    });
  }
  const later = 'Ask again in a moment: what was done stays done, and asking again does nothing twice.';
  return new CommandError({ code: 'SERVICE_UNREACHABLE', message: said, fix: later, exitCode: exitCodes.unexpected });
}

/** What keeps a request from an answer, in words: no region, no credentials, no network, no such stack. */
async function onAws<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StackError) {
      const notThere = error.code === 'ValidationError';
      throw new CommandError({
        code: 'SERVICE_UNREACHABLE',
        message: `CloudFormation: ${error.message} (${error.code})`,
        fix: notThere
          ? 'Name the stack with --stack, and its region with AWS_REGION.'
          : 'Your AWS credentials need cloudformation:DescribeStacks on the stack (docs/deploy.md, "Who may ask").',
        exitCode: notThere ? exitCodes.notFound : exitCodes.refused,
        cause: error,
      });
    }
    if (error instanceof CommandError) throw error;
    throw new CommandError({
      code: 'SERVICE_UNREACHABLE',
      message: `AWS cannot be asked: ${reasonOf(error)}`,
      fix: 'Try `aws sts get-caller-identity`: region, credentials and network must be right for that first.',
      exitCode: exitCodes.notFound,
      cause: error,
    });
  }
}

/** fetch has one error for all, which names the reason in its cause (Fetch standard, "network error"). */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error || isErrorLike(error) ? error.cause : undefined;
  if (isErrorLike(cause)) return cause.message;
  return isErrorLike(error) ? error.message : String(error);
}

/** By shape: `instanceof` fails for an error of another realm, which fetch's is under a test runner. */
function isErrorLike(error: unknown): error is { readonly message: string; readonly cause?: unknown } {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string';
}
