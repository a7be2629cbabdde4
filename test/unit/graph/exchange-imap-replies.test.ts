import { describe, expect, it } from '@jest/globals';
import { replyError } from '../../../shared/adapters/imap/imap-errors.ts';
import { parseReply, type Reply } from '../../../shared/adapters/imap/protocol/reply.ts';

const server = { role: 'target', host: 'outlook.office365.com', port: 993 } as const;

describe('what Exchange Online answers by IMAP', () => {
  it.each([
    ['APPEND', 'NO', 'Maximum size of appendable message has been exceeded', 'ItemRefusedError', 'ITEM_TOO_LARGE'],
    ['APPEND', 'BAD', 'Command Argument Error 11', 'ItemRefusedError', 'ITEM_TOO_LARGE'],
    ['APPEND', 'BAD', 'Command Argument Error 12', 'ItemRefusedError', 'ITEM_TOO_LARGE'],
    ['APPEND', 'BAD', 'command line limit exceeded', 'ItemRefusedError', 'ITEM_TOO_LARGE'],
    ['LIST', 'BAD', 'User is authenticated but not connected.', 'MailboxBlockedError', 'TARGET_NO_RIGHTS'],
    ['AUTHENTICATE XOAUTH2', 'NO', 'AUTHENTICATE failed.', 'MailboxBlockedError', 'TARGET_SIGN_IN_FAILED'],
  ] as const)('%s: %s %s', (command, status, text, name, code) => {
    expect(replyError(command, reply(status, text), server)).toMatchObject({ name, code });
  });

  it.each(['APPEND', 'SELECT'])('asks to come again at a time, to %s', (command) => {
    const text = 'Request is throttled. Suggested Backoff Time: 299609 milliseconds';
    expect(replyError(command, reply('NO', text), server)).toMatchObject({
      name: 'TransientError',
      code: 'TARGET_THROTTLED',
      retryAfterMs: 299_609,
    });
  });
});

function reply(status: 'NO' | 'BAD', text: string): Reply {
  const parsed = parseReply(`${status} ${text}`);
  if (parsed === undefined) throw new Error('That is no reply.');
  return parsed;
}
