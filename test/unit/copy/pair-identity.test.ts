import { describe, expect, it } from '@jest/globals';
import { identityOf } from '../../../shared/adapters/imap/imap-login.ts';
import { ImapServer } from '../../../shared/domain/endpoint.ts';
import { accountOf } from '../../../shared/domain/pair.ts';

const server = (host: string, change: object = {}): ImapServer =>
  ImapServer.parse({ kind: 'imap', host, login: { mode: 'user' }, ...change });
const ann = { emailAddress: 'ann@contoso.test', userName: 'ann' };

describe('the identity of a mailbox', () => {
  it.each([
    ['Mail.Contoso.test', 'mail.contoso.test'],
    ['mail.contoso.test.', 'mail.contoso.test'],
    ['localhost', '127.0.0.1'],
    ['LOCALHOST', '127.0.0.1'],
    ['::1', '127.0.0.1'],
    ['[::1]', '127.0.0.1'],
    ['127.0.1.1', '127.0.0.1'],
  ])('is the same at %s and %s', (one, other) => {
    expect(identityOf(server(one), ann)).toBe(identityOf(server(other), ann));
  });

  it.each([
    ['ANN', undefined, 'ann', undefined],
    ['ann', 'Shared/', 'ann', 'Shared'],
    ['ann', '', 'ann', undefined],
  ])('is the same for %s below %s and %s below %s', (one, oneRoot, other, otherRoot) => {
    const identity = (userName: string, userRoot: string | undefined): string =>
      identityOf(server('mail.contoso.test'), { ...ann, userName, userRoot });

    expect(identity(one, oneRoot)).toBe(identity(other, otherRoot));
  });

  it('is another one at another port, for another user and below another root', () => {
    const identities = [
      identityOf(server('mail'), ann),
      identityOf(server('mail', { port: 1143 }), ann),
      identityOf(server('mail'), { ...ann, userName: 'bob' }),
      identityOf(server('mail'), { ...ann, userRoot: 'Shared' }),
    ];

    expect(new Set(identities).size).toBe(identities.length);
  });

  it.each([
    ['imap://old.test/ann', 'ann'],
    ['imap://old.test:1143/Ann@contoso.test#Shared/ann', 'ann'],
    ['imap://new.test/contoso\\ann', 'ann'],
    ['imap://new.test/@contoso.test', '@contoso.test'],
  ])('%s is of the account %s', (identity, account) => {
    expect(accountOf(identity)).toBe(account);
  });
});
