/** Sessions of this process that may still be writing: what they have begun is not half done but under way. */
export class OpenSessions {
  readonly #open = new Set<string>();

  begin(session: string): void {
    this.#open.add(session);
  }

  end(session: string): void {
    this.#open.delete(session);
  }

  isOpen(session: string): boolean {
    return this.#open.has(session);
  }
}

/** Those of all mailboxes: several connections to one mailbox know of each other. */
export const openSessions = new OpenSessions();
