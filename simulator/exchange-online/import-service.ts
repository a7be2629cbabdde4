import { z } from 'zod';
import { exportedStream } from './fast-transfer/exported-item.ts';
import { readMessage } from './fast-transfer/read-message.ts';
import { transferredItem } from './fast-transfer/transferred-item.ts';
import { badRequest, itemNotFound } from './graph-failure.ts';
import type { GraphAnswer } from './graph-call.ts';
import { parseJson } from './json-object.ts';
import type { PracticeRequest } from './practice-request.ts';
import type { ImportSession, ImportSessions } from './store/import-sessions.ts';
import type { Throttling } from './throttling.ts';

export const importPath = /^\/api\/gv1\.0\/Mailboxes\('[^/]+'\)\/importItem$/i;

const ImportRequest = z.strictObject({
  FolderId: z.string().min(1),
  Mode: z.literal('create'),
  Data: z.base64().min(1),
});

/**
 * `POST {importUrl}`: its address carries the right, and an Authorization header is refused.
 *
 * @see https://learn.microsoft.com/graph/import-exchange-mailbox-item
 */
export async function answerImport(
  request: PracticeRequest,
  { imports, throttling }: { readonly imports: ImportSessions; readonly throttling: Throttling },
): Promise<GraphAnswer> {
  const octets = await request.read();
  if (request.headers['authorization'] !== undefined)
    throw badRequest('An import session takes no Authorization header.', 'ErrorInvalidRequest');
  if (request.method !== 'POST') return { status: 405 };
  const session = imports.find(request.query.get('authtoken') ?? '');
  const leave = throttling.enter(session.limitKey);
  try {
    throttling.upload(session.limitKey, octets.length);
    return importItem(session, octets);
  } finally {
    leave();
  }
}

function importItem({ mailbox }: ImportSession, octets: Buffer): GraphAnswer {
  const parsed = ImportRequest.safeParse(parseJson(octets));
  if (!parsed.success) {
    const names = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
    throw badRequest(`The request is malformed: ${names}.`, 'ErrorInvalidRequest');
  }
  const { FolderId, Data } = parsed.data;
  // The ids of /mailFolders are others, and mean nothing here.
  const folder = mailbox.folders.find(
    ({ importId, wellKnown }) => importId === FolderId || wellKnown === FolderId.toLowerCase(),
  );
  if (folder === undefined) throw itemNotFound('The folder was not found.');
  const message = readMessage(exportedStream(Buffer.from(Data, 'base64')));
  const item = mailbox.addItem(transferredItem(message, folder.id));
  return { status: 200, body: { itemId: item.id, changeKey: Buffer.from(String(item.change)).toString('base64') } };
}
