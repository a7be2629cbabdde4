"""What a request may look like: names, namespaces, order and number of elements, attributes and their values.

Written from Microsoft's published schema of Exchange Web Services. A real Exchange validates every request with that
schema before it looks at it, and answers ErrorSchemaValidation to the first thing out of place; so does this.
"""

import re

S = "http://schemas.xmlsoap.org/soap/envelope/"
M = "http://schemas.microsoft.com/exchange/services/2006/messages"
T = "http://schemas.microsoft.com/exchange/services/2006/types"
E = "http://schemas.microsoft.com/exchange/services/2006/errors"

VERSIONS = ["Exchange2007", "Exchange2007_SP1", "Exchange2010", "Exchange2010_SP1", "Exchange2010_SP2",
            "Exchange2013", "Exchange2013_SP1", "Exchange2015", "Exchange2016"]


class Violation(Exception):
    """The request is not of the schema."""


class TooNew(Exception):
    """The server knows this, the version that the request names does not."""


def words(text):
    return text.split()


# Fields that may be asked for, by the version that brought them.
FIELDS = {
    "Exchange2007": {
        "folder": words("FolderId ParentFolderId DisplayName UnreadCount TotalCount ChildFolderCount FolderClass "
                        "SearchParameters ManagedFolderInformation PermissionSet EffectiveRights"),
        "item": words("ItemId ParentFolderId ItemClass MimeContent Attachments Subject DateTimeReceived Size "
                      "Categories HasAttachments Importance InReplyTo InternetMessageHeaders IsDraft IsFromMe "
                      "IsResend IsSubmitted IsUnmodified DateTimeSent DateTimeCreated Body ResponseObjects "
                      "Sensitivity ReminderDueBy ReminderIsSet ReminderMinutesBeforeStart DisplayTo DisplayCc "
                      "Culture EffectiveRights LastModifiedName LastModifiedTime"),
        "message": words("ConversationIndex ConversationTopic InternetMessageId IsRead IsResponseRequested "
                         "IsReadReceiptRequested IsDeliveryReceiptRequested ReceivedBy ReceivedRepresenting "
                         "References ReplyTo From Sender ToRecipients CcRecipients BccRecipients"),
        "meeting": words("AssociatedCalendarItemId IsDelegated IsOutOfDate HasBeenProcessed ResponseType"),
        "meetingRequest": words("MeetingRequestType IntendedFreeBusyStatus"),
        "calendar": words("Start End OriginalStart IsAllDayEvent LegacyFreeBusyStatus Location When IsMeeting "
                          "IsCancelled IsRecurring MeetingRequestWasSent IsResponseRequested CalendarItemType "
                          "MyResponseType Organizer RequiredAttendees OptionalAttendees Resources "
                          "ConflictingMeetingCount AdjacentMeetingCount ConflictingMeetings AdjacentMeetings "
                          "Duration TimeZone AppointmentReplyTime AppointmentSequenceNumber AppointmentState "
                          "Recurrence FirstOccurrence LastOccurrence ModifiedOccurrences DeletedOccurrences "
                          "MeetingTimeZone ConferenceType AllowNewTimeProposal IsOnlineMeeting "
                          "MeetingWorkspaceUrl NetShowUrl UID RecurrenceId DateTimeStamp"),
        "task": words("ActualWork AssignedTime BillingInformation ChangeCount Companies CompleteDate Contacts "
                      "DelegationState Delegator DueDate IsAssignmentEditable IsComplete IsRecurring IsTeamTask "
                      "Mileage Owner PercentComplete Recurrence StartDate Status StatusDescription TotalWork"),
        "contacts": words("AssistantName Birthday BusinessHomePage Children Companies CompanyName CompleteName "
                          "ContactSource Culture Department DisplayName EmailAddresses FileAs FileAsMapping "
                          "Generation GivenName ImAddresses Initials JobTitle Manager MiddleName Mileage Nickname "
                          "OfficeLocation PhoneNumbers PhysicalAddresses PostalAddressIndex Profession SpouseName "
                          "Surname WeddingAnniversary"),
        "postitem": words("PostedTime"),
    },
    "Exchange2010": {
        "folder": words("SharingEffectiveRights"),
        "item": words("IsAssociated ConversationId UniqueBody WebClientReadFormQueryString "
                      "WebClientEditFormQueryString"),
        "calendar": words("StartTimeZone EndTimeZone"),
        "contacts": words("HasPicture"),
        "distributionlist": words("Members"),
    },
    "Exchange2010_SP2": {
        "item": words("StoreEntryId"),
        "contacts": words("Alias DirectoryId DirectReports ManagerMailbox MSExchangeCertificate Notes "
                          "PhoneticFullName PhoneticFirstName PhoneticLastName Photo UserSMIMECertificate"),
    },
    "Exchange2013": {
        "folder": words("DistinguishedFolderId PolicyTag ArchiveTag"),
        "item": words("ReminderNextTime Flag InstanceKey NormalizedBody EntityExtractionResult PolicyTag ArchiveTag "
                      "RetentionDate Preview TextBody IconIndex"),
        "calendar": words("StartWallClock EndWallClock StartTimeZoneId EndTimeZoneId EnhancedLocation "
                          "JoinOnlineMeetingUrl OnlineMeetingSettings IsOrganizer"),
    },
}
INDEXED = {"item:InternetMessageHeader", "contacts:ImAddress", "contacts:PhysicalAddress:Street",
           "contacts:PhysicalAddress:City", "contacts:PhysicalAddress:State",
           "contacts:PhysicalAddress:CountryOrRegion", "contacts:PhysicalAddress:PostalCode",
           "contacts:PhoneNumber", "contacts:EmailAddress", "distributionlist:Members:Member"}
FOLDER_NAMES = {
    "Exchange2007": words("calendar contacts deleteditems drafts inbox journal notes outbox sentitems tasks "
                          "msgfolderroot publicfoldersroot root junkemail searchfolders voicemail"),
    "Exchange2010": words("recoverableitemsroot recoverableitemsdeletions recoverableitemsversions "
                          "recoverableitemspurges"),
    "Exchange2010_SP1": words("archiveroot archivemsgfolderroot archivedeleteditems archiverecoverableitemsroot "
                              "archiverecoverableitemsdeletions archiverecoverableitemsversions "
                              "archiverecoverableitemspurges"),
    "Exchange2013": words("syncissues conflicts localfailures serverfailures recipientcache quickcontacts "
                          "conversationhistory todosearch"),
}
PROPERTY_SETS = words("Meeting Appointment Common PublicStrings Address InternetHeaders CalendarAssistant "
                      "UnifiedMessaging Task")
ONE_TYPE = words("ApplicationTime Binary Boolean CLSID Currency Double Float Integer Long Short SystemTime String")
PROPERTY_TYPES = set(ONE_TYPE) | {name + "Array" for name in ONE_TYPE if name != "Boolean"} | {"Null", "Object",
                                                                                             "ObjectArray", "Error"}


def known(version, table):
    """{value: the version that brought it} of what this version has."""
    limit = VERSIONS.index(version)
    found = {}
    for since, values in table.items():
        if VERSIONS.index(since) <= limit:
            if isinstance(values, dict):
                values = [f"{kind}:{name}" for kind, names in values.items() for name in names]
            found.update({value: since for value in values})
    return found


def pattern(expression):
    compiled = re.compile(expression)
    return lambda text: compiled.fullmatch(text) is not None


def one_of(*values):
    return lambda text: text in values


anything = pattern(r"(?s).*")
filled = pattern(r"(?s).+")
boolean = one_of("true", "false", "1", "0")
guid = pattern(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
whole = pattern(r"-?\d+")


def between(low, high):
    return lambda text: whole(text) and low <= int(text) <= high


# An element: (namespace, name, its type, least, most[, version that brought it]). A type is a dictionary: "children"
# in order, or "any" of these in any order and at least once, or "text" and its check; "attributes" with checks, those
# that must be there in "needs".
ID = {"attributes": {"Id": filled, "ChangeKey": filled}, "needs": ["Id"]}
MAILBOX = {"children": [(T, "Name", {"text": anything}, 0, 1), (T, "EmailAddress", {"text": filled}, 0, 1),
                        (T, "RoutingType", {"text": filled}, 0, 1), (T, "MailboxType", {"text": filled}, 0, 1),
                        (T, "ItemId", ID, 0, 1)]}
FOLDER_ID = {"one": [(T, "FolderId", ID), (T, "DistinguishedFolderId", {
    "attributes": {"Id": "folder name", "ChangeKey": filled}, "needs": ["Id"],
    "children": [(T, "Mailbox", MAILBOX, 0, 1)]})]}
FOLDER_IDS = {"any": FOLDER_ID["one"]}
OCCURRENCE = {"attributes": {"RecurringMasterId": filled, "ChangeKey": filled, "InstanceIndex": whole},
              "needs": ["RecurringMasterId", "InstanceIndex"]}
MASTER = {"attributes": {"OccurrenceId": filled, "ChangeKey": filled}, "needs": ["OccurrenceId"]}
ITEM_IDS = {"any": [(T, "ItemId", ID), (T, "OccurrenceItemId", OCCURRENCE), (T, "RecurringMasterItemId", MASTER)]}
PATHS = {"any": [(T, "FieldURI", {"attributes": {"FieldURI": "field"}, "needs": ["FieldURI"]}),
                 (T, "IndexedFieldURI", {"attributes": {"FieldURI": lambda text: text in INDEXED,
                                                        "FieldIndex": filled}, "needs": ["FieldURI", "FieldIndex"]}),
                 (T, "ExtendedFieldURI", {"attributes": {
                     "DistinguishedPropertySetId": one_of(*PROPERTY_SETS), "PropertySetId": guid,
                     "PropertyTag": pattern(r"0[xX][0-9A-Fa-f]{1,4}|\d{1,5}"), "PropertyName": filled,
                     "PropertyId": whole, "PropertyType": lambda text: text in PROPERTY_TYPES},
                     "needs": ["PropertyType"], "extended": True})]}
BASE = {"text": one_of("IdOnly", "Default", "AllProperties")}
BODY = {"text": one_of("Best", "HTML", "Text")}
ITEM_SHAPE = {"children": [(T, "BaseShape", BASE, 1, 1), (T, "IncludeMimeContent", {"text": boolean}, 0, 1),
                           (T, "BodyType", BODY, 0, 1), (T, "UniqueBodyType", BODY, 0, 1, "Exchange2013"),
                           (T, "NormalizedBodyType", BODY, 0, 1, "Exchange2013"),
                           (T, "FilterHtmlContent", {"text": boolean}, 0, 1, "Exchange2010"),
                           (T, "ConvertHtmlCodePageToUTF8", {"text": boolean}, 0, 1, "Exchange2010_SP1"),
                           (T, "AdditionalProperties", PATHS, 0, 1)]}
FOLDER_SHAPE = {"children": [(T, "BaseShape", BASE, 1, 1), (T, "AdditionalProperties", PATHS, 0, 1)]}
ATTACHMENT_SHAPE = {"children": [(T, "IncludeMimeContent", {"text": boolean}, 0, 1), (T, "BodyType", BODY, 0, 1),
                                 (T, "FilterHtmlContent", {"text": boolean}, 0, 1, "Exchange2010"),
                                 (T, "AdditionalProperties", PATHS, 0, 1)]}
PAGE = {"attributes": {"MaxEntriesReturned": between(1, 2**31), "Offset": between(0, 2**31),
                       "BasePoint": one_of("Beginning", "End")}, "needs": ["Offset", "BasePoint"]}
TEXT = {"text": anything}
ORDER = {"any": [(T, "FieldOrder", {"attributes": {"Order": one_of("Ascending", "Descending")}, "needs": ["Order"],
                                    "one": PATHS["any"]})]}
DEPTH = one_of("Shallow", "Deep", "SoftDeleted", "Associated")
OPERATIONS = {
    "SyncFolderHierarchy": {"children": [(M, "FolderShape", FOLDER_SHAPE, 1, 1), (M, "SyncFolderId", FOLDER_ID, 0, 1),
                                         (M, "SyncState", TEXT, 0, 1)]},
    "SyncFolderItems": {"children": [(M, "ItemShape", ITEM_SHAPE, 1, 1), (M, "SyncFolderId", FOLDER_ID, 1, 1),
                                     (M, "SyncState", TEXT, 0, 1), (M, "Ignore", ITEM_IDS, 0, 1),
                                     (M, "MaxChangesReturned", {"text": between(1, 512)}, 1, 1),
                                     (M, "SyncScope", {"text": one_of("NormalItems", "NormalAndAssociatedItems")},
                                      0, 1, "Exchange2010")]},
    "GetItem": {"children": [(M, "ItemShape", ITEM_SHAPE, 1, 1), (M, "ItemIds", ITEM_IDS, 1, 1)]},
    "GetFolder": {"children": [(M, "FolderShape", FOLDER_SHAPE, 1, 1), (M, "FolderIds", FOLDER_IDS, 1, 1)]},
    "FindFolder": {"attributes": {"Traversal": one_of("Shallow", "Deep", "SoftDeleted")}, "needs": ["Traversal"],
                   "children": [(M, "FolderShape", FOLDER_SHAPE, 1, 1), (M, "IndexedPageFolderView", PAGE, 0, 1),
                                (M, "ParentFolderIds", FOLDER_IDS, 1, 1)]},
    "FindItem": {"attributes": {"Traversal": DEPTH}, "needs": ["Traversal"],
                 "children": [(M, "ItemShape", ITEM_SHAPE, 1, 1), (M, "IndexedPageItemView", PAGE, 0, 1),
                              (M, "SortOrder", ORDER, 0, 1), (M, "ParentFolderIds", FOLDER_IDS, 1, 1)]},
    "GetAttachment": {"children": [(M, "AttachmentShape", ATTACHMENT_SHAPE, 0, 1), (M, "AttachmentIds", {
        "any": [(T, "AttachmentId", {"attributes": {"Id": filled}, "needs": ["Id"]})]}, 1, 1)]},
    "ExpandDL": {"children": [(M, "Mailbox", MAILBOX, 1, 1)]},
    "ResolveNames": {"attributes": {"ReturnFullContactData": boolean, "SearchScope": one_of(
        "ActiveDirectory", "ActiveDirectoryContacts", "Contacts", "ContactsActiveDirectory")},
        "needs": ["ReturnFullContactData"],
        "children": [(M, "ParentFolderIds", FOLDER_IDS, 0, 1), (M, "UnresolvedEntry", {"text": filled}, 1, 1)]},
    "GetUserOofSettingsRequest": {"children": [(T, "Mailbox", {"children": [
        (T, "Name", TEXT, 0, 1), (T, "Address", TEXT, 1, 1), (T, "RoutingType", TEXT, 0, 1)]}, 1, 1)]},
    "ExportItems": {"since": "Exchange2010_SP1",
                    "children": [(M, "ItemIds", {"any": [(T, "ItemId", ID)]}, 1, 1)]},
    "GetServerTimeZones": {"since": "Exchange2010", "attributes": {"ReturnFullTimeZoneData": boolean},
                           "children": [(M, "Ids", {"any": [(T, "Id", TEXT)]}, 0, 1)]},
}
HEADERS = {
    "RequestServerVersion": {"attributes": {"Version": anything}, "needs": ["Version"]},
    "ExchangeImpersonation": {"children": [(T, "ConnectingSID", {"one": [
        (T, "PrincipalName", TEXT), (T, "SID", TEXT), (T, "PrimarySmtpAddress", TEXT)]}, 1, 1)]},
    "MailboxCulture": TEXT,
    "TimeZoneContext": {"since": "Exchange2010", "children": [(T, "TimeZoneDefinition", {
        "attributes": {"Id": filled, "Name": anything}}, 1, 1)]},
}


class Rules:
    """The schema of one version of the server."""

    def __init__(self, version):
        self.version = version
        self.fields = known(version, FIELDS)
        self.folders = known(version, FOLDER_NAMES)

    def check_header(self, element, asked):
        namespace, name = split(element.tag)
        if namespace == T and name in HEADERS:
            self.check(element, HEADERS[name], asked)

    def check_operation(self, element, asked):
        namespace, name = split(element.tag)
        if namespace != M or name not in OPERATIONS:
            raise Violation(f"{name} is no operation")
        self.check(element, OPERATIONS[name], asked)

    def check(self, element, kind, asked):
        name = split(element.tag)[1]
        self.allow(kind.get("since"), name, asked)
        self.check_attributes(element, kind, asked)
        if "text" in kind:
            if len(element) or not kind["text"]((element.text or "").strip()):
                raise Violation(f"the value of {name} is not valid")
            return
        if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
            raise Violation(f"{name} cannot contain text")
        children = list(element)
        if "one" in kind or "any" in kind:
            if len(children) < 1 or ("one" in kind and len(children) > 1):
                raise Violation(f"{name} has {len(children)} elements")
            allowed = {(namespace, child): inner for namespace, child, inner in kind.get("one") or kind["any"]}
            for child in children:
                if split(child.tag) not in allowed:
                    raise Violation(f"{child.tag} is not allowed in {name}")
                self.check(child, allowed[split(child.tag)], asked)
            return
        self.check_sequence(name, children, kind.get("children", []), asked)

    def check_sequence(self, name, children, sequence, asked):
        at = 0
        for namespace, wanted, inner, least, most, *since in sequence:
            count = 0
            while at < len(children) and split(children[at].tag) == (namespace, wanted) and count < most:
                self.allow(since[0] if since else None, wanted, asked)
                self.check(children[at], inner, asked)
                at, count = at + 1, count + 1
            if count < least:
                raise Violation(f"{wanted} is missing in {name}, or not at its place")
        if at < len(children):
            raise Violation(f"{children[at].tag} is not allowed at this place of {name}")

    def check_attributes(self, element, kind, asked):
        name = split(element.tag)[1]
        checks = kind.get("attributes", {})
        for needed in kind.get("needs", []):
            if needed not in element.attrib:
                raise Violation(f"{name} has no attribute {needed}")
        for key, value in element.attrib.items():
            check = checks.get(key)
            if check is None:
                raise Violation(f"{name} cannot have the attribute {key}")
            if check in ("field", "folder name"):
                table = self.fields if check == "field" else self.folders
                if value not in table:
                    raise Violation(f"{value} is not known")
                self.allow(table[value], value, asked)
            elif not check(value):
                raise Violation(f"{key} of {name} cannot be {value}")
        if kind.get("extended"):
            check_extended(element.attrib)

    def allow(self, since, name, asked):
        if since is None:
            return
        if VERSIONS.index(since) > VERSIONS.index(self.version):
            raise Violation(f"{name} is not known to this version")
        if VERSIONS.index(since) > VERSIONS.index(asked):
            raise TooNew(name)


def check_extended(attributes):
    """Only certain combinations of the attributes of an extended property mean something."""
    sets = [key for key in ("DistinguishedPropertySetId", "PropertySetId") if key in attributes]
    names = [key for key in ("PropertyName", "PropertyId") if key in attributes]
    by_tag = "PropertyTag" in attributes and not sets and not names
    if not by_tag and not ("PropertyTag" not in attributes and len(sets) == 1 and len(names) == 1):
        raise Violation("ErrorInvalidExtendedProperty")
    if by_tag and int(attributes["PropertyTag"], 0) >= 0x8000:
        raise Violation("ErrorInvalidExtendedProperty")


def split(tag):
    namespace, _, name = tag.rpartition("}")
    return namespace[1:], name
