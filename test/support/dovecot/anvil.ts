import { connect } from 'node:net';
import { join } from 'node:path';

/** One IMAP process of Dovecot that serves a signed-in user. */
export type OpenConnection = { readonly user: string; readonly pid: number };

/** Asks Dovecot's own register of connections: what the server, not the client, says is open. Takes a millisecond. */
export async function openConnections(runFolder: string): Promise<readonly OpenConnection[]> {
  const dump = await dumpConnections(join(runFolder, 'anvil'));
  return dump
    .split('\n')
    .filter((line) => line.startsWith('imap/'))
    .flatMap((line) => {
      const [ident = '', pid = '', count = ''] = line.split('\t');
      const user = ident.split('/').slice(2).join('/');
      return Array.from({ length: Number(count) }, () => ({ user, pid: Number(pid) }));
    });
}

async function dumpConnections(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath, () => socket.write('VERSION\tanvil\t1\t0\nCONNECT-DUMP\n'));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      text += part;
      // An empty line ends the list.
      if (text === '\n' || text.endsWith('\n\n')) {
        socket.destroy();
        resolve(text);
      }
    });
    socket.once('error', reject);
  });
}
