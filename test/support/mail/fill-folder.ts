import { once } from 'node:events';
import { connect } from 'node:net';

const messagesInOneCommand = 500;
const firstDate = Date.UTC(2010, 0, 1);
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * Appends many small messages, all of them different, to one folder of a server that has MULTIAPPEND and LITERAL+. For
 * storage that cannot be written file by file, and for more messages than one wants to hold: nothing is kept.
 */
export async function fillFolder({ port, user, password, folder, messages, octets = 1_000 }: Filling): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let replies = '';
  const answers = { signedIn: 0, appended: 0 };
  const refused: string[] = [];
  let heard: () => void = () => undefined;
  socket.setEncoding('latin1').on('data', (text: string) => {
    const lines = (replies + text).split('\r\n');
    replies = lines.pop() ?? '';
    for (const line of lines) {
      if (/^(a|c\d+) (NO|BAD) /.test(line)) refused.push(line);
      if (line.startsWith('a ')) answers.signedIn += 1;
      if (/^c\d+ /.test(line)) answers.appended += 1;
    }
    heard();
  });
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds() && refused.length === 0) await new Promise<void>((resolve) => (heard = resolve));
    if (refused.length > 0) throw new Error(`The server refused to be filled: ${refused[0] ?? ''}`);
  };
  socket.write(`a AUTHENTICATE PLAIN ${Buffer.from(`\0${user}\0${password}`).toString('base64')}\r\n`);
  await until(() => answers.signedIn === 1);
  let commands = 0;
  for (let at = 0; at < messages; at += messagesInOneCommand) {
    commands += 1;
    const parts = [`c${String(commands)} APPEND ${folder}`];
    for (let index = at; index < Math.min(at + messagesInOneCommand, messages); index += 1) {
      const message = smallMessage(index, octets);
      parts.push(` (\\Seen) "${internalDate(index)}" {${String(message.length)}+}\r\n${message}`);
    }
    if (!socket.write(`${parts.join('')}\r\n`, 'latin1')) await once(socket, 'drain');
    // A few commands ahead keep the server busy; more would only fill memory.
    await until(() => answers.appended >= commands - 4);
  }
  await until(() => answers.appended === commands);
  socket.destroy();
}

export interface Filling {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** As it stands in a command: an atom or a quoted string. */
  readonly folder: string;
  readonly messages: number;
  /** Of each message, about. */
  readonly octets?: number;
}

function smallMessage(index: number, octets: number): string {
  const head =
    `Date: ${new Date(firstDate + index * 60_000).toUTCString()}\r\nFrom: sender${String(index % 97)}@contoso.test\r\n` +
    `To: someone@contoso.test\r\nMessage-ID: <${String(index)}.small@contoso.test>\r\nSubject: Small ${String(index)}\r\n\r\n`;
  const line = `${String(index)} and a line of text that is as long as lines are.\r\n`;
  return head + line.repeat(Math.max(1, Math.round((octets - head.length) / line.length)));
}

/** A minute after the one before, as in INTERNALDATE. */
function internalDate(index: number): string {
  const date = new Date(firstDate + index * 60_000);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  const time = date.toISOString().slice(11, 19);
  return `${day}-${months[date.getUTCMonth()] ?? ''}-${String(date.getUTCFullYear())} ${time} +0000`;
}
