import { Readable } from 'node:stream';
import { readBatchFile } from '../shared/application/read-batch-file/read-batch-file.ts';
import { mailboxesTried, type TestMailbox } from '../shared/application/test-endpoint.ts';
import { loginModeOf, type Endpoint } from '../shared/domain/endpoint.ts';

/**
 * The first good rows of a batch file, for an administrator's sign-in to be tried with. None where each row brings its
 * own password, and none of a file that is refused later anyway.
 */
export async function testMailboxesOf(csv: Uint8Array, endpoint: Endpoint): Promise<TestMailbox[]> {
  const [source, target] = [loginModeOf(endpoint.source), loginModeOf(endpoint.target)];
  if (source === 'user' && target === 'user') return [];
  // Options may allow unknown columns; whether they do is judged when the file is read for good.
  const rules = { type: endpoint.type, sourceLogin: source, targetLogin: target, allowUnknownColumns: true };
  const rows: TestMailbox[] = [];
  for await (const event of readBatchFile(Readable.from([csv]), rules)) {
    if (event.kind !== 'accepted') continue;
    const { emailAddress, userName, userRoot, targetUserName } = event.row;
    rows.push({ mailbox: emailAddress, userName, userRoot, targetUserName });
    if (rows.length === mailboxesTried) break;
  }
  return rows;
}
