import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { JsonObject } from '../json-object.ts';
import { OnlineMailbox } from './online-mailbox.ts';

export interface UserOptions {
  readonly userPrincipalName: string;
  readonly id?: string | undefined;
  readonly displayName?: string | undefined;
  /** The user principal name by default; null: none. */
  readonly mail?: string | null | undefined;
  /** `SMTP:` marks the primary one; `SMTP:<mail>` by default. */
  readonly proxyAddresses?: readonly string[] | undefined;
  readonly usageLocation?: string | undefined;
  readonly accountEnabled?: boolean | undefined;
  /** From the on-premises directory; with `true` an immutable id is made up. */
  readonly synchronised?: boolean | string | undefined;
  readonly provisioningErrors?: readonly JsonObject[] | undefined;
  /** Has a mailbox from the start (default), or gets one with a licence. */
  readonly mailbox?: boolean | undefined;
  /** Had a mailbox on premises that is still synchronised: Exchange Online will never give it one. */
  readonly exchangeGuid?: boolean | undefined;
  /** SKU ids. */
  readonly licences?: readonly string[] | undefined;
  /** Since when it has those licences; its making by default. */
  readonly licensedSince?: Date | undefined;
  /** Octets that the mailbox takes. */
  readonly quota?: number | undefined;
  /** Octets of the largest message that the mailbox takes (MaxReceiveSize); 36 MB by default. */
  readonly largestMessage?: number | undefined;
  readonly purpose?: 'user' | 'linked' | 'shared' | 'room' | 'equipment' | 'others' | undefined;
}

/** When a mailbox is there after a licence was assigned: both must have passed. */
export interface Provisioning {
  /** Requests that find no mailbox first. */
  readonly polls?: number | undefined;
  readonly ms?: number | undefined;
}

/** A user of the directory, with or without a mailbox. */
export class OnlineUser {
  readonly id: string;
  readonly userPrincipalName: string;
  readonly mail: string | undefined;
  displayName: string;
  proxyAddresses: readonly string[];
  usageLocation: string | undefined;
  accountEnabled: boolean;
  readonly immutableId: string | undefined;
  provisioningErrors: readonly JsonObject[];
  exchangeGuid: boolean;
  licences: string[];
  /** When the last of them was assigned, epoch milliseconds. */
  licensedSince: number;
  purpose: NonNullable<UserOptions['purpose']>;
  /** What was set by PATCH, but for passwords: of these only that they were set. */
  passwordChanges: { readonly forceChange: boolean }[] = [];
  readonly #options: UserOptions;
  readonly #clock: Clock;
  #mailbox: OnlineMailbox | undefined;
  #due: { readonly at: number; polls: number } | undefined;

  constructor(options: UserOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.id = options.id ?? randomUUID();
    this.userPrincipalName = options.userPrincipalName;
    this.mail = options.mail === undefined ? options.userPrincipalName : (options.mail ?? undefined);
    this.displayName = options.displayName ?? options.userPrincipalName.replace(/@.*/, '');
    this.proxyAddresses = options.proxyAddresses ?? (this.mail === undefined ? [] : [`SMTP:${this.mail}`]);
    this.usageLocation = options.usageLocation;
    this.accountEnabled = options.accountEnabled ?? true;
    this.immutableId =
      options.synchronised === true
        ? Buffer.from(this.id).toString('base64')
        : options.synchronised === false
          ? undefined
          : options.synchronised;
    this.provisioningErrors = options.provisioningErrors ?? [];
    this.exchangeGuid = options.exchangeGuid ?? false;
    this.licences = [...(options.licences ?? [])];
    this.licensedSince = options.licensedSince?.getTime() ?? clock.now();
    this.purpose = options.purpose ?? 'user';
    if (options.mailbox !== false) this.#mailbox = this.#newMailbox();
  }

  /** The mailbox as an inspecting test sees it. */
  get mailbox(): OnlineMailbox | undefined {
    return this.#mailbox;
  }

  /** Called when an Exchange licence was assigned; a mailbox that is there stays. */
  provision({ polls = 0, ms = 0 }: Provisioning): void {
    this.licensedSince = this.#clock.now();
    if (this.#mailbox !== undefined) return;
    this.#due ??= { at: this.#clock.now() + ms, polls };
  }

  /** Called when the last Exchange licence was taken before the mailbox was there. */
  cancelProvisioning(): void {
    this.#due = undefined;
  }

  /** The mailbox as a request finds it: each look counts, as one poll. */
  lookForMailbox(): OnlineMailbox | undefined {
    if (this.#mailbox !== undefined || this.#due === undefined || this.exchangeGuid) return this.#mailbox;
    if (this.#due.polls > 0) {
      this.#due.polls -= 1;
      return undefined;
    }
    if (this.#clock.now() < this.#due.at) return undefined;
    this.#mailbox = this.#newMailbox();
    return this.#mailbox;
  }

  #newMailbox(): OnlineMailbox {
    return new OnlineMailbox({
      address: this.mail ?? this.userPrincipalName,
      clock: this.#clock,
      quota: this.#options.quota,
      largestMessage: this.#options.largestMessage,
    });
  }
}
