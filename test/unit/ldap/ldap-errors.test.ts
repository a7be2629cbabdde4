import { describe, expect, it } from '@jest/globals';
import {
  BusyError,
  InsufficientAccessError,
  InvalidCredentialsError,
  NoSuchObjectError,
  UnavailableError,
} from 'ldapts';
import { ldapError, openingError } from '../../../shared/adapters/ldap/ldap-errors.ts';

const host = 'dc1.contoso.test';

describe('a refused sign-in', () => {
  it.each([
    ['525', 'no such account'],
    ['52e', 'user name or the password is wrong'],
    ['530', 'at this time of the day'],
    ['531', 'from this machine'],
    ['532', 'has expired'],
    ['533', 'disabled'],
    ['701', 'account has expired'],
    ['773', 'must change its password'],
    ['775', 'locked out'],
  ])('says why: %s', (code, words) => {
    const text = `80090308: LdapErr: DSID-0C090446, comment: AcceptSecurityContext error, data ${code}, v3839`;
    expect(ldapError(new InvalidCredentialsError(text), { host, phase: 'sign-in' })).toMatchObject({
      name: 'ConfigurationError',
      code: 'DIRECTORY_SIGN_IN_FAILED',
      message: expect.stringContaining(words),
    });
  });

  it('shows the words of a server that gives no reason of that kind', () => {
    expect(ldapError(new InvalidCredentialsError('no'), { host, phase: 'sign-in' })).toMatchObject({
      code: 'DIRECTORY_SIGN_IN_FAILED',
      message: expect.stringContaining('no (LDAP result 49)'),
    });
  });
});

describe('results of a directory', () => {
  it.each([
    [new BusyError(), 'modify', 'TransientError', 'DIRECTORY_UNREACHABLE'],
    [new UnavailableError(), 'search', 'TransientError', 'DIRECTORY_UNREACHABLE'],
    [new InsufficientAccessError(), 'modify', 'MailboxBlockedError', 'DIRECTORY_WRITE_DENIED'],
    [new InsufficientAccessError(), 'search', 'ConfigurationError', 'DIRECTORY_NO_RECIPIENTS'],
    [new NoSuchObjectError(), 'search', 'ConfigurationError', 'DIRECTORY_NO_RECIPIENTS'],
    [
      new Error('Connection closed before message response was received.'),
      'modify',
      'TransientError',
      'DIRECTORY_UNREACHABLE',
    ],
    [new Error('ModifyRequest: Operation timed out'), 'modify', 'TransientError', 'DIRECTORY_UNREACHABLE'],
  ] as const)('are one of the five kinds: %s in %s', (error, phase, name, code) => {
    expect(ldapError(error, { host, phase })).toMatchObject({ name, code });
  });

  it('leaves a defect alone', () => {
    const defect = new TypeError('x is not a function');
    expect(ldapError(defect, { host, phase: 'search' })).toBe(defect);
    expect(openingError(defect, host)).toBe(defect);
  });
});
