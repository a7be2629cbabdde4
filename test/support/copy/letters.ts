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

/** As a scripted server keeps it: all of one second, told apart by their text. */
export function message(text: string, body = text): { readonly octets: Buffer; readonly internalDate: string } {
  return {
    octets: Buffer.from(`Message-ID: <${text}@contoso.test>\r\nSubject: ${text}\r\n\r\nbody of ${body}\r\n`),
    internalDate: '17-Jul-2020 02:44:25 +0000',
  };
}
