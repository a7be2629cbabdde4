import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { packedAnswer } from '../../../functions/packed-answer.ts';

export interface StubbedCall {
  /** `StartExecution`, `SendRawEmail`. */
  readonly operation: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/**
 * Answers as Step Functions (JSON), Lambda and SES version 1 (form in, XML out) do, and keeps what it was asked. An operation
 * that it does not know is refused, so that a call nobody expected fails the test.
 */
export async function startAwsStub(): Promise<{
  readonly url: string;
  readonly calls: readonly StubbedCall[];
  close(): Promise<void>;
}> {
  const calls: StubbedCall[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const invoked = /\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '')?.[1];
      const target = invoked === undefined ? String(request.headers['x-amz-target'] ?? '') : `Invoke ${invoked}`;
      const call = parse(target, Buffer.concat(chunks).toString('utf8'));
      calls.push(call);
      const answer = answers[call.operation]?.(call.parameters);
      response.writeHead(answer === undefined ? 400 : 200, { 'content-type': answer?.type ?? 'application/json' });
      response.end(answer?.body ?? JSON.stringify({ __type: 'UnknownOperationException', message: call.operation }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

function parse(target: string, body: string): StubbedCall {
  if (target !== '')
    return { operation: target.replace(/^.*\./, ''), parameters: JSON.parse(body) as Record<string, unknown> };
  const parameters = Object.fromEntries(new URLSearchParams(body));
  return { operation: parameters['Action'] ?? '', parameters };
}

const answers: Readonly<
  Record<string, (parameters: Readonly<Record<string, unknown>>) => { readonly type: string; readonly body: string }>
> = {
  StartExecution: (parameters) => ({
    type: 'application/x-amz-json-1.0',
    body: JSON.stringify({
      executionArn: `${String(parameters['stateMachineArn']).replace(':stateMachine:', ':execution:')}:${String(parameters['name'])}`,
      startDate: 1_795_000_000,
    }),
  }),
  'Invoke stagecoach-probe-endpoint': () => ({
    type: 'application/json',
    body: JSON.stringify([
      {
        ...{ side: 'source', check: 'reachable', result: 'pass', code: null },
        ...{ transient: false, evidence: 'old.contoso.test:993 answers', fix: '' },
      },
    ]),
  }),
  'Invoke stagecoach-reach-directory': () => ({
    type: 'application/json',
    body: JSON.stringify(
      packedAnswer({ mailboxes: [{ mailbox: 'ann@contoso.test', outcome: 'converted', reason: '' }], files: [] }),
    ),
  }),
  SendRawEmail: () => ({
    type: 'text/xml',
    body:
      '<SendRawEmailResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><SendRawEmailResult>' +
      '<MessageId>0102-stub</MessageId></SendRawEmailResult></SendRawEmailResponse>',
  }),
};
