import type { DirectoryCheck } from './directory-check.ts';

/** A domain of the organisation. */
export interface TargetDomain {
  readonly name: string;
  readonly isVerified: boolean;
  /** The tenant's first one, *.onmicrosoft.com. */
  readonly isInitial: boolean;
  /** Takes mail (supportedServices contains Email). */
  readonly takesMail: boolean;
  /** Its users sign in elsewhere (authenticationType Federated): a password set here would not count. */
  readonly isFederated: boolean;
}

export interface TargetOrganisation {
  readonly name: string;
  /** onPremisesSyncEnabled: true; false: it was on once; null: never. */
  readonly directorySync: 'on' | 'off' | 'never';
  /** ISO 8601; null where it never ran. */
  readonly lastSyncAt: string | null;
  readonly domains: readonly TargetDomain[];
}

/** A user of the organisation: mail-enabled, or with a mailbox. */
export interface TargetRecipient {
  /** Object id. */
  readonly id: string;
  readonly userPrincipalName: string;
  /** As stored, prefix included (`SMTP:`, `smtp:`, `x500:`). */
  readonly proxyAddresses: readonly string[];
  /** Whether directory sync keeps it. */
  readonly isSynced: boolean;
  /** onPremisesImmutableId, base64; null for a user that was made in the cloud. */
  readonly immutableId: string | null;
  /** onPremisesProvisioningErrors and serviceProvisioningErrors, in words. */
  readonly syncErrors: readonly string[];
  /** A plan of Exchange Online is among its licences, whoever gave it (group-based ones included). */
  readonly isLicensed: boolean;
  /** Since when the plan of Exchange Online is assigned (assignedPlans); ISO 8601, null where it cannot be told. */
  readonly licensedSince: string | null;
  readonly usageLocation: string | null;
  readonly accountEnabled: boolean;
  /** Other objects with the same address, in words ("the group Sales"): mail would not know where to go. */
  readonly clashes: readonly string[];
}

export type FoundTargetRecipient =
  | { readonly outcome: 'none' }
  /** No user has the address, but a group or contact has; in words. */
  | { readonly outcome: 'not-a-user'; readonly what: string }
  | { readonly outcome: 'several'; readonly names: readonly string[] }
  | { readonly outcome: 'found'; readonly recipient: TargetRecipient };

export type MailboxState =
  /** `user`, `shared`, `room`, `equipment`, ... as mailboxSettings/userPurpose says. */
  | { readonly state: 'ready'; readonly purpose: string }
  /** `code` and `text` are the server's, e.g. MailboxNotEnabledForRESTAPI. */
  | { readonly state: 'absent'; readonly code: string; readonly text: string };

/** `exhausted`: no unit of the SKU is left. `unknown-sku`: the organisation has none of that id or name. */
export type LicenceOutcome = 'assigned' | 'already' | 'exhausted' | 'unknown-sku';

/** The out-of-office switch; texts as HTML, null where none is to be set. */
export interface OutOfOffice {
  readonly state: 'disabled' | 'always' | 'scheduled';
  /** ISO 8601 in UTC; of a schedule only. */
  readonly from: string | null;
  readonly until: string | null;
  readonly internalReply: string | null;
  readonly externalReply: string | null;
  readonly externalAudience: 'none' | 'contacts' | 'all';
}

/**
 * The directory of the organisation that mailboxes move to. Every method rejects with one of the five kinds:
 * TransientError where a later try may succeed (retryAfterMs where the server named a time), ConfigurationError
 * TARGET_RIGHT_MISSING (naming the right) where the application may not ask, MailboxBlockedError where one user cannot
 * be changed. Every write may be repeated.
 */
export interface TargetDirectory {
  organisation(signal: AbortSignal): Promise<TargetOrganisation>;
  /** By any SMTP address, without prefix, in any case. */
  findRecipient(address: string, signal: AbortSignal): Promise<FoundTargetRecipient>;
  /** By object id; `none` when it is gone. */
  readRecipient(id: string, signal: AbortSignal): Promise<FoundTargetRecipient>;

  /** Units of a SKU (id or part number) that nobody uses; undefined: the organisation has no such SKU. */
  freeLicences(sku: string, signal: AbortSignal): Promise<number | undefined>;
  /** Sets the usage location where the user has none, then assigns. A user that has the SKU is left alone. */
  assignLicence(
    id: string,
    licence: { readonly sku: string; readonly usageLocation: string },
    signal: AbortSignal,
  ): Promise<LicenceOutcome>;

  /** Whether the mailbox is there and can be opened. */
  mailboxState(id: string, signal: AbortSignal): Promise<MailboxState>;

  /** MailboxBlockedError TARGET_PASSWORD_REFUSED where the organisation's password rules refuse it. */
  setPassword(
    id: string,
    change: { readonly password: string; readonly forceChange: boolean },
    signal: AbortSignal,
  ): Promise<void>;

  setOutOfOffice(id: string, settings: OutOfOffice, signal: AbortSignal): Promise<void>;

  /** Looks at sign-in and at each right that preparation needs. Never rejects for what the far side does. */
  check(signal: AbortSignal): Promise<readonly DirectoryCheck[]>;
}
