import type { AttributeValues, ConversionPlan } from '../../../shared/domain/conversion-plan.ts';
import type {
  FoundSourceRecipient,
  OpenSourceDirectory,
  SourceDirectory,
  SourceRecipient,
} from '../../../shared/ports/source-directory.ts';
import type { DirectoryCheck } from '../../../shared/ports/directory-check.ts';

type Stored = SourceRecipient & { targetAddress: string | null };

/** An on-premises directory that forgets, and remembers every write. */
export class MemorySourceDirectory {
  readonly #recipients = new Map<string, Stored>();
  /** Every value that targetAddress of a recipient has had, the first one included. */
  readonly writes: { readonly id: string; readonly value: string | null }[] = [];
  checks: readonly DirectoryCheck[] = [];
  /** Asked before each call: throws what the directory is to fail with. */
  beforeCall: (name: string) => void = () => undefined;
  /** Asked after each call was done: throws where its answer is to be lost. */
  afterCall: (name: string) => void = () => undefined;
  /** Told of each value that is written to targetAddress, as it is written. */
  onWrite: (write: { readonly id: string; readonly value: string | null }) => void = () => undefined;
  /** Which domain controller answers. */
  server = 'dc1.contoso.test';
  readonly converted = new Map<string, ConversionPlan>();

  add(recipient: Partial<SourceRecipient> & { readonly primaryAddress: string }): void {
    const id = recipient.id ?? `guid-of-${recipient.primaryAddress}`;
    this.#recipients.set(id, {
      id,
      dn: `CN=${recipient.primaryAddress},OU=Staff,DC=contoso,DC=test`,
      kind: 'user-mailbox',
      isMigratable: true,
      reason: null,
      proxyAddresses: [`SMTP:${recipient.primaryAddress}`],
      targetAddress: null,
      immutableIds: [immutableIdOf(recipient.primaryAddress)],
      hasMailboxGuid: false,
      legacyExchangeDn: `/o=Contoso/ou=First/cn=Recipients/cn=${recipient.primaryAddress}`,
      exchangeVersion: '2007',
      mayForward: 'yes',
      ...recipient,
    });
  }

  remove(address: string): void {
    this.#recipients.delete(`guid-of-${address}`);
  }

  /** As somebody else would. */
  setByHand(address: string, targetAddress: string | null): void {
    this.#at(address).targetAddress = targetAddress;
  }

  forwardingOf(address: string): string | null {
    return this.#at(address).targetAddress;
  }

  #at(address: string): Stored {
    const found = [...this.#recipients.values()].find((one) => one.primaryAddress === address);
    if (found === undefined) throw new Error(`There is no recipient ${address}`);
    return found;
  }

  readonly port: SourceDirectory = {
    open: () => {
      this.beforeCall('open');
      return Promise.resolve(this.#session());
    },
    check: () => Promise.resolve(this.checks),
  };

  #session(): OpenSourceDirectory {
    const step = <Result>(name: string, work: () => Result): Promise<Result> =>
      Promise.resolve().then(() => {
        this.beforeCall(name);
        const result = work();
        this.afterCall(name);
        return result;
      });
    return {
      server: this.server,
      findRecipient: (address) => step('findRecipient', () => this.#found((one) => hasAddress(one, address))),
      readRecipient: (id) => step('readRecipient', () => this.#found((one) => one.id === id)),
      setForwarding: ({ id, expected, next }) =>
        step('setForwarding', () => {
          const recipient = this.#recipients.get(id);
          const actual = recipient?.targetAddress ?? null;
          if (actual === next) return { outcome: 'already' } as const;
          if (recipient === undefined || actual !== expected) return { outcome: 'conflict', actual } as const;
          recipient.targetAddress = next;
          this.writes.push({ id, value: next });
          this.onWrite({ id, value: next });
          return { outcome: 'set' } as const;
        }),
      planConversion: ({ id, forwarding }) =>
        step('planConversion', () => {
          const recipient = this.#recipients.get(id);
          if (recipient === undefined) return { outcome: 'refused', reason: 'The recipient is gone.' } as const;
          if (this.converted.has(id)) return { outcome: 'already' } as const;
          if (recipient.targetAddress !== forwarding)
            return { outcome: 'refused', reason: 'Its targetAddress is another one.' } as const;
          const homeMdb = (values: readonly string[]): AttributeValues => ({
            name: 'homeMDB',
            encoding: 'text',
            values,
          });
          const plan = { id, dn: recipient.dn, before: [homeMdb(['CN=Store'])], after: [homeMdb([])] };
          return { outcome: 'planned', plan } as const;
        }),
      convert: (plan) =>
        step('convert', () => {
          if (this.converted.has(plan.id)) return { outcome: 'already' } as const;
          this.converted.set(plan.id, plan);
          return { outcome: 'changed' } as const;
        }),
      revertConversion: (plan) =>
        step('revertConversion', () =>
          this.converted.delete(plan.id) ? ({ outcome: 'changed' } as const) : ({ outcome: 'already' } as const),
        ),
      close: () => Promise.resolve(),
    };
  }

  #found(is: (recipient: SourceRecipient) => boolean): FoundSourceRecipient {
    const found = [...this.#recipients.values()].filter(is);
    const [first] = found;
    if (first === undefined) return { outcome: 'none' };
    if (found.length > 1) return { outcome: 'several', dns: found.map(({ dn }) => dn) };
    return { outcome: 'found', recipient: { ...first } };
  }
}

function hasAddress({ proxyAddresses }: SourceRecipient, address: string): boolean {
  return proxyAddresses.some((one) => one.toLowerCase() === `smtp:${address.toLowerCase()}`);
}

export function immutableIdOf(address: string): string {
  return Buffer.from(address).toString('base64');
}
