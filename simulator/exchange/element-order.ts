/** The order in which the schema of EWS (types.xsd) has the elements of an item, as far as they are told here. */
const ofEveryItem = [
  ...['MimeContent', 'ItemId', 'ParentFolderId', 'ItemClass', 'Subject', 'Sensitivity', 'Body', 'Attachments'],
  ...['DateTimeReceived', 'Size', 'Categories', 'Importance', 'IsDraft', 'DateTimeSent', 'DateTimeCreated'],
  ...['ReminderDueBy', 'ReminderIsSet', 'ReminderMinutesBeforeStart', 'HasAttachments', 'ExtendedProperty'],
];

const ofKind: Readonly<Record<string, readonly string[]>> = {
  CalendarItem: [
    ...['UID', 'Start', 'End', 'IsAllDayEvent', 'LegacyFreeBusyStatus', 'Location', 'IsMeeting', 'IsCancelled'],
    ...['IsRecurring', 'CalendarItemType', 'MyResponseType', 'Organizer', 'RequiredAttendees', 'OptionalAttendees'],
    ...['Resources', 'Recurrence', 'ModifiedOccurrences', 'DeletedOccurrences', 'MeetingTimeZone', 'StartTimeZone'],
    ...['EndTimeZone'],
  ],
  Contact: [
    ...['FileAs', 'DisplayName', 'GivenName', 'CompleteName', 'CompanyName', 'EmailAddresses', 'PhysicalAddresses'],
    ...['PhoneNumbers', 'Birthday', 'Surname'],
  ],
  DistributionList: ['DisplayName', 'FileAs', 'Members'],
  Task: [...['CompleteDate', 'DueDate', 'IsTeamTask', 'Owner', 'PercentComplete', 'Recurrence', 'StartDate', 'Status']],
};

/** Elements as XML, each whole, in the order of the schema; what it does not name comes last. */
export function inSchemaOrder(kind: string, elements: readonly string[]): string {
  const order = [...ofEveryItem, ...(ofKind[kind] ?? [])];
  const placeOf = (xml: string): number => {
    const place = order.indexOf(/^<t:(\w+)/.exec(xml)?.[1] ?? '');
    return place === -1 ? order.length : place;
  };
  return [...elements].sort((a, b) => placeOf(a) - placeOf(b)).join('');
}
