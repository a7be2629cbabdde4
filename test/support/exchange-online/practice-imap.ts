import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExchangeOnlineSimulator } from '../../../simulator/exchange-online/exchange-online-simulator.ts';
import { outlookAudience } from '../../../simulator/exchange-online/sign-in/sign-in.ts';
import { DovecotServer } from '../dovecot/dovecot-server.ts';
import { snapshotDovecot, type MailboxSnapshot } from '../mail/snapshot-mailbox.ts';

export interface PracticeImap {
  /** `practice.imap` of an endpoint's target. */
  readonly place: { readonly host: string; readonly port: number; readonly tls: { readonly acceptUntrusted: true } };
  /** How often Dovecot has asked whether a token is good. */
  readonly asked: () => number;
  /** Whose mailbox the application may open (Full Access). */
  readonly allow: (user: string) => void;
  /** What the mailbox holds, by another sign-in than the product's. */
  readonly snapshot: () => Promise<MailboxSnapshot>;
  readonly stop: () => Promise<void>;
}

/**
 * The IMAP side of a practice Exchange Online for one user: a Dovecot that knows no password that anybody has, and asks
 * by introspection (RFC 7662) whether the token that it was shown is one that the practice sign-in gave out for Outlook.
 */
export async function startPracticeImap(simulator: ExchangeOnlineSimulator, user: string): Promise<PracticeImap> {
  let allowed = user;
  let asked = 0;
  const introspection = createServer((request, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/json');
    try {
      simulator.tokens.check(request.headers.authorization, [outlookAudience]);
      response.end(JSON.stringify({ active: true, email: allowed }));
    } catch {
      response.end(JSON.stringify({ active: false }));
    }
  });
  await new Promise<void>((resolve) => introspection.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'practice-imap-'));
  const settings = join(folder, 'oauth2.conf');
  const port = String((introspection.address() as AddressInfo).port);
  const lines = [
    `introspection_url = http://127.0.0.1:${port}/introspect`,
    'introspection_mode = auth',
    'username_attribute = email',
    'active_attribute = active',
    'active_value = true',
  ];
  writeFileSync(settings, `${lines.join('\n')}\n`);
  const dovecot = await DovecotServer.start({
    users: { [user]: 'a-password-that-nobody-uses' },
    tokens: {},
    extraConfig: `passdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = ${settings}\n}`,
  });
  return {
    place: { host: '127.0.0.1', port: dovecot.imapsPort, tls: { acceptUntrusted: true } },
    asked: () => asked,
    allow: (other) => {
      allowed = other;
    },
    snapshot: () => snapshotDovecot(dovecot, user),
    stop: async () => {
      await dovecot.stop();
      introspection.closeAllConnections();
      await new Promise((resolve) => introspection.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}
