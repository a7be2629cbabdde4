import type { ExchangeServer } from '../../domain/endpoint.ts';
import { TransientError } from '../../domain/errors.ts';
import type { OutOfOfficeSource } from '../../ports/out-of-office-source.ts';
import type { OutOfOffice } from '../../ports/target-directory.ts';
import { rightOrThrow } from './ews-connection.ts';
import { at } from '../exchange-http/connection-errors.ts';
import { escapeXml } from '../exchange-http/escape-xml.ts';
import type { ExchangeServices } from '../exchange-http/exchange-account.ts';
import { signIn } from './ews-sign-in.ts';
import { childOf, find, textOf, type XmlElement } from './xml/xml-element.ts';
import { momentOfText } from './xml/xml-values.ts';

/**
 * Out-of-office settings by EWS, in the form that Exchange 2007 SP1 has and newer ones kept:
 * https://learn.microsoft.com/exchange/client-developer/web-service-reference/getuseroofsettings-operation
 */
export function ewsOutOfOffice(server: ExchangeServer, services: ExchangeServices): OutOfOfficeSource {
  return {
    async read(mailbox, signal) {
      const connection = await signIn(services, server, { mailbox, signal });
      try {
        const { host } = connection.transport;
        const answer = await connection.call({
          operation: 'GetUserOofSettings',
          body: askedFor(mailbox.emailAddress),
          onMessage: (message) => void rightOrThrow(message, host),
        });
        // Of one mailbox: there is no list of messages around the one that says how it went.
        const message = find(answer, 'ResponseMessage');
        if (message !== undefined) rightOrThrow(message, host);
        return settingsOf(find(answer, 'OofSettings'), { host, now: services.clock.now() });
      } finally {
        connection.close();
      }
    },
  };
}

/** The address names the mailbox, whoever asks: its owner, a delegate, or somebody in the owner's place. */
function askedFor(address: string): string {
  return `<m:GetUserOofSettingsRequest><t:Mailbox><t:Address>${escapeXml(address)}</t:Address></t:Mailbox></m:GetUserOofSettingsRequest>`;
}

function settingsOf(
  settings: XmlElement | undefined,
  { host, now }: { readonly host: string; readonly now: number },
): OutOfOffice | undefined {
  if (settings === undefined) return undefined;
  const duration = childOf(settings, 'Duration');
  const [from, until] = [textOf(duration, 'StartTime'), textOf(duration, 'EndTime')].map(utc);
  const known = {
    internalReply: replyOf(settings, 'InternalReply'),
    externalReply: replyOf(settings, 'ExternalReply'),
    externalAudience: audienceOf(textOf(settings, 'ExternalAudience')),
  };
  const always = { ...known, from: null, until: null };
  switch (textOf(settings, 'OofState')) {
    case 'Disabled':
      return { ...always, state: 'disabled' };
    case 'Enabled':
      return { ...always, state: 'always' };
    case 'Scheduled':
      if (from === undefined || until === undefined) break;
      // Exchange leaves an absence that is over as it was; Exchange Online takes no end that lies in the past.
      if (Date.parse(until) <= now) return { ...always, state: 'disabled' };
      return { ...known, state: 'scheduled', from, until };
    case undefined:
    default:
  }
  throw new TransientError({ code: 'SERVER_MISBEHAVES', message: at(host, 'its out-of-office answer says no state.') });
}

/** The times of an absence are in UTC, with or without saying so. */
function utc(time: string | undefined): string | undefined {
  return momentOfText(time)?.toISOString();
}

function replyOf(settings: XmlElement, name: 'InternalReply' | 'ExternalReply'): string | null {
  const text = textOf(childOf(settings, name), 'Message') ?? '';
  return text.trim() === '' ? null : text;
}

function audienceOf(text: string | undefined): OutOfOffice['externalAudience'] {
  if (text === 'All') return 'all';
  return text === 'Known' ? 'contacts' : 'none';
}
