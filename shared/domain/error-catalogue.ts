/** Who must act on an error. */
export type Actor = 'admin' | 'source-admin' | 'target-admin' | 'user' | 'operator' | 'nobody';

export interface CatalogueEntry {
  /** One line: what is wrong. */
  readonly text: string;
  readonly cause: string;
  readonly fix: string;
  readonly actor: Actor;
  /** Microsoft's own words for the same thing, so that a web search finds the entry. */
  readonly aliases?: readonly string[];
}

/**
 * Every code that a report, mail, screen or log may show. No code without a cause and a fix (tested); docs/errors.md is
 * generated from here.
 */
export const errorCatalogue = {
  SOURCE_SIGN_IN_FAILED: {
    text: 'The source server refused the sign-in.',
    cause:
      'The user name or password in the CSV (or of the admin account) is wrong, the account is locked, or IMAP is switched off for it.',
    fix: 'Sign in by hand with the same user name and password, correct the row, and upload the CSV again under the same batch name.',
    actor: 'admin',
    aliases: [
      "We had trouble signing in to this account. Confirm that you're using the correct user name and password.",
    ],
  },
  TARGET_SIGN_IN_FAILED: {
    text: 'The target server refused the sign-in.',
    cause: 'The target mailbox does not exist, its password is wrong, or the admin account may not open it.',
    fix: 'Create the mailbox, or correct TargetUserName and TargetPassword (or the admin account of the endpoint), and start the batch again.',
    actor: 'target-admin',
    aliases: [
      "A recipient wasn't found for user@contoso.com on the target. Create a recipient of the appropriate type for this migration on the target and try again.",
    ],
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
