import { z } from 'zod';
import type { SignedFetch } from './signed-fetch.ts';

/** Why a stack's outputs cannot be had, in CloudFormation's code and words. */
export class StackError extends Error {
  override readonly name = 'StackError';
  /** `ValidationError` where there is no such stack, `AccessDenied`, ... */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * The outputs of a CloudFormation stack by their keys. One request of the Query protocol: for that one, a client of the
 * SDK with its 3 MB of models would be much. StackError where CloudFormation refuses.
 */
export async function stackOutputs(
  { send, region }: SignedFetch,
  stack: string,
  endpoint = z.url().optional().parse(process.env['AWS_ENDPOINT_URL_CLOUDFORMATION']),
): Promise<ReadonlyMap<string, string>> {
  const url = new URL(endpoint ?? `https://cloudformation.${region}.amazonaws.com/`);
  const body = new URLSearchParams({ Action: 'DescribeStacks', StackName: stack, Version: '2010-05-15' }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const response = await send('cloudformation', { method: 'POST', url, headers, body });
  const text = await response.text();
  if (!response.ok)
    throw new StackError(element(text, 'Code') ?? String(response.status), element(text, 'Message') ?? '');
  const outputs = element(text, 'Outputs') ?? '';
  return new Map(
    outputs
      .split('</member>')
      .map((member) => [element(member, 'OutputKey') ?? '', element(member, 'OutputValue') ?? ''] as const)
      .filter(([key]) => key !== ''),
  );
}

/** Content of the first element of that name. CloudFormation's answers have neither attributes nor CDATA in these. */
function element(xml: string, name: string): string | undefined {
  const content = new RegExp(`<${name}>(?<content>[^]*?)</${name}>`).exec(xml)?.groups?.['content'];
  return content?.replaceAll(/&(?<name>amp|lt|gt|quot|apos);/g, (_, entity: string) => entities[entity] ?? '');
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
