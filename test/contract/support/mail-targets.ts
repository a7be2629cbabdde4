import { exchangeOnlineTarget } from '../../../shared/adapters/graph/exchange-online-target.ts';
import { imapMailTarget } from '../../../shared/adapters/imap/imap-mail-target.ts';
import { systemClock } from '../../../shared/adapters/local/system-clock.ts';
import { ExchangeOnline, ImapServer } from '../../../shared/domain/endpoint.ts';
import type { TargetMailbox } from '../../../shared/ports/mail-target.ts';
import { MemoryObjectStore } from '../../support/builders/memory-object-store.ts';
import { requireDovecot } from '../../support/dovecot/describe-with-dovecot.ts';
import { DovecotServer } from '../../support/dovecot/dovecot-server.ts';
import { startPracticeImap } from '../../support/exchange-online/practice-imap.ts';
import { withStreams } from './imported-messages.ts';
import { anna, startSimulator, targetOf } from '../../integration/graph-mailbox/support/graph-world.ts';

export interface OpenTargets {
  /** Another connection to the same mailbox. */
  readonly open: () => Promise<TargetMailbox>;
  readonly stop: () => Promise<void>;
}

export interface MailTargetOfKind {
  readonly name: string;
  readonly start: () => Promise<OpenTargets>;
}

const credentials = { emailAddress: anna, userName: anna, password: 'pw' };

/** Dovecot by IMAP. */
const imap: MailTargetOfKind = {
  name: 'IMAP (Dovecot)',
  start: async () => {
    const server = await DovecotServer.start({ users: { [anna]: 'pw' }, fsync: 'never' });
    const target = imapMailTarget(
      ImapServer.parse({
        kind: 'imap',
        host: '127.0.0.1',
        port: server.imapPort,
        security: 'none',
        login: { mode: 'user' },
      }),
      { clock: systemClock, secrets: () => Promise.resolve('') },
    );
    return {
      open: () => target.open(credentials, new AbortController().signal),
      stop: () => server.stop(),
    };
  },
};

/** The practice Exchange Online by Graph. */
const graph: MailTargetOfKind = {
  name: 'Graph (practice Exchange Online)',
  start: async () => {
    const simulator = await startSimulator();
    const objects = new MemoryObjectStore();
    const target = exchangeOnlineTarget(ExchangeOnline.parse(targetOf(simulator)), {
      clock: systemClock,
      secrets: () => Promise.resolve('master'),
      objects,
    });
    return {
      open: () => target.open(credentials, new AbortController().signal),
      stop: () => simulator.stop(),
    };
  },
};

/** The practice Exchange Online by IMAP, at a Dovecot that checks each token. */
const imapWithTokens: MailTargetOfKind = {
  name: 'IMAP with OAuth (practice Exchange Online)',
  start: async () => {
    const simulator = await startSimulator();
    const server = await startPracticeImap(simulator, anna);
    const file = targetOf(simulator);
    const practice = { login: simulator.url, graph: simulator.url, imap: server.place };
    const target = exchangeOnlineTarget(ExchangeOnline.parse({ ...file, mail: 'imap', practice }), {
      clock: systemClock,
      secrets: () => Promise.resolve('master'),
      objects: new MemoryObjectStore(),
    });
    return {
      open: () => target.open(credentials, new AbortController().signal),
      stop: async () => {
        await server.stop();
        await simulator.stop();
      },
    };
  },
};

/** The practice Exchange Online by mailbox import: what comes without a stream is not written at all. */
const imports: MailTargetOfKind = {
  name: 'mailbox import (practice Exchange Online)',
  start: async () => {
    const simulator = await startSimulator();
    const target = exchangeOnlineTarget(ExchangeOnline.parse({ ...targetOf(simulator), mail: 'fts' }), {
      clock: systemClock,
      secrets: () => Promise.resolve('master'),
      objects: new MemoryObjectStore(),
    });
    // Then nothing goes another way unseen.
    simulator.play({ method: 'POST', path: /\/messages$/, status: 500, times: 1_000_000 });
    return {
      open: async () => withStreams(await target.open(credentials, new AbortController().signal)),
      stop: () => simulator.stop(),
    };
  },
};

/** Without Dovecot what needs none is tested. */
export const mailTargets: readonly MailTargetOfKind[] =
  requireDovecot() === undefined ? [imap, imapWithTokens, graph, imports] : [graph, imports];
