import { decodeWireText } from './imap-string.ts';

/** A status response (RFC 3501 section 7.1): `OK [CODE arguments] text`. */
export interface Reply {
  readonly status: 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH';
  /** Upper case, without arguments: `APPENDUID`, `AUTHENTICATIONFAILED`. */
  readonly code: string | undefined;
  /** What follows the code inside the brackets. */
  readonly codeArguments: string;
  readonly text: string;
}

const statusResponse = /^(OK|NO|BAD|BYE|PREAUTH)(?: +|$)/i;

export function isStatusText(text: string): boolean {
  return statusResponse.test(text);
}

/** `text` without tag or `* `. Undefined where it is not a status response. */
export function parseReply(text: string): Reply | undefined {
  const match = statusResponse.exec(text);
  if (match === null) {
    return undefined;
  }
  const status = statusOf(match[1] ?? '');
  const rest = text.slice(match[0].length);
  const code = /^\[([^\s\]]+) ?([^\]]*)\] ?/.exec(rest);
  if (code === null) {
    return { status, code: undefined, codeArguments: '', text: decodeWireText(rest) };
  }
  return {
    status,
    code: (code[1] ?? '').toUpperCase(),
    codeArguments: code[2] ?? '',
    text: decodeWireText(rest.slice(code[0].length)),
  };
}

function statusOf(word: string): Reply['status'] {
  switch (word.toUpperCase()) {
    case 'OK':
      return 'OK';
    case 'NO':
      return 'NO';
    case 'BYE':
      return 'BYE';
    case 'PREAUTH':
      return 'PREAUTH';
    default:
      return 'BAD';
  }
}
