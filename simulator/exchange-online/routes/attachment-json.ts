import { graphTime } from '../graph-time.ts';
import type { JsonObject } from '../json-object.ts';
import type { OnlineAttachment } from '../store/online-item.ts';

export function attachmentJson({ id, type, properties, content, modified }: OnlineAttachment): JsonObject {
  const isFile = type === '#microsoft.graph.fileAttachment';
  return {
    '@odata.type': type,
    '@odata.mediaContentType': properties['contentType'] ?? 'application/octet-stream',
    id,
    lastModifiedDateTime: graphTime(modified),
    name: '',
    contentType: null,
    isInline: false,
    ...(isFile ? { contentId: null, contentLocation: null } : {}),
    ...properties,
    // The service counts its own properties in: a size is no measure of the content.
    size: content.length + 130,
    ...(isFile ? { contentBytes: content.toString('base64') } : {}),
  };
}
