import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface ReceivedRequest {
  readonly method: string;
  /** As it came: path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface SignatureScope {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
}

/**
 * Says what is wrong with a request's AWS signature, or undefined. Written from the description (IAM user guide, "Create a
 * signed AWS API request") and not with the SDK, whose signer it is there to check; its own test is AWS's published example.
 */
export function signatureProblem(request: ReceivedRequest, scope: SignatureScope): string | undefined {
  const authorization = headerOf(request, 'authorization') ?? '';
  const parts =
    /^AWS4-HMAC-SHA256 Credential=(?<credential>[^,]+), ?SignedHeaders=(?<signed>[^,]+), ?Signature=(?<signature>[0-9a-f]{64})$/.exec(
      authorization,
    )?.groups;
  if (parts === undefined) return 'there is no AWS4-HMAC-SHA256 authorization';
  const time = headerOf(request, 'x-amz-date') ?? '';
  const date = time.slice(0, 8);
  const credentialScope = `${date}/${scope.region}/${scope.service}/aws4_request`;
  if (parts['credential'] !== `${scope.accessKeyId}/${credentialScope}`)
    return `the credential is ${parts['credential']!}`;
  const signed = parts['signed']!.split(';');
  if (!signed.includes('host')) return 'the host is not signed';
  const hash = headerOf(request, 'x-amz-content-sha256');
  if (hash !== undefined && hash !== sha256(request.body)) return 'the hash is not the body’s';

  const canonical = canonicalRequest(request, signed);
  const toSign = ['AWS4-HMAC-SHA256', time, credentialScope, sha256(canonical)].join('\n');
  const key = [date, scope.region, scope.service, 'aws4_request'].reduce<Buffer | string>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${scope.secretAccessKey}`,
  );
  const expected = createHmac('sha256', key).update(toSign).digest();
  return timingSafeEqual(expected, Buffer.from(parts['signature']!, 'hex')) ? undefined : 'the signature does not fit';
}

function canonicalRequest(request: ReceivedRequest, signed: readonly string[]): string {
  const [path = '/', query = ''] = request.target.split('?');
  // Every service but S3 encodes each segment of the path once more.
  const uri = path.split('/').map(escaped).join('/');
  const parameters = query
    .split('&')
    .filter((pair) => pair !== '')
    // Exactly as it came: what was not sent encoded in the strict way must not verify.
    .map((pair) => (pair.includes('=') ? pair : `${pair}=`))
    .toSorted();
  const headers = signed.map((name) => `${name}:${(headerOf(request, name) ?? '').trim().replaceAll(/ +/g, ' ')}\n`);
  return [request.method, uri, parameters.join('&'), headers.join(''), signed.join(';'), sha256(request.body)].join(
    '\n',
  );
}

function headerOf({ headers }: ReceivedRequest, name: string): string | undefined {
  return [headers[name]].flat()[0];
}

function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(content: Buffer | string): string {
  return createHash('sha256').update(content).digest('hex');
}
