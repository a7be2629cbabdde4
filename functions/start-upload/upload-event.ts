import { z } from 'zod';

/**
 * EventBridge's "Object Created" of a versioned bucket (S3 guide, "EventBridge event message structure"). The requester is
 * the account, or the AWS service, that put the object there; keys come as they are, not encoded.
 */
export const UploadEvent = z
  .object({
    detail: z.object({
      object: z.object({ key: z.string(), 'version-id': z.string() }),
      requester: z.string(),
    }),
  })
  .transform(({ detail }) => ({
    key: detail.object.key,
    version: detail.object['version-id'],
    startedBy: detail.requester,
  }));
