import { PracticeMailbox } from '../../../simulator/exchange/practice-mailbox.ts';
import { DovecotServer } from '../dovecot/dovecot-server.ts';
import { fillExchange } from '../exchange/fill-exchange.ts';
import { generateMailbox } from '../mail/generate-mailbox.ts';
import { TcpFaultProxy } from '../tcp-fault-proxy.ts';
import { batchFile } from './csv.ts';
import { Workspace } from './workspace.ts';

const user = 'CONTOSO\\migadmin';
const password = 'source-pw';

/** Who may open every mailbox of the practice Exchange, and whose password no output may tell. */
export const administrator = { name: user, password, opens: '*' as const };

interface Beginning {
  /** Address to the number of generated messages. */
  readonly messages: Readonly<Record<string, number>>;
  readonly folders: number;
  /** What the well-known folders are called. */
  readonly names: ConstructorParameters<typeof PracticeMailbox>[1];
}

/** Mailboxes for a practice Exchange, a Dovecot behind a slow line to take them, and an admin's workspace. */
export class ExchangeBatch {
  readonly mailboxes: readonly PracticeMailbox[];
  readonly target: DovecotServer;
  readonly line: TcpFaultProxy;
  readonly environment = { EXCHANGE_PASSWORD: password };
  readonly workspace = new Workspace(this.environment);

  private constructor(mailboxes: readonly PracticeMailbox[], target: DovecotServer, line: TcpFaultProxy) {
    this.mailboxes = mailboxes;
    this.target = target;
    this.line = line;
  }

  static async start({ messages, folders, names }: Beginning): Promise<ExchangeBatch> {
    const mailboxes = Object.entries(messages).map(([address, count]) => {
      const mailbox = new PracticeMailbox(address, names);
      fillExchange(mailbox, generateMailbox({ seed: address, folders, messages: count }));
      return mailbox;
    });
    const target = await DovecotServer.start({ users: passwordsOf(mailboxes) });
    const line = await TcpFaultProxy.start(target.imapPort);
    line.setDelay({ toServerMs: 20, toClientMs: 20 });
    return new ExchangeBatch(mailboxes, target, line);
  }

  /** An endpoint's file; `source`: what it says of the Exchange beside the administrator's login. */
  endpoint(
    name: string,
    source: Readonly<Record<string, unknown>>,
    { port }: { readonly port: number } = this.line,
  ): string {
    const endpoint = {
      ...{ name, type: 'imap', maxConcurrentMigrations: 2, defaults: { settleAfter: 1 } },
      source: {
        kind: 'exchange',
        login: { mode: 'admin', user, secret: 'env:EXCHANGE_PASSWORD' },
        ...source,
      },
      target: { kind: 'imap', host: '127.0.0.1', port, security: 'none', login: { mode: 'user' } },
    };
    return this.workspace.writeEndpoint(endpoint);
  }

  /** `run` with all mailboxes. */
  order(endpoint: string): string[] {
    const csv = this.workspace.write('people.csv', batchFile(passwordsOf(this.mailboxes)));
    return ['run', '--endpoint', endpoint, '--csv', csv, '--json'];
  }

  /** One more message in the inbox of the first mailbox. */
  deliver(): void {
    const [mailbox] = this.mailboxes;
    const mime = Buffer.from('Message-ID: <new@contoso.test>\r\nSubject: new\r\n\r\nNew\r\n');
    mailbox?.addItem(mailbox.wellKnown('inbox')?.id ?? '', { mime: () => mime, received: new Date() });
  }

  async stop(): Promise<void> {
    await this.workspace.remove();
    await Promise.all([this.line.stop(), this.target.stop()]);
  }
}

/** At the target; the practice Exchange is opened by its administrator. */
function passwordsOf(mailboxes: readonly PracticeMailbox[]): Readonly<Record<string, string>> {
  return Object.fromEntries(mailboxes.map(({ address }) => [address, 'pw']));
}
