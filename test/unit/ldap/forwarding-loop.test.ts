import { describe, expect, it } from '@jest/globals';
import { forwardingLoop } from '../../../shared/adapters/ldap/forwarding-loop.ts';

const question = {
  proxyAddresses: [
    'SMTP:anna@contoso.test',
    'smtp:anna@contoso.mail.onmicrosoft.com',
    'smtp:anna@other.test',
    'x500:/o=Contoso/cn=anna',
  ],
  primaryAddress: 'anna@contoso.test',
  mail: 'anna@contoso.test',
  ownDomains: new Set(['contoso.test', 'contoso.mail.onmicrosoft.com']),
};

describe('forwarding in a circle', () => {
  it.each(['SMTP:anna@contoso.test', 'SMTP:ANNA@CONTOSO.TEST', 'SMTP:new@contoso.test'])('is seen: %s', (next) => {
    expect(forwardingLoop({ ...question, next })).toEqual(expect.any(String));
  });

  it.each(['', 'anna@contoso.test', 'X400:c=de', 'SMTP:nobody'])(
    'is not risked with what is no address: %p',
    (next) => {
      expect(forwardingLoop({ ...question, next })).toBe('The address to forward to is no SMTP address.');
    },
  );

  it('is none where the tenant takes the mail, although a hybrid set-up gave the mailbox that address', () => {
    expect(forwardingLoop({ ...question, next: 'SMTP:anna@contoso.mail.onmicrosoft.com' })).toBeUndefined();
    expect(forwardingLoop({ ...question, next: 'SMTP:anna@contoso.partner.onmschina.cn' })).toBeUndefined();
  });

  it('is seen in any address of the mailbox where the organisation does not say which domains it keeps', () => {
    const next = 'smtp:anna@other.test';
    expect(forwardingLoop({ ...question, next, ownDomains: new Set() })).toEqual(expect.any(String));
    expect(forwardingLoop({ ...question, next })).toBeUndefined();
  });

  it('is none to a domain of others', () => {
    expect(forwardingLoop({ ...question, next: 'SMTP:anna@far.test' })).toBeUndefined();
  });
});
