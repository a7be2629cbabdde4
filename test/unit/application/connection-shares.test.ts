import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { connectionShare, mailboxLimit } from '../../../shared/domain/connection-shares.ts';
import { Endpoint } from '../../../shared/domain/endpoint.ts';

const server = { kind: 'imap', host: 'mail.contoso.test', login: { mode: 'user' } };

function endpoint(limits: object): Endpoint {
  return Endpoint.parse({ name: 'contoso', type: 'imap', source: server, target: server, ...limits });
}

describe('the connections of an endpoint', () => {
  it('are as many for each mailbox as it may have where nothing bounds them all', () => {
    const limits = endpoint({ maxConnectionsPerMailbox: 4 });

    expect(mailboxLimit(limits, 'initial')).toBe(20);
    expect(mailboxLimit(limits, 'incremental')).toBe(10);
    expect(connectionShare(limits)).toBe(4);
  });

  it('are divided among the mailboxes that may be open', () => {
    const limits = endpoint({ maxConcurrentMigrations: 5, maxConnectionsPerMailbox: 4, maxConnections: 12 });

    expect(connectionShare(limits)).toBe(2);
  });

  it('bound the mailboxes themselves where there are fewer', () => {
    const limits = endpoint({ maxConnectionsPerMailbox: 4, maxConnections: 3 });

    expect(mailboxLimit(limits, 'initial')).toBe(3);
    expect(mailboxLimit(limits, 'incremental')).toBe(3);
    expect(connectionShare(limits)).toBe(1);
  });

  it('are never more than maxConnections, and every mailbox has one', () => {
    const whole = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
    fc.assert(
      fc.property(whole(100), whole(16), whole(1600), (maxConcurrentMigrations, each, maxConnections) => {
        const limits = endpoint({ maxConcurrentMigrations, maxConnectionsPerMailbox: each, maxConnections });
        const share = connectionShare(limits);

        expect(share).toBeGreaterThanOrEqual(1);
        expect(share).toBeLessThanOrEqual(each);
        expect(mailboxLimit(limits, 'initial') * share).toBeLessThanOrEqual(maxConnections);
      }),
    );
  });
});
