import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCatalogue, type CatalogueEntry } from '../../shared/domain/error-catalogue.ts';

const entries: [string, CatalogueEntry][] = Object.entries(errorCatalogue);

/** Everything of the program that may use a code, the catalogue itself left out. */
const program = ['shared', 'functions', 'local', 'cli', 'infra']
  .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
  .filter((file) => file.isFile() && file.name.endsWith('.ts') && file.name !== 'error-catalogue.ts')
  .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'))
  .join('\n');

describe('the error catalogue', () => {
  it.each(entries)('%s has a sentence, a cause and a fix', (_code, { text, cause, fix }) => {
    // Microsoft's own texts stand as they are, without a full stop.
    expect(text).toMatch(/^[A-Z][^\n]{10,}$/);
    for (const part of [cause, fix]) expect(part).toMatch(/^\S[^\n]{5,}\.$/);
  });

  const shown = entries.filter(([, { toBeFound }]) => toBeFound === undefined);
  it.each(shown)('%s is used by the program', (code) => {
    // Codes that exist for both sides are put together from SOURCE or TARGET and the rest.
    const rest = /^(?:SOURCE|TARGET)_(.+)$/.exec(code)?.[1] ?? code;
    expect(program.includes(code) || program.includes(`_${rest}`) || program.includes(`'${rest}'`)).toBe(true);
  });

  it('says of each entry that the program does not use why it is there all the same', () => {
    const others = entries.filter(([, { toBeFound }]) => toBeFound !== undefined);
    for (const [, { toBeFound }] of others) expect(toBeFound).toMatch(/^[A-Z][^\n]{20,}\.$/);
    expect(others.map(([code]) => code).filter((code) => program.includes(`'${code}'`))).toEqual([]);
  });

  it.each([
    "A recipient wasn't found for user@contoso.com on the target.",
    "We had trouble signing in to this account. Confirm that you're using the correct user name and password.",
    'This mailbox is full. Please free up some space so that email can be downloaded.',
    'timed out after 00:00:15',
    'could not be completed',
    'The migration batch already exists.',
    'A Windows Live error occurred while provisioning for',
    "can't be migrated because they contain errors",
    "Couldn't connect to the source mailbox",
    "couldn't be found in the on-premises domain",
    "A valid primary e-mail address couldn't be found in the cloud-based service.",
    "Microsoft Exchange couldn't sign in to the user's on-premises account.",
    "The user's mailbox has already been migrated.",
    'no longer being synchronised',
    "We weren't able to connect to the remote server.",
    '0x6ba',
    'cli_NspiBind',
    'is not a valid SMTP address',
    'A different type of Active Directory object already exists for',
    'UserAlreadyBeingMigratedException',
    'is already being moved',
    'Cannot find a recipient that has mailbox GUID',
    'matches multiple entries',
    'TooManyBadItemsPermanentException',
    'TooManyMissingItemsPermanentException',
    'TooManyLargeItemsPermanentException',
    'The job encountered too many transient failures',
    'CommunicationErrorTransientException',
    'MRSProxyConnectionLimitReachedTransientException',
    'Application-specific password required',
    'TLS negotiation',
    'IPF.Imap',
    'StalledDueToTarget_MdbAvailability',
    'StalledDueToTarget_MdbReplication',
    'StalledDueToSource_',
    'Job is poisoned, poison count = 6.',
    'no email could be downloaded for 5 hours, 0 minutes.',
    'The job has not made progress since',
    'IdFix',
    'Start-ADSyncSyncCycle -PolicyType Delta',
    "Upload file can't be empty",
    'The CSV file contains more than 50,000 rows.',
    'is missing from the CSV file.',
    'has the wrong number of columns. Expected number: 3.',
  ])('is found by the words of Microsoft: %s', (words) => {
    expect(entries.filter(([, { aliases = [] }]) => aliases.some((alias) => alias.includes(words)))).not.toEqual([]);
  });

  it('has no code that the program uses and it does not know', () => {
    const used = new Set([...program.matchAll(/\bcode: '([A-Z]+(?:_[A-Z]+)+)'/g)].map((match) => match[1]!));
    expect([...used].filter((code) => !Object.hasOwn(errorCatalogue, code))).toEqual([]);
  });
});
