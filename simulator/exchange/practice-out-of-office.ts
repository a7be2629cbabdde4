import { find, type XmlElement } from '../../shared/adapters/ews/xml/xml-element.ts';
import type { EwsWorld } from './ews-world.ts';
import { escaped } from './practice-content.ts';

/** As a user of Outlook sets it; texts are HTML. */
export interface PracticeOutOfOffice {
  readonly state: 'Disabled' | 'Enabled' | 'Scheduled';
  readonly externalAudience?: 'None' | 'Known' | 'All' | undefined;
  /** In UTC, as Exchange tells it: without saying so. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
  readonly internalReply?: string | undefined;
  readonly externalReply?: string | undefined;
}

/** An answer of its own form: one message, and the settings beside it. */
export function getUserOofSettings(world: Pick<EwsWorld, 'mailbox'>, operation: XmlElement): string {
  const mailbox = world.mailbox(find(operation, 'Address')?.text);
  if (typeof mailbox === 'string') return answered('Error', mailbox, '');
  const { state, externalAudience, from, until, internalReply, externalReply } = mailbox.outOfOffice;
  const reply = (name: string, text = ''): string =>
    `<t:${name} xml:lang="en-US"><t:Message>${escaped(text)}</t:Message></t:${name}>`;
  const settings =
    `<t:OofSettings><t:OofState>${state}</t:OofState><t:ExternalAudience>${externalAudience ?? 'All'}</t:ExternalAudience>` +
    `<t:Duration><t:StartTime>${from ?? '2007-01-01T00:00:00'}</t:StartTime><t:EndTime>${until ?? '2007-01-02T00:00:00'}</t:EndTime></t:Duration>` +
    `${reply('InternalReply', internalReply)}${reply('ExternalReply', externalReply)}</t:OofSettings><m:AllowExternalOof>All</m:AllowExternalOof>`;
  return answered('Success', 'NoError', settings);
}

function answered(responseClass: 'Success' | 'Error', code: string, settings: string): string {
  const text = responseClass === 'Error' ? `<m:MessageText>${code}</m:MessageText>` : '';
  const message = `<m:ResponseMessage ResponseClass="${responseClass}">${text}<m:ResponseCode>${code}</m:ResponseCode></m:ResponseMessage>`;
  return `<m:GetUserOofSettingsResponse>${message}${settings}</m:GetUserOofSettingsResponse>`;
}
