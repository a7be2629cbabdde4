import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { JsonObject } from '../json-object.ts';
import { OnlineUser, type UserOptions } from './online-user.ts';

/** An app registration with its rights. */
export interface PracticeApplication {
  readonly clientId: string;
  readonly secret?: string | undefined;
  /** PEM of the certificate that its assertions are signed with. */
  readonly certificate?: string | undefined;
  /** Application permissions that were granted, as `Mail.ReadWrite`; all by default. */
  readonly permissions?: '*' | readonly string[] | undefined;
  /** Addresses of the mailboxes that it may open (RBAC for Applications); all by default. */
  readonly mailboxes?: '*' | readonly string[] | undefined;
}

export interface PracticeSku {
  readonly skuId: string;
  readonly skuPartNumber: string;
  /** Units that were bought. */
  readonly enabled: number;
  /** Names of its service plans; one of Exchange by default. */
  readonly plans?: readonly string[] | undefined;
}

/** Where an organisation of Microsoft 365 is. */
export type PracticeCloud = 'global' | 'usgov' | 'usgov-dod' | 'china';

export interface TenantOptions {
  readonly id?: string | undefined;
  readonly displayName?: string | undefined;
  /** The worldwide one by default. */
  readonly cloud?: PracticeCloud | undefined;
  /** Verified domains, the first is the default one; the initial domain comes by itself. */
  readonly domains?: readonly string[] | undefined;
  /** As contoso.onmicrosoft.com. */
  readonly initialDomain?: string | undefined;
  /** Directory synchronisation: on, was on, never. */
  readonly synchronised?: boolean | null | undefined;
  readonly applications: readonly PracticeApplication[];
  readonly skus?: readonly PracticeSku[] | undefined;
  readonly users?: readonly UserOptions[] | undefined;
}

/** An invitation, update or cancellation that Exchange would have sent. */
export interface Invitation {
  readonly mailbox: string;
  readonly what: 'invitation' | 'update' | 'cancellation' | 'online-meeting' | 'mail';
  readonly recipients: number;
}

/** An organisation of Microsoft 365. */
export class PracticeTenant {
  readonly id: string;
  readonly displayName: string;
  readonly cloud: PracticeCloud;
  readonly domains: readonly string[];
  readonly initialDomain: string;
  readonly applications: PracticeApplication[];
  readonly skus: PracticeSku[];
  readonly users: OnlineUser[] = [];
  /** Further objects with addresses: groups and contacts, as Graph shows them. */
  readonly groups: JsonObject[] = [];
  readonly contacts: JsonObject[] = [];
  /** The trap: what would have gone out to people. Nothing ever should. */
  readonly invitations: Invitation[] = [];
  synchronised: boolean | null;
  readonly #clock: Clock;

  constructor(options: TenantOptions, clock: Clock) {
    this.#clock = clock;
    this.id = options.id ?? randomUUID();
    this.displayName = options.displayName ?? 'Contoso';
    this.cloud = options.cloud ?? 'global';
    this.initialDomain = options.initialDomain ?? 'contoso.onmicrosoft.com';
    this.domains = [...new Set([...(options.domains ?? ['contoso.test']), this.initialDomain])];
    this.synchronised = options.synchronised ?? null;
    this.applications = [...options.applications];
    this.skus = [...(options.skus ?? [])];
    for (const user of options.users ?? []) this.addUser(user);
  }

  addUser(options: UserOptions): OnlineUser {
    const user = new OnlineUser(options, this.#clock);
    this.users.push(user);
    return user;
  }

  /** By id, user principal name or address. */
  user(name: string): OnlineUser | undefined {
    const wanted = name.toLowerCase();
    return this.users.find(
      (user) =>
        user.id === wanted || user.userPrincipalName.toLowerCase() === wanted || user.mail?.toLowerCase() === wanted,
    );
  }

  is(name: string): boolean {
    const wanted = name.toLowerCase();
    return wanted === this.id.toLowerCase() || this.domains.some((domain) => domain.toLowerCase() === wanted);
  }

  consumed(skuId: string): number {
    return this.users.filter((user) => user.licences.includes(skuId)).length;
  }
}
