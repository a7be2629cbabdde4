import { rewriteLongLines } from './long-lines.ts';

/** A message as Exchange Online takes it by IMAP, and what was changed of it, in words. */
export interface AcceptableMessage {
  readonly octets: Buffer;
  readonly changes: readonly string[];
}

/** Beyond about 10,239 octets in a line APPEND fails (imapsync's FAQ.Office365); room is left. */
export const longestLine = 9_900;

/**
 * Old mail that is read for the first time after a migration would send read receipts to its senders: the header that
 * asks for them is renamed. Lines that the server would refuse are wrapped, or their part is encoded anew.
 */
export function acceptableMessage(octets: Buffer): AcceptableMessage {
  const disarmed = disarmReceipts(octets);
  const wrapped = rewriteLongLines(disarmed, longestLine);
  return {
    octets: wrapped,
    changes: [
      ...(disarmed === octets ? [] : ['its request for a read receipt was switched off']),
      ...(wrapped === disarmed ? [] : ['lines of more than 9,900 octets were encoded anew']),
    ],
  };
}

const receipts = ['disposition-notification-to:', 'return-receipt-to:', 'x-confirm-reading-to:'];

/** Of the message's own header only: what is attached asks nobody anything. */
function disarmReceipts(octets: Buffer): Buffer {
  const end = headerEnd(octets);
  const header = octets.subarray(0, end).toString('latin1');
  const disarmed = header.replace(/^[^\s:]+:/gm, (name) =>
    receipts.includes(name.toLowerCase()) ? `X-Stagecoach-${name}` : name,
  );
  return disarmed === header ? octets : Buffer.concat([Buffer.from(disarmed, 'latin1'), octets.subarray(end)]);
}

/** Where the empty line begins that ends a header section (RFC 5322 section 2.1), bare line feeds allowed. */
function headerEnd(octets: Buffer): number {
  const ends = [octets.indexOf('\r\n\r\n'), octets.indexOf('\n\n')].filter((at) => at >= 0);
  return ends.length === 0 ? octets.length : Math.min(...ends);
}
