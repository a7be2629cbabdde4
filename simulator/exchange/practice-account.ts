import { isSameName } from './same-name.ts';

export interface PracticeAccount {
  /** `CONTOSO\migadmin` or `anna@contoso.test`. */
  readonly name: string;
  readonly password: string;
  /** Addresses of the mailboxes that it may open; `*`: all. */
  readonly opens: readonly string[] | '*';
  /** Address of its own mailbox, where its name is none. */
  readonly mailbox?: string | undefined;
  /** May act in the place of others (ApplicationImpersonation). */
  readonly impersonates?: boolean | undefined;
}

export function accountNamed(accounts: readonly PracticeAccount[], name: string): PracticeAccount | undefined {
  return accounts.find((account) => isSameName(account.name, name));
}

export function mayOpen({ opens }: PracticeAccount, address: string): boolean {
  return opens === '*' || opens.some((name) => isSameName(name, address));
}
