import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signatureProblem } from './verify-signature.ts';
import type { SignatureScope } from './verify-signature.ts';

export interface ApiCall {
  readonly method: string;
  readonly target: string;
  readonly body: string;
}

/**
 * Two doors of AWS in one server on this machine: CloudFormation at `/cloudformation`, which knows one stack, and the API
 * that this stack's outputs name. Both refuse, in AWS's words, what is not signed with these credentials.
 */
export async function startSignedApi(
  credentials: Pick<SignatureScope, 'accessKeyId' | 'secretAccessKey' | 'region'> & { readonly stack: string },
  answer: (call: ApiCall) => { readonly status: number; readonly document: unknown },
): Promise<{ readonly cloudFormation: string; readonly calls: readonly ApiCall[]; close(): Promise<void> }> {
  const calls: ApiCall[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: target = '', headers } = request;
      const body = Buffer.concat(chunks);
      const isStacks = target.startsWith('/cloudformation');
      const service = isStacks ? 'cloudformation' : 'execute-api';
      const problem = signatureProblem({ method, target, headers, body }, { ...credentials, service });
      const send = (status: number, text: string) => response.writeHead(status).end(text);
      if (isStacks) {
        const asked = new URLSearchParams(body.toString('utf8'));
        if (problem !== undefined) send(403, refusal('SignatureDoesNotMatch', problem));
        else if (asked.get('Action') !== 'DescribeStacks') send(400, refusal('InvalidAction', 'no such action'));
        else if (asked.get('StackName') !== credentials.stack)
          send(400, refusal('ValidationError', `Stack with id ${asked.get('StackName') ?? ''} does not exist`));
        else send(200, stacks({ IncomingBucket: 'incoming&bucket', Api: addressOf(server) }));
        return;
      }
      if (problem !== undefined) {
        send(403, JSON.stringify({ message: `Forbidden: ${problem}` }));
        return;
      }
      const call = { method, target, body: body.toString('utf8') };
      calls.push(call);
      const { status, document } = answer(call);
      send(status, JSON.stringify(document));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    cloudFormation: `${addressOf(server)}/cloudformation/`,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

function addressOf(server: ReturnType<typeof createServer>): string {
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** In the shape of the CloudFormation API reference, "DescribeStacks". */
function stacks(outputs: Readonly<Record<string, string>>): string {
  const members = Object.entries(outputs).map(
    ([key, value]) =>
      `<member><Description>of &lt;${key}&gt;</Description><OutputKey>${key}</OutputKey>` +
      `<OutputValue>${value.replaceAll('&', '&amp;')}</OutputValue></member>`,
  );
  return (
    '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>' +
    '<Parameters><member><ParameterKey>Api</ParameterKey><ParameterValue>not this</ParameterValue></member></Parameters>' +
    `<Outputs>${members.join('')}</Outputs><StackStatus>CREATE_COMPLETE</StackStatus>` +
    '</member></Stacks></DescribeStacksResult></DescribeStacksResponse>'
  );
}

function refusal(code: string, message: string): string {
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
}
