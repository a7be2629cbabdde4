import type { GraphCall } from '../graph-call.ts';
import { objectsAt, type JsonObject } from '../json-object.ts';
import { mailboxOf } from '../mailbox-of-call.ts';
import type { Invitation } from '../store/tenant.ts';

/**
 * Notes what the service would send to people: an event with attendees invites them, a change tells them, a deletion
 * cancels, and an online meeting makes one. No setting of a request keeps it from doing so.
 */
export function noteInvitation(call: GraphCall, what: Invitation['what'], properties: JsonObject): void {
  const recipients = objectsAt(properties, 'attendees').length;
  const { address } = mailboxOf(call);
  if (recipients > 0) call.tenant.invitations.push({ mailbox: address, what, recipients });
  if (what !== 'cancellation' && properties['isOnlineMeeting'] === true)
    call.tenant.invitations.push({ mailbox: address, what: 'online-meeting', recipients });
}
