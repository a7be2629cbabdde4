import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface SmtpServer {
  readonly port: number;
  /** Everything a client sent after DATA, one mail each. */
  readonly mails: readonly string[];
  readonly recipients: readonly string[];
  close(): Promise<void>;
}

/** A mail server of a few lines (RFC 5321) that gives the replies it is told to. */
export async function startSmtpServer(
  replies: { readonly rcpt?: string; readonly data?: string } = {},
): Promise<SmtpServer> {
  const mails: string[] = [];
  const recipients: string[] = [];
  const server = createServer((socket) => {
    let buffer = '';
    let inMail = false;
    const say = (line: string) => void socket.write(`${line}\r\n`);
    say('220 mail.test ESMTP');
    socket.setEncoding('latin1').on('data', (text: string) => {
      buffer += text;
      for (;;) {
        const end = buffer.indexOf(inMail ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + (inMail ? 5 : 2));
        if (inMail) {
          mails.push(line);
          inMail = false;
          say(replies.data ?? '250 taken');
        } else if (/^EHLO/i.test(line)) say('250 mail.test');
        else if (/^RCPT/i.test(line)) {
          recipients.push(line);
          say(replies.rcpt ?? '250 ok');
        } else if (/^DATA/i.test(line)) {
          inMail = true;
          say('354 go on');
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
        else say('250 ok');
      }
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    recipients,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}
