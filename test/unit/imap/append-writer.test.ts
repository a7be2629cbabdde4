import { afterEach, describe, expect, it } from '@jest/globals';
import { type AppendOutcome, AppendWriter } from '../../../shared/adapters/imap/protocol/append-writer.ts';
import { ImapConnection } from '../../../shared/adapters/imap/protocol/imap-connection.ts';
import { realClock } from './support/clocks.ts';
import { type Peer, type PlayedServer, playServer } from './support/conversation.ts';

const servers: PlayedServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function connect(capabilities: string, script: (peer: Peer) => Promise<void>) {
  const server = await playServer(async (peer) => {
    peer.send(`* OK [CAPABILITY IMAP4rev1 ${capabilities}] ready`);
    await script(peer);
  });
  servers.push(server);
  const settings = { role: 'target', host: '127.0.0.1', port: server.port, security: 'none' } as const;
  return { connection: await ImapConnection.open({ ...settings, clock: realClock }), played: server.played };
}

const date = '01-Mar-2019 10:00:00 +0000';

async function appendAll(connection: ImapConnection, bodies: readonly string[]): Promise<readonly AppendOutcome[]> {
  const writer = await AppendWriter.begin(connection, 'box');
  for (const body of bodies) {
    await writer.message({ flags: ['\\Seen', '$x'], internalDate: date, size: body.length });
    await writer.write(Buffer.from(body));
    writer.endMessage();
  }
  return writer.finish();
}

const head = (mark: string): string => `(\\Seen $x) "${date}" ${mark}`;

describe('writing messages', () => {
  it('sends a whole page in one command without waiting, where the server takes several', async () => {
    const { connection, played } = await connect('LITERAL+ MULTIAPPEND UIDPLUS', async (peer) => {
      expect(await peer.line()).toBe(`A1 APPEND "box" ${head('{3+}')}`);
      expect(await peer.octets(3)).toBe('one');
      expect(await peer.line()).toBe(` ${head('{0+}')}`);
      expect(await peer.line()).toBe(` ${head('{5+}')}`);
      expect(await peer.octets(7)).toBe('three\r\n');
      peer.send('* 3 EXISTS', 'A1 OK [APPENDUID 99 7:9] done');
    });

    const outcomes = await appendAll(connection, ['one', '', 'three']);

    await played;
    expect(outcomes).toMatchObject([{ messages: 3, reply: { status: 'OK' }, uidValidity: 99, uids: [7, 8, 9] }]);
  });

  it('sends single commands behind each other where it does not, and tells their replies apart', async () => {
    const { connection } = await connect('LITERAL+ UIDPLUS', async (peer) => {
      for (const [tag, body] of [
        ['A1', 'one'],
        ['A2', 'two'],
        ['A3', 'x'],
      ] as const) {
        expect(await peer.line()).toBe(`${tag} APPEND "box" ${head(`{${body.length}+}`)}`);
        expect(await peer.octets(body.length + 2)).toBe(`${body}\r\n`);
      }
      peer.send('A1 OK [APPENDUID 99 7] done', 'A2 NO [TOOBIG] no', 'A3 OK done');
    });

    const outcomes = await appendAll(connection, ['one', 'two', 'x']);

    expect(outcomes).toMatchObject([
      { messages: 1, reply: { status: 'OK' }, uids: [7] },
      { messages: 1, reply: { status: 'NO', code: 'TOOBIG' }, uids: [] },
      { messages: 1, reply: { status: 'OK' }, uids: [] },
    ]);
  });

  it('waits for the server before each literal where it must, and goes on when one is refused', async () => {
    const { connection } = await connect('UIDPLUS', async (peer) => {
      expect(await peer.line()).toBe(`A1 APPEND "box" ${head('{3}')}`);
      expect(peer.unread).toBe('');
      peer.send('+ go');
      expect(await peer.octets(5)).toBe('one\r\n');
      peer.send('A1 OK');
      expect(await peer.line()).toBe(`A2 APPEND "box" ${head('{3}')}`);
      peer.send('A2 NO [TOOBIG] too big');
      expect(await peer.line()).toBe(`A3 APPEND "box" ${head('{5}')}`);
      peer.send('+ go');
      expect(await peer.octets(7)).toBe('three\r\n');
      peer.send('A3 OK');
    });

    const outcomes = await appendAll(connection, ['one', 'two', 'three']);

    expect(outcomes.map(({ reply }) => reply.status)).toEqual(['OK', 'NO', 'OK']);
  });

  it('waits only before large literals where the server has LITERAL-', async () => {
    const large = 'x'.repeat(5000);
    const { connection } = await connect('LITERAL- MULTIAPPEND', async (peer) => {
      expect(await peer.line()).toBe(`A1 APPEND "box" ${head('{5}')}`.replace('{5}', '{5+}'));
      await peer.octets(5);
      expect(await peer.line()).toBe(` ${head('{5000}')}`);
      expect(peer.unread).toBe('');
      peer.send('+ go');
      expect(await peer.octets(5002)).toBe(`${large}\r\n`);
      peer.send('A1 OK');
    });

    expect(await appendAll(connection, ['small', large])).toMatchObject([{ messages: 2, reply: { status: 'OK' } }]);
  });

  it('drops the rest of a page whose command was refused before its end, and stays in step', async () => {
    const { connection } = await connect('MULTIAPPEND', async (peer) => {
      await peer.line();
      peer.send('+ go');
      expect(await peer.octets(3)).toBe('one');
      expect(await peer.line()).toBe(` ${head('{3}')}`);
      peer.send('A1 NO [OVERQUOTA] full');
      expect(await peer.line()).toBe('A2 NOOP');
      peer.send('A2 OK');
    });

    const outcomes = await appendAll(connection, ['one', 'two', 'three']);
    await connection.execute({ name: 'NOOP', parts: ['NOOP'] });

    expect(outcomes).toMatchObject([{ messages: 3, reply: { status: 'NO', code: 'OVERQUOTA' } }]);
  });

  it('completes a literal already announced when the refusal comes early', async () => {
    const gate = Promise.withResolvers<undefined>();
    const { connection } = await connect('LITERAL+ MULTIAPPEND', async (peer) => {
      await peer.line();
      peer.send('A1 NO [TRYCREATE] no such mailbox');
      await new Promise((resolve) => setTimeout(resolve, 20));
      gate.resolve(undefined);
      expect(await peer.octets(5)).toBe('one\r\n');
      expect(await peer.line()).toBe('A2 NOOP');
      peer.send('A2 OK');
    });

    const writer = await AppendWriter.begin(connection, 'box');
    await writer.message({ flags: [], internalDate: date, size: 3 });
    await gate.promise;
    await writer.write(Buffer.from('one'));
    writer.endMessage();
    await writer.message({ flags: [], internalDate: date, size: 3 });
    await writer.write(Buffer.from('two'));
    writer.endMessage();
    const outcomes = await writer.finish();
    await connection.execute({ name: 'NOOP', parts: ['NOOP'] });

    expect(outcomes).toMatchObject([{ messages: 2, reply: { code: 'TRYCREATE' } }]);
  });

  it('lets the next page and other commands be sent before the first is answered', async () => {
    const { connection } = await connect('LITERAL+ MULTIAPPEND UIDPLUS', async (peer) => {
      for (const tag of ['A1', 'A2']) {
        expect(await peer.line()).toBe(`${tag} APPEND "box" ${head('{3+}')}`);
        await peer.octets(5);
      }
      expect(await peer.line()).toBe('A3 NOOP');
      peer.send('A1 OK [APPENDUID 1 1]', 'A2 OK [APPENDUID 1 2]', 'A3 OK');
    });

    const [first, second] = await Promise.all([
      appendAll(connection, ['one']),
      appendAll(connection, ['two']),
      connection.execute({ name: 'NOOP', parts: ['NOOP'] }),
    ]);

    expect([first[0]?.uids, second[0]?.uids]).toEqual([[1], [2]]);
  });

  it('cuts the connection rather than complete a message that is too short', async () => {
    const { connection, played } = await connect('LITERAL+', async (peer) => {
      await peer.line();
      expect(await peer.line()).toBe('closed');
      expect(peer.unread).not.toContain('\r\n');
    });

    const writer = await AppendWriter.begin(connection, 'box');
    await writer.message({ flags: [], internalDate: date, size: 10 });
    await writer.write(Buffer.from('short'));
    expect(() => writer.endMessage()).toThrow('Fewer octets');

    await expect(writer.finish()).rejects.toMatchObject({ reason: 'ABORTED' });
    await played;
  });

  it('rejects a page whose fate is unknown', async () => {
    const { connection } = await connect('LITERAL+ MULTIAPPEND', async (peer) => {
      await peer.line();
      await peer.octets(5);
      peer.hangUp();
    });

    await expect(appendAll(connection, ['one'])).rejects.toMatchObject({ name: 'ImapConnectionError' });
  });

  it('asks the writer to wait when the server does not read', async () => {
    const { connection } = await connect('LITERAL+', async (peer) => {
      await peer.line();
    });
    const size = 64 * 1024 * 1024;
    const writer = await AppendWriter.begin(connection, 'box');
    await writer.message({ flags: [], internalDate: date, size });

    const piece = Buffer.alloc(256 * 1024);
    let written = 0;
    let wait: void | Promise<void> = undefined;
    while (wait === undefined && written < size) {
      wait = writer.write(piece);
      written += piece.length;
    }

    expect(wait).toBeInstanceOf(Promise);
    expect(written).toBeLessThan(4 * 1024 * 1024);
    connection.destroy();
    await expect(wait).rejects.toMatchObject({ reason: 'ABORTED' });
  });
});
