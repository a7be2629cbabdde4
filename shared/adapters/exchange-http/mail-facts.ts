import type { ItemFacts } from '../item-map/item-map.ts';

/** Item classes of what is no mail, though it may lie in a mail folder (deleted contacts, say). */
const otherClasses = /^IPM\.(?:Appointment|Contact|DistList|AbchPerson|Task|StickyNote|Activity|Configuration)\b/i;

/** PR_MESSAGE_FLAGS, [MS-OXCMSG] section 2.2.1.6: MSGFLAG_READ and MSGFLAG_UNSENT. */
const read = 0x1;
const unsent = 0x8;
/** PR_FLAG_STATUS, [MS-OXOFLAG] section 2.2.1.1: 2 is flagged, 1 is done. */
const flagged = '2';
/** PR_LAST_VERB_EXECUTED, [MS-OXOMSG] (PidTagLastVerbExecuted): replied, replied to all, forwarded. */
const replied: readonly string[] = ['102', '103'];
const forwarded = '104';

/** Properties of an item as the server writes them; undefined: it tells none. */
export interface ToldMail {
  readonly id: string;
  readonly itemClass: string | undefined;
  readonly size: string | undefined;
  /** Epoch milliseconds. */
  readonly receivedMs: number | undefined;
  /** Undefined: PR_MESSAGE_FLAGS says it. */
  readonly isRead: boolean | undefined;
  readonly messageFlags: string | undefined;
  readonly flagStatus: string | undefined;
  readonly lastVerb: string | undefined;
  readonly searchKey: string | undefined;
}

export function mailFacts(told: ToldMail): ItemFacts {
  const { id, itemClass = '', receivedMs = 0, searchKey = '' } = told;
  return {
    id,
    size: Math.max(0, Math.trunc(Number(told.size ?? 0)) || 0),
    received: Math.floor(receivedMs / 1000),
    flags: flagsOf(told),
    ...(otherClasses.test(itemClass) ? { notMail: itemClass } : {}),
    ...(searchKey === '' ? {} : { key: searchKey }),
  };
}

function flagsOf({ isRead, messageFlags, flagStatus, lastVerb = '' }: ToldMail): string[] {
  const bits = Number(messageFlags ?? 0);
  return [
    ...((isRead ?? (bits & read) !== 0) ? ['\\Seen'] : []),
    ...((bits & unsent) === 0 ? [] : ['\\Draft']),
    ...(flagStatus === flagged ? ['\\Flagged'] : []),
    ...(replied.includes(lastVerb) ? ['\\Answered'] : []),
    ...(lastVerb === forwarded ? ['$Forwarded'] : []),
  ];
}
