import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { MailboxView } from '../../shared/contract/mailbox-view.ts';
import { describeWithDovecot } from '../support/dovecot/describe-with-dovecot.ts';
import { DovecotPair } from '../support/dovecot/dovecot-pair.ts';
import { readReport } from '../support/e2e/csv.ts';
import { imapEndpoint } from '../support/e2e/imap-endpoint.ts';
import { shownBatch, Workspace } from '../support/e2e/workspace.ts';
import type { CommandEnd } from '../support/e2e/command.ts';
import { generateMailbox } from '../support/mail/generate-mailbox.ts';
import { seedMailbox } from '../support/mail/seed-mailbox.ts';

const password = 'pw';
const good = ['anna@contoso.test', 'bob@contoso.test'];
const wrongPassword = 'wrong@contoso.test';
const missing = 'missing@contoso.test';
const full = 'full@contoso.test';
const large = 'large@contoso.test';
const users = Object.fromEntries([...good, wrongPassword, missing, full, large].map((name) => [name, password]));
const usersAtTarget = Object.fromEntries(Object.entries(users).filter(([name]) => name !== missing));

const csv = [
  'EmailAddress,UserName,Password',
  `anna@contoso.test,anna@contoso.test,${password}`,
  `${wrongPassword},${wrongPassword},not-the-password`,
  `${missing},${missing},${password}`,
  `${full},${full},${password}`,
  `${large},${large},${password}`,
  `Anna@Contoso.test,anna@contoso.test,${password}`,
  `no-address,no-address,${password}`,
  `bob@contoso.test,bob@contoso.test,${password}`,
  '',
].join('\n');

describeWithDovecot('A batch in which much is wrong', () => {
  let servers: DovecotPair;
  let workspace: Workspace;
  let end: CommandEnd;
  let mailboxes: readonly MailboxView[];

  beforeAll(async () => {
    servers = await DovecotPair.start({ users }, { users: usersAtTarget, quota: '2M', maxMailSize: '300K' });
    for (const name of [...good, wrongPassword, missing]) {
      seedMailbox(servers.source, name, generateMailbox({ seed: name, folders: 3, messages: 20, bytes: 100_000 }));
    }
    seedMailbox(
      servers.source,
      full,
      generateMailbox({ seed: full, folders: 1, messages: 30, huge: 25, hugeBytes: 200_000 }),
    );
    seedMailbox(
      servers.source,
      large,
      generateMailbox({ seed: large, messages: 20, bytes: 100_000, huge: 1, hugeBytes: 400_000 }),
    );
    workspace = new Workspace();
    const endpoint = imapEndpoint({
      name: 'contoso',
      source: { port: servers.source.imapPort },
      target: { port: servers.target.imapPort },
    });
    end = await workspace.call(
      ...['run', '--endpoint', workspace.writeEndpoint(endpoint)],
      ...['--csv', workspace.write('mixed.csv', csv), '--json'],
    );
    mailboxes = await workspace.listMailboxes('mixed');
  });

  afterAll(async () => {
    await workspace.remove();
    await servers.stop();
  });

  const problems = [
    { what: 'a wrong password', row: 2, status: 'Failed', code: 'SOURCE_SIGN_IN_FAILED' },
    { what: 'a mailbox that is missing at the target', row: 3, status: 'Failed', code: 'TARGET_SIGN_IN_FAILED' },
    { what: 'a full target mailbox', row: 4, status: 'Failed', code: 'TARGET_MAILBOX_FULL' },
    { what: 'an item that the target refuses', row: 5, status: 'Synced', code: 'ITEMS_NOT_COPIED' },
    { what: 'a duplicate', row: 6, status: 'Failed', code: 'CSV_ADDRESS_DUPLICATE' },
    { what: 'an address that is none', row: 7, status: 'Failed', code: 'CSV_ADDRESS_INVALID' },
  ] as const;

  it.each(problems)('shows $what as a row with its code and a fix', ({ row, status, code }) => {
    const mailbox = mailboxes.find((one) => one.row === row);

    expect(mailbox).toMatchObject({ status, error: { code } });
    expect(mailbox?.error?.message).not.toBe('');
    expect(mailbox?.error?.fix).not.toBe('');
  });

  it('finishes the other mailboxes and ends with exit code 5', async () => {
    expect(end.code).toBe(5);
    expect(shownBatch(end)).toMatchObject({
      status: 'SyncedWithErrors',
      counts: { total: 8, synced: 3, failed: 5, active: 0, queued: 0 },
    });
    for (const name of good) {
      expect(mailboxes.find(({ mailbox }) => mailbox === name)).toMatchObject({ status: 'Synced', error: null });
      expect(await servers.differences([name])).toEqual([]);
    }
  });

  it('copies everything but the item that the target refuses, and lists that one', async () => {
    const { reports } = shownBatch(end);
    const differences = await servers.differences([large]);

    expect(differences).toEqual([expect.stringMatching(/missing at the target: UID \d+, 4\d{5} bytes/)]);
    const skipped = readReport(reports.skipped ?? '').filter((row) => row['EmailAddress'] === large);
    expect(skipped).toEqual([expect.objectContaining({ Outcome: 'failed', ReasonCode: 'ITEM_TOO_LARGE' })]);
  });

  it('names each problem in MigrationErrors.csv as on the screen', () => {
    const { reports } = shownBatch(end);
    const rows = readReport(reports.errors ?? '').map((row) => ({ row: Number(row['Row']), code: row['ErrorCode'] }));

    expect(rows.sort((left, right) => left.row - right.row)).toEqual(problems.map(({ row, code }) => ({ row, code })));
  });
});
