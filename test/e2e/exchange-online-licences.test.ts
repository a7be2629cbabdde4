import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import PostalMime from 'postal-mime';
import type { MailboxView } from '../../shared/contract/mailbox-view.ts';
import { errorCatalogue, type ErrorCode } from '../../shared/domain/error-catalogue.ts';
import { DirectorySimulator } from '../../simulator/directory/directory-simulator.ts';
import { ExchangeOnlineSimulator } from '../../simulator/exchange-online/exchange-online-simulator.ts';
import type { UserOptions } from '../../simulator/exchange-online/store/online-user.ts';
import { ExchangeSimulator } from '../../simulator/exchange/exchange-simulator.ts';
import { PracticeMailbox } from '../../simulator/exchange/practice-mailbox.ts';
import type { CommandEnd } from '../support/e2e/command.ts';
import { readReport } from '../support/e2e/csv.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import { fillExchange } from '../support/exchange/fill-exchange.ts';
import { practiceApplication } from '../support/exchange-online/online-endpoint.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';

const e3 = { skuId: '05e9a617-0261-4cee-bb44-138d3ef5d965', skuPartNumber: 'SPE_E3' };
const initialDomain = 'contoso.onmicrosoft.com';
const deliveryDomain = 'contoso.mail.onmicrosoft.com';
const environment = {
  EXCHANGE_PASSWORD: 'source-pw',
  DIRECTORY_PASSWORD: 'directory-pw',
  APPLICATION_SECRET: practiceApplication.secret,
};
const hour = 3_600_000;
const messages = 8;
const patienceMs = 300_000;

/** What each of them is like at the target. */
const people: Readonly<Record<string, Partial<UserOptions>>> = {
  anna: { licences: [e3.skuId] },
  // Its mailbox is there a few looks after its licence.
  later: { mailbox: false },
  trapped: {
    mailbox: false,
    exchangeGuid: true,
    licences: [e3.skuId],
    licensedSince: new Date(Date.now() - 3 * hour),
  },
  // Nothing at the source tells why it never comes.
  never: { mailbox: false, exchangeGuid: true, licences: [e3.skuId] },
  unlucky: { mailbox: false },
  // In the second batch, whose endpoint gives no licences.
  bob: { licences: [e3.skuId] },
  unlicensed: { mailbox: false },
};
const names = Object.keys(people);
const waves = { first: names.slice(0, 5), second: names.slice(5) };
/** `later` gets the last one. */
const units = 5;

describe('Mailboxes of Exchange Online that do not come', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stagecoach-clock-'));
  /** By how many milliseconds the program's clock is ahead. */
  const clock = join(folder, 'ahead');
  writeFileSync(clock, '0');
  let directory: DirectorySimulator;
  let exchange: ExchangeSimulator;
  let online: ExchangeOnlineSimulator;
  let workspace: Workspace;

  beforeAll(async () => {
    const mailboxes = names.map((name) => new PracticeMailbox(addressOf(name)));
    for (const mailbox of mailboxes)
      fillExchange(mailbox, generateMailbox({ seed: mailbox.address, folders: 2, messages }));
    exchange = await ExchangeSimulator.start({
      mailboxes,
      accounts: [{ name: 'CONTOSO\\migadmin', password: environment.EXCHANGE_PASSWORD, opens: '*' }],
      auth: ['NTLM'],
    });
    directory = await DirectorySimulator.start({
      domain: 'contoso.test',
      recipients: names.map((name) => ({ name, displayName: name, address: addressOf(name), kind: 'user-mailbox' })),
      accounts: [{ names: ['migadmin@contoso.test'], password: environment.DIRECTORY_PASSWORD, rights: 'everything' }],
    });
    const noGuid = new Map([['msexchmailboxguid', { name: 'msExchMailboxGuid', values: [] }]]);
    directory.tree.find(`CN=never,OU=Staff,${directory.base}`)?.replaceAll(noGuid);
    online = await ExchangeOnlineSimulator.start({
      provisioning: { polls: 3 },
      tenants: [
        {
          domains: ['contoso.test', deliveryDomain],
          initialDomain,
          synchronised: true,
          applications: [practiceApplication],
          skus: [{ ...e3, enabled: units }],
          users: names.map((name) => userOf(directory, name)),
        },
      ],
    });
    workspace = new Workspace({
      ...environment,
      NODE_OPTIONS: `--import=${join(import.meta.dirname, '../support/exchange-online/shifted-clock.mjs')}`,
      SHIFTED_CLOCK: clock,
    });
  }, patienceMs);

  afterAll(async () => {
    await workspace.remove();
    await Promise.all([exchange.stop(), directory.close(), online.stop()]);
    rmSync(folder, { recursive: true });
  });

  function orders(wave: keyof typeof waves, target: Readonly<Record<string, unknown>>): readonly string[] {
    const endpoint = workspace.writeEndpoint({
      ...{ name: `contoso-${wave}`, type: 'staged', maxConcurrentMigrations: 1, defaults: { settleAfter: 1 } },
      source: {
        ...{ kind: 'exchange', ewsUrl: exchange.ewsUrl, auth: 'ntlm', access: 'fullAccess' },
        login: { mode: 'admin', user: 'CONTOSO\\migadmin', secret: 'env:EXCHANGE_PASSWORD' },
      },
      directory: {
        ...{ url: directory.url, base: directory.base, user: 'migadmin@contoso.test', tls: { ca: directory.ca } },
        secret: 'env:DIRECTORY_PASSWORD',
      },
      target: {
        ...{ kind: 'exchange-online', tenant: initialDomain, clientId: practiceApplication.clientId },
        ...{ secret: 'env:APPLICATION_SECRET', mail: 'graph', deliveryDomain },
        practice: { login: online.url, graph: online.url },
        ...target,
      },
    } as { readonly name: string });
    const csv = workspace.write(`${wave}.csv`, `EmailAddress\n${waves[wave].map(addressOf).join('\n')}\n`);
    return ['run', '--endpoint', endpoint, '--csv', csv, '--json'];
  }

  describe('of a batch whose endpoint gives licences', () => {
    let end: CommandEnd;
    let mailboxes: readonly MailboxView[];

    beforeAll(async () => {
      const run = workspace.start(...orders('first', { licence: { sku: e3.skuPartNumber, usageLocation: 'DE' } }));
      const isThere = (): boolean => online.tenants[0]?.user(addressOf('later'))?.mailbox !== undefined;
      while (!isThere() && !run.ended) await sleep(20);
      writeFileSync(clock, String(25 * hour));
      end = await run.end;
      mailboxes = await workspace.listMailboxes('first');
    }, patienceMs);

    const problems = [
      { what: 'no licence is left for', name: 'unlucky', code: 'LICENCES_EXHAUSTED' },
      { what: 'msExchMailboxGuid keeps from', name: 'trapped', code: 'MAILBOX_GUID_SYNCED' },
      { what: 'nothing explains the absence of', name: 'never', code: 'TARGET_MAILBOX_NOT_READY' },
    ] as const;

    it.each(problems)('shows a row that $what its mailbox, with code, cause and fix', ({ name, code }) => {
      expectProblem({ end, mailboxes }, name, code);
    });

    it('mails them when the others are prepared, and when these are copied', async () => {
      const [prepared, finished] = await mailsOf('first');

      for (const { name, code } of problems) {
        for (const mail of [prepared, finished]) {
          expect(mail).toContain(addressOf(name));
          expect(mail).toContain(code);
          expect(mail).toContain(errorCatalogue[code].cause);
          expect(mail).toContain(errorCatalogue[code].fix);
        }
      }
    });

    it('migrates those that were there and those that came later', () => {
      expectMigrated({ end, mailboxes }, ['anna', 'later']);
      expect(shownBatch(end)).toMatchObject({ status: 'SyncedWithErrors', counts: { synced: 2, failed: 3 } });
      expect(end.code).toBe(5);
    });
  });

  describe('of a batch whose endpoint gives none', () => {
    let end: CommandEnd;
    let mailboxes: readonly MailboxView[];

    beforeAll(async () => {
      end = await workspace.call(...orders('second', {}));
      mailboxes = await workspace.listMailboxes('second');
    }, patienceMs);

    it('shows a row whose user lacks one, with code, cause and fix, also by mail', async () => {
      expectProblem({ end, mailboxes }, 'unlicensed', 'TARGET_USER_UNLICENSED');
      for (const mail of await mailsOf('second')) expect(mail).toContain(errorCatalogue.TARGET_USER_UNLICENSED.fix);
    });

    it('migrates the others', () => {
      expectMigrated({ end, mailboxes }, ['bob']);
    });
  });

  interface Outcome {
    readonly end: CommandEnd;
    readonly mailboxes: readonly MailboxView[];
  }

  function expectProblem({ end, mailboxes }: Outcome, name: string, code: ErrorCode): void {
    const mailbox = addressOf(name);
    const { cause, fix } = errorCatalogue[code];
    expect(mailboxes.find((one) => one.mailbox === mailbox)).toMatchObject({ status: 'Failed', error: { code, fix } });
    const rows = readReport(shownBatch(end).reports.errors ?? '').filter((row) => row['EmailAddress'] === mailbox);
    expect(rows).toEqual([expect.objectContaining({ ErrorCode: code, Cause: cause, Fix: fix })]);
    expect(rows[0]?.['ErrorMessage']).not.toBe('');
  }

  function expectMigrated({ mailboxes }: Outcome, migrated: readonly string[]): void {
    for (const name of migrated) {
      const items = { total: messages, copied: messages };
      const mailbox = mailboxes.find((one) => one.mailbox === addressOf(name));
      expect(mailbox).toMatchObject({ status: 'Synced', error: null, items });
      expect(online.mailbox(addressOf(name)).items()).toHaveLength(messages);
    }
  }

  /** Texts of a batch's mails, the first one first, with lines that were broken joined again. */
  async function mailsOf(batch: string): Promise<readonly string[]> {
    const mails = join(workspace.data, 'mail');
    const parsed = await Promise.all(
      readdirSync(mails)
        .sort()
        .map((name) => PostalMime.parse(readFileSync(join(mails, name)))),
    );
    const own = parsed.filter(({ subject }) => subject?.includes(`"${batch}"`) === true);
    expect(own).toHaveLength(2);
    return own.map(({ text = '' }) => text.replace(/\s+/g, ' '));
  }
});

function addressOf(name: string): string {
  return `${name}@contoso.test`;
}

/** As directory synchronisation has made it. */
function userOf({ tree, base }: DirectorySimulator, name: string): UserOptions {
  const guid = tree.find(`CN=${name},OU=Staff,${base}`)?.guid;
  return {
    userPrincipalName: addressOf(name),
    proxyAddresses: [`SMTP:${addressOf(name)}`, `smtp:${name}@${deliveryDomain}`],
    synchronised: guid?.toString('base64'),
    ...people[name],
  };
}
