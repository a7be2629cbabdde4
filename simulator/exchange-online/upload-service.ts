import { badRequest } from './graph-failure.ts';
import type { GraphAnswer } from './graph-call.ts';
import type { PracticeRequest } from './practice-request.ts';
import type { UploadSessions } from './store/upload-sessions.ts';
import type { Throttling } from './throttling.ts';

export const uploadPath =
  /^\/api\/gv1\.0\/Users\('[^/]+'\)\/(?:Messages|Events)\('[^/]+'\)\/AttachmentSessions\('[^/]+'\)$/i;

/** A request to an upload session: its address carries the right, and an Authorization header is refused. */
export async function answerUpload(
  request: PracticeRequest,
  { uploads, throttling }: { readonly uploads: UploadSessions; readonly throttling: Throttling },
): Promise<GraphAnswer> {
  const octets = await request.read();
  if (request.headers['authorization'] !== undefined)
    throw badRequest('An upload session takes no Authorization header.', 'ErrorInvalidRequest');
  const session = uploads.find(request.query.get('authtoken') ?? '');
  const leave = throttling.enter(session.limitKey);
  try {
    if (request.method === 'GET') return uploads.status(session);
    if (request.method === 'DELETE') return uploads.cancel(session);
    if (request.method !== 'PUT') return { status: 405 };
    throttling.upload(session.limitKey, octets.length);
    return uploads.take(session, request.headers['content-range'] ?? '', octets);
  } finally {
    leave();
  }
}
