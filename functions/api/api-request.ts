import { z } from 'zod';

/**
 * API Gateway's request to a function, payload format 2.0, of a route with IAM authentication (API Gateway guide, "Create
 * AWS Lambda proxy integrations for HTTP APIs"). One without an IAM identity does not fit: nothing is done for it.
 */
export const ApiRequest = z
  .object({
    rawPath: z.string(),
    rawQueryString: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.string().default(''),
    isBase64Encoded: z.boolean(),
    requestContext: z.object({
      http: z.object({ method: z.string() }),
      authorizer: z.object({ iam: z.object({ userArn: z.string().min(1) }) }),
    }),
  })
  .transform(({ rawPath, rawQueryString, headers, body, isBase64Encoded, requestContext }) => ({
    method: requestContext.http.method,
    path: rawPath,
    query: new URLSearchParams(rawQueryString),
    body: isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body,
    takesGzip: /\bgzip\b/.test(headers['accept-encoding'] ?? ''),
    /** ARN of the user, or of the role and its session, whose signature IAM has accepted. */
    principal: requestContext.authorizer.iam.userArn,
  }));
export type ApiRequest = z.output<typeof ApiRequest>;
