import type { DovecotServer } from '../dovecot/dovecot-server.ts';
import { PlainImapClient } from '../mail/plain-imap-client.ts';

/** Received at one moment, as a message to two people or stored twice is. */
const received = { flags: [], internalDate: new Date('2026-03-04T05:06:07Z') };

export function letter(id: string, body: string): Buffer {
  return Buffer.from(
    `Message-ID: <${id}@contoso.test>\r\nDate: Wed, 4 Mar 2026 05:06:07 +0000\r\nFrom: a@contoso.test\r\nSubject: ${id}\r\n\r\n${body}\r\n`,
  );
}

/** Puts letters into the user's inbox, all received at the same moment. */
export async function deliver(server: DovecotServer, user: string, letters: readonly Buffer[]): Promise<void> {
  const client = await PlainImapClient.signIn(server, user);
  for (const octets of letters) await client.append('INBOX', octets, received);
  client.close();
}
