import { afterEach, describe, expect, it } from '@jest/globals';
import { type BodySink, fetchBodies } from '../../../shared/adapters/imap/protocol/fetch-bodies.ts';
import { fetchListing, searchUids } from '../../../shared/adapters/imap/protocol/fetch-listing.ts';
import { ImapConnection, type ImapConnectionSettings } from '../../../shared/adapters/imap/protocol/imap-connection.ts';
import { listMailboxes, namespaces } from '../../../shared/adapters/imap/protocol/mailbox-listing.ts';
import { mailboxStatus, openMailbox } from '../../../shared/adapters/imap/protocol/mailbox-status.ts';
import { signIn } from '../../../shared/adapters/imap/protocol/sign-in.ts';
import { ManualClock, realClock } from './support/clocks.ts';
import { type Peer, type PlayedServer, playServer } from './support/conversation.ts';

const servers: PlayedServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

type Play = { readonly connection: ImapConnection; readonly played: Promise<void> };

/** Opens a connection to a server that greets and then plays the script. */
async function connect(
  script: (peer: Peer) => Promise<void>,
  settings: Partial<ImapConnectionSettings> & { readonly capabilities?: string } = {},
): Promise<Play> {
  const { capabilities = 'IMAP4rev1 LITERAL+', ...rest } = settings;
  const server = await playServer(async (peer) => {
    peer.send(`* OK [CAPABILITY ${capabilities}] ready`);
    await script(peer);
  });
  servers.push(server);
  const connection = await ImapConnection.open({
    role: 'source',
    host: '127.0.0.1',
    port: server.port,
    security: 'none',
    clock: realClock,
    ...rest,
  });
  return { connection, played: server.played };
}

/** Collects messages as `uid:body`. */
function collecting(into: string[]): BodySink {
  let current = '';
  return {
    begin: ({ uid }) => {
      current = `${uid}:`;
    },
    chunk: (octets) => {
      current += octets.toString('latin1');
    },
    end: () => void into.push(current),
  };
}

describe('an IMAP connection', () => {
  it('keeps many commands in flight and gives each its own reply', async () => {
    const { connection, played } = await connect(async (peer) => {
      expect([await peer.line(), await peer.line(), await peer.line()]).toEqual(['A1 NOOP', 'A2 NOOP', 'A3 NOOP']);
      peer.send('A2 NO [LIMIT] slow down', '* 4 EXISTS', 'A1 OK first', 'A3 OK third');
    });
    const noop = { name: 'NOOP', parts: ['NOOP'] };

    const replies = await Promise.allSettled([1, 2, 3].map(() => connection.execute(noop)));

    await played;
    expect(replies).toMatchObject([
      { value: { text: 'first' } },
      { reason: { name: 'ImapReplyError', reply: { status: 'NO', code: 'LIMIT', text: 'slow down' } } },
      { value: { text: 'third' } },
    ]);
  });

  it('rejects everything in flight when the server hangs up, with its last words', async () => {
    const { connection } = await connect(async (peer) => {
      await peer.line();
      peer.send('* BYE [UNAVAILABLE] going down');
      await new Promise((resolve) => setTimeout(resolve, 20));
      peer.hangUp();
    });

    const noop = connection.execute({ name: 'NOOP', parts: ['NOOP'] });

    await expect(noop).rejects.toMatchObject({
      name: 'ImapConnectionError',
      phase: 'session',
      bye: { code: 'UNAVAILABLE', text: 'going down' },
    });
    await expect(connection.execute({ name: 'NOOP', parts: ['NOOP'] })).rejects.toMatchObject({
      name: 'ImapConnectionError',
    });
    expect(connection.closed).toBe(true);
  });

  it('gives up when an answer is due and nothing comes for too long, but not while nobody waits', async () => {
    const clock = new ManualClock();
    const { connection } = await connect(
      async (peer) => {
        await peer.line();
      },
      {
        clock,
        inactivityTimeoutMs: 120_000,
      },
    );
    await clock.pass(500_000);
    expect(connection.closed).toBe(false);

    const noop = connection.execute({ name: 'NOOP', parts: ['NOOP'] });
    noop.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await clock.pass(119_000);
    expect(connection.closed).toBe(false);
    await clock.pass(121_000);

    await expect(noop).rejects.toMatchObject({ reason: 'TIMEOUT' });
  });

  it('ends at once when its signal says so', async () => {
    const abort = new AbortController();
    const { connection } = await connect(
      async (peer) => {
        await peer.line();
      },
      { signal: abort.signal },
    );
    const noop = connection.execute({ name: 'NOOP', parts: ['NOOP'] });
    noop.catch(() => undefined);

    abort.abort();

    await expect(noop).rejects.toMatchObject({ reason: 'ABORTED' });
  });

  it('says when the server greets with BYE', async () => {
    const server = await playServer((peer) => {
      peer.send('* BYE Too many connections from your address');
      return Promise.resolve();
    });
    servers.push(server);

    const opening = ImapConnection.open({
      role: 'source',
      host: '127.0.0.1',
      port: server.port,
      security: 'none',
      clock: realClock,
    });

    await expect(opening).rejects.toMatchObject({
      phase: 'greeting',
      bye: { text: 'Too many connections from your address' },
    });
  });

  it('says when the server never greets', async () => {
    const server = await playServer(() => Promise.resolve());
    servers.push(server);

    const opening = ImapConnection.open({
      role: 'source',
      host: '127.0.0.1',
      port: server.port,
      security: 'none',
      clock: realClock,
      connectTimeoutMs: 50,
    });

    await expect(opening).rejects.toMatchObject({ phase: 'greeting', reason: 'TIMEOUT' });
  });

  it('never goes on in the clear when STARTTLS is asked for', async () => {
    const seen: string[] = [];
    const open = async (greeting: string, ...answers: string[]): Promise<unknown> => {
      const server = await playServer(async (peer) => {
        peer.send(greeting);
        for (const answer of answers) {
          seen.push(await peer.line());
          peer.sendRaw(answer);
        }
        seen.push(await peer.line());
      });
      servers.push(server);
      const settings = { role: 'source', host: '127.0.0.1', port: server.port, security: 'starttls' } as const;
      return ImapConnection.open({ ...settings, clock: realClock }).catch((error: unknown) => error);
    };

    const notOffered = await open('* OK [CAPABILITY IMAP4rev1] hello');
    const preauth = await open('* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hello');
    const injected = await open('* OK [CAPABILITY IMAP4rev1 STARTTLS] hello', 'A1 OK go\r\n* CAPABILITY EVIL\r\n');

    expect(notOffered).toMatchObject({ name: 'ImapUnsupportedError', feature: 'starttls' });
    expect(preauth).toMatchObject({ name: 'ImapUnsupportedError', feature: 'starttls' });
    expect(injected).toMatchObject({ message: 'The server sent text after STARTTLS and before TLS.' });
    expect(seen.filter((line) => line !== 'closed')).toEqual(['A1 STARTTLS']);
  });
});

describe('signing in', () => {
  const ok = async (peer: Peer, tag: string): Promise<void> => {
    peer.send(`${tag} OK [CAPABILITY IMAP4rev1 UIDPLUS] in`);
    await Promise.resolve();
  };

  it('quotes a plain password and takes the new capabilities', async () => {
    const { connection, played } = await connect(async (peer) => {
      expect(await peer.line()).toBe('A1 LOGIN "bob" "a\\"b\\\\c d"');
      await ok(peer, 'A1');
    });

    await signIn(connection, { kind: 'password', user: 'bob', password: 'a"b\\c d' });

    await played;
    expect([...connection.capabilities]).toEqual(['IMAP4REV1', 'UIDPLUS']);
  });

  it.each([
    ['IMAP4rev1 LITERAL+', '{9+}'],
    ['IMAP4rev1', '{9}'],
  ])('sends a password that cannot be quoted as a literal (%s)', async (capabilities, mark) => {
    const { connection, played } = await connect(
      async (peer) => {
        expect(await peer.line()).toBe(`A1 LOGIN "bob" ${mark}`);
        if (mark === '{9}') {
          expect(peer.unread).toBe('');
          peer.send('+ go on');
        }
        expect(Buffer.from(await peer.octets(9), 'latin1').toString('utf8')).toBe('gräßlich'.slice(0, 7));
        await peer.line();
        await ok(peer, 'A1');
      },
      { capabilities },
    );

    await signIn(connection, { kind: 'password', user: 'bob', password: 'gräßlic' });
    await played;
  });

  it('falls back to PLAIN where LOGIN is disabled, and says when nothing is left', async () => {
    const { connection, played } = await connect(
      async (peer) => {
        expect(await peer.line()).toBe('A1 AUTHENTICATE PLAIN');
        peer.send('+ ');
        expect(Buffer.from(await peer.line(), 'base64').toString()).toBe('\0bob\0secret');
        await ok(peer, 'A1');
      },
      { capabilities: 'IMAP4rev1 LOGINDISABLED AUTH=PLAIN' },
    );
    await signIn(connection, { kind: 'password', user: 'bob', password: 'secret' });
    await played;

    const { connection: closed } = await connect(() => Promise.resolve(), { capabilities: 'IMAP4rev1 LOGINDISABLED' });
    await expect(signIn(closed, { kind: 'password', user: 'bob', password: 'secret' })).rejects.toMatchObject({
      name: 'ImapUnsupportedError',
    });
  });

  it('signs in for somebody else with an authorization identity, in one line where SASL-IR is offered', async () => {
    const { connection, played } = await connect(
      async (peer) => {
        const [, , , initial = ''] = (await peer.line()).split(' ');
        expect(Buffer.from(initial, 'base64').toString()).toBe('bob\0admin\0secret');
        await ok(peer, 'A1');
      },
      { capabilities: 'IMAP4rev1 AUTH=PLAIN SASL-IR' },
    );

    await signIn(connection, { kind: 'authzid', user: 'bob', admin: 'admin', password: 'secret' });
    await played;
  });

  it.each([
    ['xoauth2', 'user=bob@x.test\x01auth=Bearer tok\x01\x01', ''],
    ['oauthbearer', 'n,a=bob@x.test,\x01host=127.0.0.1\x01auth=Bearer tok\x01\x01', '\x01'],
  ] as const)('answers the error challenge of %s and then takes the NO', async (mechanism, message, answer) => {
    const { connection, played } = await connect(
      async (peer) => {
        const [, , name, initial = ''] = (await peer.line()).split(' ');
        expect(name).toBe(mechanism.toUpperCase());
        expect(Buffer.from(initial, 'base64').toString()).toBe(message);
        peer.send('+ eyJzdGF0dXMiOiI0MDAifQ==');
        expect(Buffer.from(await peer.line(), 'base64').toString()).toBe(answer);
        peer.send('A1 NO [AUTHENTICATIONFAILED] tok is no good');
      },
      { capabilities: 'IMAP4rev1 AUTH=XOAUTH2 AUTH=OAUTHBEARER SASL-IR' },
    );

    const signingIn = signIn(connection, { kind: 'oauth', user: 'bob@x.test', token: 'tok', mechanism });

    await expect(signingIn).rejects.toMatchObject({ reply: { text: '*** is no good' } });
    await played;
  });

  it('keeps a password that the server repeats out of the error', async () => {
    const { connection } = await connect(async (peer) => {
      await peer.line();
      peer.send('A1 BAD what is LOGIN bob s3cret?');
    });

    const failure: unknown = await signIn(connection, { kind: 'password', user: 'bob', password: 's3cret' }).catch(
      (error: unknown) => error,
    );

    expect(failure).toBeInstanceOf(Error);
    expect(JSON.stringify([failure, String(failure), (failure as Error).stack])).not.toContain('s3cret');
  });
});

describe('looking at mailboxes', () => {
  it('lists names however they are written', async () => {
    const { connection } = await connect(async (peer) => {
      expect(await peer.line()).toBe('A1 LIST "" "*"');
      peer.send(
        '* LIST (\\HasNoChildren \\Sent) "/" "Sent \\"x\\" Items"',
        '* LIST (\\Noselect) "." {5}',
        'a"b\\c',
        '* list () NIL INBOX',
        '* LIST () "\\\\" Strange(Name)',
        'A1 OK',
      );
    });

    const mailboxes = await listMailboxes(connection);

    expect(mailboxes.map(({ name, delimiter, attributes }) => [name, delimiter, ...attributes])).toEqual([
      ['Sent "x" Items', '/', '\\hasnochildren', '\\sent'],
      ['a"b\\c', '.', '\\noselect'],
      ['INBOX', null],
      ['Strange(Name)', '\\'],
    ]);
  });

  it('reads namespaces', async () => {
    const { connection } = await connect(async (peer) => {
      await peer.line();
      peer.send('* NAMESPACE (("INBOX." ".")) (("user." ".")) NIL', 'A1 OK');
    });

    expect(await namespaces(connection)).toEqual({
      personal: [{ prefix: 'INBOX.', delimiter: '.' }],
      otherUsers: [{ prefix: 'user.', delimiter: '.' }],
      shared: [],
    });
  });

  it('gives each STATUS to the command that asked for that mailbox, whatever the order', async () => {
    const { connection } = await connect(
      async (peer) => {
        expect(await peer.line()).toBe('A1 STATUS "a" (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)');
        await peer.line();
        peer.send(
          '* STATUS "b b" (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 4 HIGHESTMODSEQ 0)',
          '* STATUS a (UIDVALIDITY 9 FOO (1 2) MESSAGES 1 UIDNEXT 8 HIGHESTMODSEQ 77)',
          'A2 OK',
          'A1 OK',
        );
      },
      { capabilities: 'IMAP4rev1 CONDSTORE' },
    );

    const states = await Promise.all([mailboxStatus(connection, 'a'), mailboxStatus(connection, 'b b')]);

    expect(states).toMatchObject([
      { messages: 1, uidNext: 8, uidValidity: 9, highestModSeq: '77' },
      { messages: 2, uidNext: 3, uidValidity: 4, highestModSeq: undefined },
    ]);
  });

  it('takes what is no number of messages for not said', async () => {
    const { connection } = await connect(async (peer) => {
      await peer.line();
      peer.send('* STATUS a (MESSAGES -4 UIDNEXT NIL UIDVALIDITY 99999999999999999999)', 'A1 OK');
    });

    const state = await mailboxStatus(connection, 'a');

    expect(state).toMatchObject({ messages: undefined, uidNext: undefined, uidValidity: undefined });
  });
});

describe('reading messages', () => {
  const opened = '* 3 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n';

  it('streams bodies with their UID before, after or implied, and reports what the server could not read', async () => {
    const { connection } = await connect(async (peer) => {
      expect(await peer.line()).toBe('A1 UID FETCH 1:5 (UID BODY.PEEK[])');
      peer.send('* 1 FETCH (UID 1 FLAGS (\\Seen) BODY[] {3}', 'one)', '* 2 FETCH (BODY[] {3}', 'two UID 2)');
      peer.send('* 3 FETCH (UID 3 BODY[] NIL)', '* 4 FETCH (UID 4 FLAGS (\\Seen))', '* 5 FETCH (UID 5 BODY[] "")');
      peer.send('A1 NO [SERVERBUG] one of them is broken');
    });
    const bodies: string[] = [];

    const fetched = await fetchBodies(connection, { set: '1:5', section: '' }, collecting(bodies));

    expect(bodies).toEqual(['1:one', '2:two', '5:']);
    expect(fetched).toMatchObject({ nil: [3], reply: { status: 'NO', code: 'SERVERBUG' } });
  });

  it('gives the connection up rather than take a message that was not asked for', async () => {
    const { connection } = await connect(async (peer) => {
      await peer.line();
      peer.send('* 1 FETCH (UID 9 BODY[] {3}', 'one)', 'A1 OK');
    });
    const bodies: string[] = [];

    const fetching = fetchBodies(connection, { set: '1:5', section: '' }, collecting(bodies));

    await expect(fetching).rejects.toMatchObject({ reason: 'PROTOCOL' });
    expect(bodies).toEqual([]);
  });

  it('puts an EXAMINE between two FETCHes of one mailbox, so that their messages cannot be mixed up', async () => {
    const { connection, played } = await connect(async (peer) => {
      expect(await peer.line()).toBe('A1 EXAMINE "box"');
      expect(await peer.line()).toBe('A2 UID FETCH 1:2 (UID BODY.PEEK[])');
      expect(await peer.line()).toBe('A3 EXAMINE "box"');
      expect(await peer.line()).toBe('A4 UID FETCH 3 (UID BODY.PEEK[])');
      peer.sendRaw(`${opened}A1 OK [READ-ONLY]\r\n* 1 FETCH (UID 1 BODY[] {1}\r\na)\r\nA2 OK\r\n`);
      peer.sendRaw(`${opened}A3 OK [READ-ONLY]\r\n* 3 FETCH (UID 3 BODY[] {1}\r\nc)\r\nA4 OK\r\n`);
      // Nothing is in flight any more: no need to open the mailbox again.
      expect(await peer.line()).toBe('A5 UID SEARCH ALL');
      expect(await peer.line()).toBe('A6 UID FETCH 1 (UID FLAGS INTERNALDATE RFC822.SIZE)');
      peer.send('* SEARCH 3 1', 'A5 OK', 'A6 OK');
    });
    const bodies: string[] = [];

    await openMailbox(connection, { name: 'box', mode: 'EXAMINE' });
    const first = fetchBodies(connection, { set: '1:2', section: '' }, collecting(bodies));
    const second = fetchBodies(connection, { set: '3', section: '' }, collecting(bodies));
    await Promise.all([first, second]);
    const [found] = await Promise.all([searchUids(connection, 'ALL'), fetchListing(connection, '1', () => undefined)]);

    await played;
    expect(bodies).toEqual(['1:a', '3:c']);
    expect(found).toEqual([1, 3]);
  });

  it('sends FETCHes of different messages behind each other and gives each the messages that it asked for', async () => {
    const { connection, played } = await connect(async (peer) => {
      expect(await peer.line()).toBe('A1 EXAMINE "box"');
      expect(await peer.line()).toBe('A2 UID FETCH 1:2 (UID BODY.PEEK[])');
      expect(await peer.line()).toBe('A3 UID FETCH 7,3:4 (UID BODY.PEEK[])');
      peer.sendRaw(`${opened}A1 OK [READ-ONLY]\r\n`);
      peer.send('* 3 FETCH (UID 3 BODY[] {1}', 'c)', '* 1 FETCH (UID 1 BODY[] {1}', 'a)');
      peer.send('* 4 FETCH (BODY[] {1}', 'd UID 4)', '* 9 FETCH (FLAGS (\\Seen))', 'A3 OK');
      peer.send('* 2 FETCH (UID 2 BODY[] NIL)', 'A2 OK');
    });
    const low: string[] = [];
    const high: string[] = [];

    await openMailbox(connection, { name: 'box', mode: 'EXAMINE' });
    const fetched = await Promise.all([
      fetchBodies(connection, { set: '1:2', section: '' }, collecting(low)),
      fetchBodies(connection, { set: '7,3:4', section: '' }, collecting(high)),
    ]);

    await played;
    expect({ low, high }).toEqual({ low: ['1:a'], high: ['3:c', '4:d'] });
    expect(fetched).toMatchObject([{ nil: [2] }, { nil: [] }]);
  });

  it('puts an EXAMINE between two FETCHes that ask for the same message', async () => {
    const { connection, played } = await connect(async (peer) => {
      for (const line of ['EXAMINE "box"', 'UID FETCH 1:2 (UID BODY.PEEK[])', 'EXAMINE "box"'])
        expect((await peer.line()).slice(3)).toBe(line);
      expect(await peer.line()).toBe('A4 UID FETCH 2:3 (UID BODY.PEEK[])');
      peer.sendRaw(`${opened}A1 OK\r\nA2 OK\r\n${opened}A3 OK\r\nA4 OK\r\n`);
    });

    await openMailbox(connection, { name: 'box', mode: 'EXAMINE' });
    await Promise.all(['1:2', '2:3'].map((set) => fetchBodies(connection, { set, section: '' }, collecting([]))));

    await played;
  });

  it('gives the connection up when the mailbox turns out to be made anew in between', async () => {
    const { connection } = await connect(async (peer) => {
      for (let line = 0; line < 4; line += 1) await peer.line();
      peer.sendRaw(`${opened}A1 OK [READ-ONLY]\r\nA2 OK\r\n* OK [UIDVALIDITY 6] x\r\nA3 OK\r\n`);
      peer.sendRaw('* 3 FETCH (UID 3 BODY[] {1}\r\nc)\r\nA4 OK\r\n');
    });
    const bodies: string[] = [];

    await openMailbox(connection, { name: 'box', mode: 'EXAMINE' });
    const first = fetchBodies(connection, { set: '1:2', section: '' }, collecting(bodies));
    const second = fetchBodies(connection, { set: '3', section: '' }, collecting(bodies));

    await expect(first).resolves.toMatchObject({ reply: { status: 'OK' } });
    await expect(second).rejects.toMatchObject({ reason: 'PROTOCOL' });
    expect(bodies).toEqual([]);
  });

  it('does not give a new mailbox what still belongs to the one before', async () => {
    const exists: (number | undefined)[] = [];
    const { connection } = await connect(async (peer) => {
      for (let line = 0; line < 3; line += 1) await peer.line();
      peer.send(
        '* 7 EXISTS',
        'A1 OK',
        '* 8 EXISTS',
        '* 1 FETCH (UID 1 FLAGS () INTERNALDATE "1-Jan-2020 00:00:00 +0000" RFC822.SIZE 3)',
      );
      peer.send('A2 OK', '* 2 EXISTS', 'A3 OK');
    });
    const onOpened = ({ mailbox }: { mailbox: { messages: number | undefined } }): void =>
      void exists.push(mailbox.messages);

    await openMailbox(connection, { name: 'a', mode: 'EXAMINE', onOpened });
    const listing = fetchListing(connection, '1:*', () => undefined);
    const second = await openMailbox(connection, { name: 'b', mode: 'EXAMINE', onOpened });
    await Promise.all([listing, second.reply]);

    expect(exists).toEqual([7, 2]);
  });

  it('stops reading while the sink is busy, and drops the rest when it fails', async () => {
    const { connection } = await connect(async (peer) => {
      await peer.line();
      peer.send('* 1 FETCH (UID 1 BODY[] {3}', 'one)', '* 2 FETCH (UID 2 BODY[] {3}', 'two)', 'A1 OK');
      expect(await peer.line()).toBe('A2 NOOP');
      peer.send('A2 OK');
    });
    const begun: number[] = [];
    const sink: BodySink = {
      begin: ({ uid }) => void begun.push(uid),
      chunk: () => Promise.reject(new Error('disk full')),
      end: () => undefined,
    };

    await expect(fetchBodies(connection, { set: '1:2', section: '' }, sink)).rejects.toThrow('disk full');
    await connection.execute({ name: 'NOOP', parts: ['NOOP'] });

    expect(begun).toEqual([1]);
  });
});
