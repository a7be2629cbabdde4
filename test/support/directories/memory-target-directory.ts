import type {
  FoundTargetRecipient,
  MailboxState,
  OutOfOffice,
  TargetDirectory,
  TargetOrganisation,
  TargetRecipient,
} from '../../../shared/ports/target-directory.ts';
import type { DirectoryCheck } from '../../../shared/ports/directory-check.ts';
import { immutableIdOf } from './memory-source-directory.ts';

interface Stored {
  recipient: TargetRecipient;
  /** Looks that find no mailbox; Infinity: there never is one. */
  looksLeft: number;
}

/** An organisation in the cloud that forgets, and remembers what was asked of it. */
export class MemoryTargetDirectory {
  readonly #users = new Map<string, Stored>();
  organisation: TargetOrganisation = {
    name: 'Contoso',
    directorySync: 'on',
    lastSyncAt: '2026-11-20T09:30:00Z',
    domains: [
      { name: 'contoso.test', isVerified: true, isInitial: false, takesMail: true, isFederated: false },
      { name: 'contoso.onmicrosoft.com', isVerified: true, isInitial: true, takesMail: true, isFederated: false },
    ],
  };
  /** Units left of the one SKU, whatever it is called. */
  licences: number | undefined = 100;
  readonly assigned: string[] = [];
  readonly passwords: { readonly id: string; readonly password: string; readonly forceChange: boolean }[] = [];
  readonly outOfOffice = new Map<string, OutOfOffice>();
  checks: readonly DirectoryCheck[] = [];
  beforeCall: (name: string) => void = () => undefined;

  add(address: string, change: Partial<TargetRecipient> & { readonly looks?: number } = {}): void {
    const { looks = 0, ...rest } = change;
    const local = address.slice(0, address.indexOf('@'));
    const recipient: TargetRecipient = {
      id: `user-${address}`,
      userPrincipalName: address,
      proxyAddresses: [`SMTP:${address}`, `smtp:${local}@contoso.mail.onmicrosoft.com`],
      isSynced: true,
      immutableId: immutableIdOf(address),
      syncErrors: [],
      isLicensed: true,
      licensedSince: null,
      usageLocation: 'DE',
      accountEnabled: true,
      clashes: [],
      ...rest,
    };
    this.#users.set(recipient.id, { recipient, looksLeft: looks });
  }

  remove(address: string): void {
    this.#users.delete(`user-${address}`);
  }

  readonly port: TargetDirectory = {
    organisation: () => this.#step('organisation', () => this.organisation),
    findRecipient: (address) =>
      this.#step('findRecipient', () =>
        this.#found(({ proxyAddresses }) =>
          proxyAddresses.some((one) => one.toLowerCase() === `smtp:${address.toLowerCase()}`),
        ),
      ),
    readRecipient: (id) => this.#step('readRecipient', () => this.#found((one) => one.id === id)),
    freeLicences: () => this.#step('freeLicences', () => this.licences),
    assignLicence: (id) =>
      this.#step('assignLicence', () => {
        const user = this.#users.get(id);
        if (this.licences === undefined || user === undefined) return 'unknown-sku';
        if (user.recipient.isLicensed) return 'already';
        if (this.licences === 0) return 'exhausted';
        this.licences -= 1;
        this.assigned.push(id);
        user.recipient = { ...user.recipient, isLicensed: true };
        return 'assigned';
      }),
    mailboxState: (id) => this.#step('mailboxState', () => this.#state(id)),
    setPassword: (id, { password, forceChange }) =>
      this.#step('setPassword', () => void this.passwords.push({ id, password, forceChange })),
    setOutOfOffice: (id, settings) => this.#step('setOutOfOffice', () => void this.outOfOffice.set(id, settings)),
    check: () => Promise.resolve(this.checks),
  };

  #step<Result>(name: string, work: () => Result): Promise<Result> {
    return Promise.resolve().then(() => {
      this.beforeCall(name);
      return work();
    });
  }

  #state(id: string): MailboxState {
    const user = this.#users.get(id);
    const absent = { state: 'absent', code: 'MailboxNotEnabledForRESTAPI', text: 'There is no mailbox.' } as const;
    if (user?.recipient.isLicensed !== true) return absent;
    if (user.looksLeft <= 0) return { state: 'ready', purpose: 'user' };
    user.looksLeft -= 1;
    return absent;
  }

  #found(is: (recipient: TargetRecipient) => boolean): FoundTargetRecipient {
    const found = [...this.#users.values()].map(({ recipient }) => recipient).filter(is);
    const [first] = found;
    if (first === undefined) return { outcome: 'none' };
    if (found.length > 1) return { outcome: 'several', names: found.map(({ userPrincipalName }) => userPrincipalName) };
    return { outcome: 'found', recipient: first };
  }
}
