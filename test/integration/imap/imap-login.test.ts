import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { imapMailSource } from '../../../shared/adapters/imap/imap-mail-source.ts';
import { imapMailTarget } from '../../../shared/adapters/imap/imap-mail-target.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { ImapServer } from '../../../shared/domain/endpoint.ts';
import { describeWithDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';

const user = 'alice@contoso.test';
const mailbox = { emailAddress: user, userName: user, password: 'pw' };

describeWithDovecot('Signing in, at the source and at the target alike', () => {
  let dovecot: DovecotServer;
  let tokens: Server;
  const asked: URLSearchParams[] = [];

  beforeAll(async () => {
    dovecot = await DovecotServer.start({
      users: { [user]: 'pw' },
      masters: { mailadmin: 'masterpw' },
      tokens: { 'good-token': '*' },
    });
    tokens = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const form = new URLSearchParams(body);
        asked.push(form);
        const granted = form.get('client_secret') === 'app-secret';
        response.writeHead(granted ? 200 : 401, { 'content-type': 'application/json' });
        response.end(JSON.stringify(granted ? { access_token: 'good-token' } : { error: 'invalid_client' }));
      });
    });
    await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve));
  });

  afterAll(async () => {
    await new Promise((resolve) => tokens.close(resolve));
    await dovecot.stop();
  });

  function server(login: object): ImapServer {
    return ImapServer.parse({ kind: 'imap', host: '127.0.0.1', port: dovecot.imapPort, security: 'none', login });
  }

  function oauth(mechanism: string): object {
    const tokenUrl = `http://127.0.0.1:${String((tokens.address() as AddressInfo).port)}/token`;
    return { mode: 'oauth', tokenUrl, clientId: 'app', secret: 'env:APP_SECRET', scope: 'imap', mechanism };
  }

  async function opens(login: object, secret: string): Promise<string[]> {
    const services = { clock: systemClock, secrets: () => Promise.resolve(secret) };
    const signal = new AbortController().signal;
    const source = await imapMailSource(server(login), services).open(mailbox, signal);
    const target = await imapMailTarget(server(login), services).open(mailbox, signal);
    const { folders } = await source.listFolders();
    await Promise.all([source.close(), target.close()]);
    return folders.map((folder) => folder.id);
  }

  it.each([
    ['a password', { mode: 'user' }, ''],
    ['an admin by template', { mode: 'admin', user: 'mailadmin', secret: 'env:A', style: 'template' }, 'masterpw'],
    [
      'an admin by authorization identity',
      { mode: 'admin', user: 'mailadmin', secret: 'env:A', style: 'authzid' },
      'masterpw',
    ],
  ])('works with %s', async (_, login, secret) => {
    expect(await opens(login, secret)).toContain('INBOX');
  });

  it.each(['xoauth2', 'oauthbearer'])(
    'works with a token of the client credentials grant, by %s',
    async (mechanism) => {
      expect(await opens(oauth(mechanism), 'app-secret')).toContain('INBOX');
      expect(asked.at(-1)?.get('grant_type')).toBe('client_credentials');
      expect(asked.at(-1)?.get('scope')).toBe('imap');
    },
  );

  it('names the token endpoint when it refuses the app, and never its secret', async () => {
    await expect(opens(oauth('xoauth2'), 'wrong-secret')).rejects.toMatchObject({
      name: 'ConfigurationError',
      code: 'TOKEN_REFUSED',
      message: expect.not.stringContaining('wrong-secret'),
    });
  });

  it('says which side refused a wrong password', async () => {
    const services = { clock: systemClock, secrets: () => Promise.resolve('') };
    const wrong = { ...mailbox, password: 'not-it' };
    const open = imapMailTarget(server({ mode: 'user' }), services).open(wrong, new AbortController().signal);

    await expect(open).rejects.toMatchObject({ code: 'TARGET_SIGN_IN_FAILED' });
  });
});
