import type { ConversionPlan } from '../domain/conversion-plan.ts';
import type { DirectoryCheck } from './directory-check.ts';

/** A recipient of the Exchange organisation, as its directory knows it. */
export interface SourceRecipient {
  /** objectGUID in its usual text form, lower case: stays when the object is moved or renamed. */
  readonly id: string;
  /** Distinguished name as it is now, for reports. */
  readonly dn: string;
  readonly kind:
    | 'user-mailbox'
    | 'linked-mailbox'
    | 'legacy-mailbox'
    | 'shared-mailbox'
    | 'room-mailbox'
    | 'equipment-mailbox'
    | 'remote-mailbox'
    | 'mail-user'
    | 'contact'
    | 'group'
    | 'system'
    | 'unknown';
  /** Whether a staged migration takes it: the mailboxes of users, linked, legacy, shared, room and equipment ones. */
  readonly isMigratable: boolean;
  /** Why not, as a sentence for the admin; null where it is. */
  readonly reason: string | null;
  /** The one `SMTP:` value of proxyAddresses, else `mail`, without prefix and as written; null where it has neither. */
  readonly primaryAddress: string | null;
  /** As stored, prefix included (`SMTP:`, `smtp:`, `x500:`). */
  readonly proxyAddresses: readonly string[];
  /** As stored, e.g. `SMTP:a.person@contoso.mail.onmicrosoft.com`; null where mail is not forwarded. */
  readonly targetAddress: string | null;
  /**
   * What directory sync may have made of the object as onPremisesImmutableId, in base64: ms-DS-ConsistencyGuid where it
   * is set, and objectGUID. The target's user is this recipient when its id is one of them.
   */
  readonly immutableIds: readonly string[];
  /** msExchMailboxGuid is set: when directory sync carries it over, a licence creates no mailbox in the cloud. */
  readonly hasMailboxGuid: boolean;
  readonly legacyExchangeDn: string | null;
  /** Of the mailbox (msExchVersion; 2003 has none, but has homeMDB); null where it cannot be told. */
  readonly exchangeVersion: '2003' | '2007' | '2010' | '2013' | '2016 or later' | null;
  /** Whether the signed-in account may write targetAddress here (allowedAttributesEffective). */
  readonly mayForward: 'yes' | 'no' | 'unknown';
}

export type FoundSourceRecipient =
  | { readonly outcome: 'none' }
  /** The same address on several objects: nobody knows which one is meant. */
  | { readonly outcome: 'several'; readonly dns: readonly string[] }
  | { readonly outcome: 'found'; readonly recipient: SourceRecipient };

/**
 * `set`: it is `next` now, and was not before. `already`: it was `next` before the call (an earlier call whose answer was
 * lost). `conflict`: it was neither `expected` nor `next`; nothing was written.
 */
export type ForwardingOutcome =
  | { readonly outcome: 'set' }
  | { readonly outcome: 'already' }
  | { readonly outcome: 'conflict'; readonly actual: string | null };

export type PlannedConversion =
  | { readonly outcome: 'planned'; readonly plan: ConversionPlan }
  /** It is a mail-enabled user with this forwarding address. */
  | { readonly outcome: 'already' }
  /** A guard of the directory speaks against it: another forwarding address, unknown type, no mailbox; in words. */
  | { readonly outcome: 'refused'; readonly reason: string };

/** As ForwardingOutcome; the modification is atomic, so `conflict` left everything as it was. */
export type ConversionOutcome =
  | { readonly outcome: 'changed' }
  | { readonly outcome: 'already' }
  | { readonly outcome: 'conflict'; readonly reason: string };

/**
 * A signed-in session at one domain controller: reads follow the session's own writes. Every method rejects with one of
 * the five kinds: TransientError DIRECTORY_UNREACHABLE where the connection is lost (whether a write was made is then
 * unknown, and the same call is made again: each is safe to repeat), MailboxBlockedError DIRECTORY_WRITE_DENIED where the
 * account may not write this object, ConfigurationError where no recipient could be read.
 */
export interface OpenSourceDirectory {
  /** Name of the domain controller that answers. */
  readonly server: string;

  /** By any of its SMTP addresses, without prefix, in any case. Groups and contacts are found too. */
  findRecipient(address: string): Promise<FoundSourceRecipient>;
  /** By objectGUID; `none` when the object is gone. */
  readRecipient(id: string): Promise<FoundSourceRecipient>;

  /**
   * Compare-and-set of targetAddress: becomes `next` if it is `expected` (null: absent). Nothing else of the object
   * changes. Compares the stored text exactly, but takes a value that equals `next` in all but case for `already`.
   * MailboxBlockedError FORWARDING_LOOP where `next` would send mail in a circle, unless it `restores` what was there first.
   */
  setForwarding(request: {
    readonly id: string;
    readonly expected: string | null;
    readonly next: string | null;
    readonly restores?: boolean;
  }): Promise<ForwardingOutcome>;

  /** Computes the modification, writes nothing. `forwarding`: the targetAddress it must have, as stored. */
  planConversion(request: {
    readonly id: string;
    readonly forwarding: string;
    /** legacyExchangeDN of the mailbox in the cloud, to be kept as an x500 address; null where it is not known. */
    readonly targetLegacyExchangeDn: string | null;
  }): Promise<PlannedConversion>;
  /** Makes `before` into `after` if the attributes still are as in `before`. */
  convert(plan: ConversionPlan): Promise<ConversionOutcome>;
  /** Makes `after` into `before` if the attributes still are as in `after`. */
  revertConversion(plan: ConversionPlan): Promise<ConversionOutcome>;

  close(): Promise<void>;
}

/** The Active Directory of an on-premises Exchange. */
export interface SourceDirectory {
  /**
   * Connects and signs in. ConfigurationError for the endpoint's settings (certificate, refused sign-in), TransientError
   * otherwise. `signal` ends everything at once.
   */
  open(signal: AbortSignal): Promise<OpenSourceDirectory>;

  /**
   * Looks at the directory: reached, certificate, signed in, recipients below the base, and, where `sample` names an
   * address, the right to write its targetAddress. Never rejects for what the far side does.
   */
  check(sample?: string): Promise<readonly DirectoryCheck[]>;
}
