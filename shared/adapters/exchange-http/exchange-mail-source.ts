import { MailboxBlockedError } from '../../domain/errors.ts';
import { exchangeMapsPrefix } from '../../domain/pair.ts';
import type { Logger } from '../../ports/logger.ts';
import type { MailSource, SourceMailbox } from '../../ports/mail-source.ts';
import type { ObjectStore } from '../../ports/object-store.ts';
import { ItemMapStore } from '../item-map/item-map-store.ts';
import type { ExchangeServices, SignInRequest } from './exchange-account.ts';

export interface ExchangeSourceServices extends ExchangeServices {
  /** Where the maps of items are kept. */
  readonly objects: Pick<ObjectStore, 'create' | 'get'>;
  readonly log?: Logger | undefined;
}

/** Mailboxes of an Exchange, whatever protocol `open` speaks. */
export function exchangeMailSource(
  { objects, log }: ExchangeSourceServices,
  open: (request: SignInRequest, maps: ItemMapStore) => Promise<SourceMailbox>,
): MailSource {
  return {
    async open(mailbox, signal) {
      if (mailbox.userRoot !== undefined) {
        const message = 'The row names a UserRoot, which only IMAP knows; leave the column empty.';
        throw new MailboxBlockedError({ code: 'USER_ROOT_UNSUPPORTED', message });
      }
      const prefix = exchangeMapsPrefix(mailbox.emailAddress);
      return open({ mailbox, signal }, new ItemMapStore({ objects, prefix, log }));
    },
  };
}
