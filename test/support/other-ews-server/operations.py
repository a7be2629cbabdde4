"""What the server does with a request that has passed the rules."""

import base64
import datetime

from request_rules import M, T, split
from wire import Node, m, t

# The order in which the published schema has the elements of each kind.
ITEM = """MimeContent ItemId ParentFolderId ItemClass Subject Sensitivity Body Attachments DateTimeReceived Size Categories
Importance InReplyTo IsSubmitted IsDraft IsFromMe IsResend IsUnmodified InternetMessageHeaders DateTimeSent
DateTimeCreated ResponseObjects ReminderDueBy ReminderIsSet ReminderMinutesBeforeStart DisplayCc DisplayTo
HasAttachments ExtendedProperty Culture EffectiveRights LastModifiedName LastModifiedTime IsAssociated
ConversationId""".split()
MESSAGE = """Sender ToRecipients CcRecipients BccRecipients IsReadReceiptRequested IsDeliveryReceiptRequested
ConversationIndex ConversationTopic From InternetMessageId IsRead IsResponseRequested References ReplyTo ReceivedBy
ReceivedRepresenting""".split()
MEETING = "AssociatedCalendarItemId IsDelegated IsOutOfDate HasBeenProcessed ResponseType".split()
CALENDAR = """UID RecurrenceId DateTimeStamp Start End OriginalStart IsAllDayEvent LegacyFreeBusyStatus Location When
IsMeeting IsCancelled IsRecurring MeetingRequestWasSent IsResponseRequested CalendarItemType MyResponseType Organizer
RequiredAttendees OptionalAttendees Resources ConflictingMeetingCount AdjacentMeetingCount Duration TimeZone
AppointmentReplyTime AppointmentSequenceNumber AppointmentState Recurrence FirstOccurrence LastOccurrence
ModifiedOccurrences DeletedOccurrences MeetingTimeZone StartTimeZone EndTimeZone ConferenceType AllowNewTimeProposal
IsOnlineMeeting MeetingWorkspaceUrl NetShowUrl""".split()
CONTACT = """FileAs FileAsMapping DisplayName GivenName Initials MiddleName Nickname CompleteName CompanyName
EmailAddresses PhysicalAddresses PhoneNumbers AssistantName Birthday BusinessHomePage Children Companies ContactSource
Department Generation ImAddresses JobTitle Manager Mileage OfficeLocation PostalAddressIndex Profession SpouseName
Surname WeddingAnniversary HasPicture""".split()
TASK = """ActualWork AssignedTime BillingInformation ChangeCount Companies CompleteDate Contacts DelegationState Delegator
DueDate IsAssignmentEditable IsComplete IsRecurring IsTeamTask Mileage Owner PercentComplete Recurrence StartDate Status
StatusDescription TotalWork""".split()
# element: (its own elements after those of every item, the prefixes of the fields that may be asked of it)
KINDS = {
    "Item": ([], ["item"]),
    "Message": (MESSAGE, ["item", "message"]),
    "PostItem": (MESSAGE + ["PostedTime"], ["item", "message", "postitem"]),
    "MeetingRequest": (MESSAGE + MEETING + CALENDAR, ["item", "message", "meeting", "meetingRequest", "calendar"]),
    "MeetingResponse": (MESSAGE + MEETING, ["item", "message", "meeting"]),
    "MeetingCancellation": (MESSAGE + MEETING, ["item", "message", "meeting"]),
    "CalendarItem": (CALENDAR, ["item", "calendar"]),
    "Contact": (CONTACT, ["item", "contacts"]),
    "DistributionList": (["DisplayName", "FileAs", "ContactSource", "Members"],
                         ["item", "contacts", "distributionlist"]),
    "Task": (TASK, ["item", "task"]),
}
# "Like FindItem, it cannot return properties like Body or Attachments" (SyncFolderItems operation).
NOT_IN_LISTS = {"item:MimeContent", "item:Body", "item:Attachments", "item:InternetMessageHeaders",
                "item:ResponseObjects", "calendar:Recurrence", "calendar:ModifiedOccurrences",
                "calendar:DeletedOccurrences", "message:ToRecipients", "message:CcRecipients",
                "message:BccRecipients"}
DEFAULT_FIELDS = ["item:Subject", "item:Sensitivity", "item:DateTimeReceived", "item:Size", "item:HasAttachments",
                  "item:DateTimeSent", "message:From", "message:IsRead", "calendar:Start", "calendar:End"]
SETS = {"Meeting": "6ed8da90-450b-101b-98da-00aa003f1305", "Appointment": "00062002-0000-0000-c000-000000000046",
        "Common": "00062008-0000-0000-c000-000000000046", "PublicStrings": "00020329-0000-0000-c000-000000000046",
        "Address": "00062004-0000-0000-c000-000000000046", "Task": "00062003-0000-0000-c000-000000000046",
        "InternetHeaders": "00020386-0000-0000-c000-000000000046",
        "CalendarAssistant": "11000e07-b51b-40d6-af21-caa85edab1d0",
        "UnifiedMessaging": "4442858e-a9e3-4e80-b900-317a210cc15b"}


class Failure(Exception):
    """One part of the answer is an error."""

    def __init__(self, code, text="", values=()):
        super().__init__(code)
        self.code, self.text, self.values = code, text or f"{code} happened.", values


class Fault(Failure):
    """The whole answer is one."""


def children(element, name):
    return [child for child in (element if element is not None else []) if split(child.tag)[1] == name]


def child(element, name):
    return next(iter(children(element, name)), None)


def text_of(element, name, otherwise=None):
    found = child(element, name)
    return otherwise if found is None else (found.text or "").strip()


def extended_key(attributes):
    """(key, type) of an extended property, however it was asked for."""
    kind = attributes["PropertyType"]
    if "PropertyTag" in attributes:
        return int(attributes["PropertyTag"], 0), kind
    known = attributes.get("DistinguishedPropertySetId")
    guid = SETS[known] if known else attributes["PropertySetId"].lower()
    name = int(attributes["PropertyId"]) if "PropertyId" in attributes else attributes["PropertyName"]
    return (guid, name), kind


class Session:
    """The operations of one caller in one mailbox."""

    def __init__(self, world, caller, impersonated, dialect, asked):
        self.world, self.caller, self.impersonated = world, caller, impersonated
        self.dialect, self.asked = dialect, asked

    def run(self, operation):
        name = split(operation.tag)[1]
        return getattr(self, f"run_{name}")(operation)

    # Finding things

    def mailbox_of(self, address):
        address = (address or self.impersonated or self.caller["mailbox"] or "").lower()
        if not address:
            raise Failure("ErrorMissingEmailAddress")
        if address not in self.world.mailboxes:
            raise Failure("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.")
        if address not in self.caller["opens"] and address != (self.impersonated or "").lower():
            raise Failure("ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        return self.world.mailboxes[address]

    def folder_of(self, reference):
        """(mailbox, folder) of a FolderId or DistinguishedFolderId."""
        if split(reference.tag)[1] == "DistinguishedFolderId":
            mailbox = self.mailbox_of(text_of(child(reference, "Mailbox"), "EmailAddress"))
            folder = mailbox.known(reference.get("Id"))
            if folder is not None:
                return mailbox, folder
        else:
            for mailbox in self.world.mailboxes.values():
                if reference.get("Id") in mailbox.folders:
                    return self.mailbox_of(mailbox.address), mailbox.folders[reference.get("Id")]
        raise Failure("ErrorFolderNotFound", "The specified folder could not be found in the store.")

    def item_of(self, reference):
        kind = split(reference.tag)[1]
        wanted = reference.get({"ItemId": "Id", "OccurrenceItemId": "RecurringMasterId"}.get(kind, "OccurrenceId"))
        for mailbox in self.world.mailboxes.values():
            item = mailbox.items.get(wanted) or mailbox.elsewhere.get(wanted)
            if item is None:
                continue
            self.mailbox_of(mailbox.address)
            if kind == "OccurrenceItemId":
                index = int(reference.get("InstanceIndex"))
                if index not in item.exceptions:
                    raise Failure("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange")
                item = item.exceptions[index]
            return mailbox, item
        raise Failure("ErrorItemNotFound", "The specified object was not found in the store.")

    # Folders

    def shown_folder(self, mailbox, folder, shape):
        base = text_of(shape, "BaseShape")
        asked = [path.get("FieldURI") for path in children(child(shape, "AdditionalProperties"), "FieldURI")]
        foreign = [field for field in asked if not field.startswith("folder:")]
        if foreign:
            raise Failure("ErrorInvalidPropertyRequest", "Property is not valid for this object type.")
        if base != "IdOnly":
            asked += ["folder:DisplayName", "folder:TotalCount", "folder:ChildFolderCount"]
        if base == "AllProperties":
            asked += ["folder:ParentFolderId", "folder:FolderClass"]
        items = mailbox.of(folder)
        parent = mailbox.folders.get(folder.parent)
        values = {
            "folder:ParentFolderId": parent and t("ParentFolderId", Id=parent.id, ChangeKey="AQAAAA=="),
            "folder:FolderClass": t("FolderClass", folder.folder_class) if folder.folder_class is not None else None,
            "folder:DisplayName": t("DisplayName", folder.name),
            "folder:TotalCount": t("TotalCount", str(sum(not item.associated for item in items))),
            "folder:ChildFolderCount": t("ChildFolderCount", str(
                sum(other.parent == folder.id for other in mailbox.folders.values()))),
        }
        content = [t("FolderId", Id=folder.id, ChangeKey=f"AQAAABYAAAB{folder.version:03d}")]
        content += [node for field, node in values.items() if field in asked and node is not None]
        for path in children(child(shape, "AdditionalProperties"), "ExtendedFieldURI"):
            key, kind = extended_key(path.attrib)
            if key == 0x10F4 and (folder.hidden or self.dialect.true == "1"):
                content.append(self.shown_extended(path.attrib, key, kind, folder.hidden))
        return t(folder.element, content + self.dialect.more("folder"))

    def run_GetFolder(self, operation):
        def one(reference):
            mailbox, folder = self.folder_of(reference)
            return [m("Folders", [self.shown_folder(mailbox, folder, child(operation, "FolderShape"))])]

        return self.each("GetFolder", child(operation, "FolderIds"), one, [m("Folders")])

    def run_FindFolder(self, operation):
        def one(reference):
            mailbox, root = self.folder_of(reference)
            deep = operation.get("Traversal") == "Deep"
            found = [folder for folder in mailbox.folders.values()
                     if (mailbox.inside(folder, root) if deep else folder.parent == root.id)]
            shown, page = self.page(found, child(operation, "IndexedPageFolderView"))
            return [m("RootFolder", [t("Folders", [
                self.shown_folder(mailbox, folder, child(operation, "FolderShape")) for folder in shown])], **page)]

        return self.each("FindFolder", child(operation, "ParentFolderIds"), one, [])

    def page(self, found, view):
        start = int(view.get("Offset")) if view is not None else 0
        most = min(int(view.get("MaxEntriesReturned", 1000)) if view is not None else 1000, 1000)
        shown = found[start:start + most]
        last = start + len(shown) >= len(found)
        return shown, {"IndexedPagingOffset": str(start + len(shown)), "TotalItemsInView": str(len(found)),
                       "IncludesLastItemInRange": self.truth(last)}

    def run_SyncFolderHierarchy(self, operation):
        shape = child(operation, "FolderShape")

        def one(reference):
            mailbox, root = self.folder_of(reference)
            changes, state, last = self.told(mailbox, mailbox.hierarchy, f"folders {root.id}", operation, 500)
            shown = []
            for what, identity in changes:
                folder = mailbox.folders.get(identity)
                if what == "Delete":
                    shown.append(t("Delete", [t("FolderId", Id=identity)]))
                elif folder is not None and mailbox.inside(folder, root):
                    shown.append(t(what, [self.shown_folder(mailbox, folder, shape)]))
            return [m("SyncState", state), m("IncludesLastFolderInRange", self.truth(last)), m("Changes", shown)]

        root = child(operation, "SyncFolderId")
        return self.each("SyncFolderHierarchy", root, one, [m("SyncState"), m("IncludesLastFolderInRange",
                                                                           self.dialect.true)])

    # Items

    def run_SyncFolderItems(self, operation):
        shape = child(operation, "ItemShape")
        most = int(text_of(operation, "MaxChangesReturned"))

        def one(reference):
            mailbox, folder = self.folder_of_sync(reference)
            changes, state, last = self.told(mailbox, folder.journal, folder.id, operation, most)
            shown = []
            for what, identity in changes:
                item = mailbox.items.get(identity)
                if what == "Delete":
                    shown.append(t("Delete", [t("ItemId", ChangeKey="AAAA", Id=identity)]))
                elif item is None or item.associated:
                    continue
                elif what == "ReadFlagChange":
                    shown.append(t("ReadFlagChange", [self.item_id(item), t("IsRead", self.truth(
                        item.fields.get("message:IsRead", False)))]))
                else:
                    shown.append(t(what, [self.shown_item(mailbox, item, shape, listing=True)]))
            return [m("SyncState", state), m("IncludesLastItemInRange", self.truth(last)), m("Changes", shown)]

        return self.each("SyncFolderItems", child(operation, "SyncFolderId"), one,
                         [m("SyncState"), m("IncludesLastItemInRange", self.dialect.true)])

    def folder_of_sync(self, reference):
        try:
            return self.folder_of(reference)
        except Failure as failure:
            if failure.code != "ErrorFolderNotFound":
                raise
            raise Failure("ErrorSyncFolderNotFound", "The specified folder could not be found.") from failure

    def told(self, mailbox, journal, key, operation, most):
        try:
            return mailbox.changes(journal, key, text_of(operation, "SyncState"), most)
        except ValueError as error:
            raise Failure("ErrorInvalidSyncStateData",
                          "Synchronization state data is corrupt or otherwise invalid.") from error

    def run_FindItem(self, operation):
        def one(reference):
            mailbox, folder = self.folder_of(reference)
            hidden = operation.get("Traversal") == "Associated"
            found = [item for item in mailbox.of(folder) if item.associated == hidden]
            shown, page = self.page(found, child(operation, "IndexedPageItemView"))
            shape = child(operation, "ItemShape")
            return [m("RootFolder", [t("Items", [self.shown_item(mailbox, item, shape, listing=True)
                                                 for item in shown])], **page)]

        return self.each("FindItem", child(operation, "ParentFolderIds"), one, [])

    def run_GetItem(self, operation):
        def one(reference):
            mailbox, item = self.item_of(reference)
            if item.fault is not None:
                raise Failure(item.fault)
            return [m("Items", [self.shown_item(mailbox, item, child(operation, "ItemShape"))])]

        return self.each("GetItem", child(operation, "ItemIds"), one, [m("Items")])

    def item_id(self, item):
        return t("ItemId", Id=item.id, ChangeKey=item.change_key)

    def shown_item(self, mailbox, item, shape, listing=False):
        own, prefixes = KINDS[item.element]
        base = text_of(shape, "BaseShape", "Default")
        additional = child(shape, "AdditionalProperties")
        asked = [path.get("FieldURI") for path in children(additional, "FieldURI")]
        if not listing and any(field.split(":")[0] not in prefixes for field in asked):
            raise Failure("ErrorInvalidPropertyRequest", "Property is not valid for this object type.")
        if base != "IdOnly":
            asked += DEFAULT_FIELDS if base == "Default" else [field for field in item.fields if ":" in field] + ["item:Size"]
        if base == "AllProperties":
            asked += ["item:Body", "item:Attachments", "item:HasAttachments", "item:ParentFolderId"]
        if text_of(shape, "IncludeMimeContent") in ("true", "1"):
            asked.append("item:MimeContent")
        if listing:
            asked = [field for field in asked if field not in NOT_IN_LISTS]
        nodes = [self.item_id(item)]
        for field in dict.fromkeys(asked):
            node = self.shown_field(item, field, text_of(shape, "BodyType", "Best"))
            if node is not None and field.split(":")[0] in prefixes:
                nodes.append(node)
        for path in children(additional, "ExtendedFieldURI"):
            key, kind = extended_key(path.attrib)
            if key in item.extended:
                nodes.append(self.shown_extended(path.attrib, key, kind, item.extended[key]))
        order = {name: at for at, name in enumerate(ITEM + own)}
        nodes.sort(key=lambda node: order.get(node.name, len(order)))
        return t(item.element, nodes + self.dialect.more("item"))

    def shown_field(self, item, field, body):
        name = field.split(":")[1]
        if field == "item:MimeContent":
            return self.mime(item)
        if field == "item:Size":
            return t("Size", str(len(item.mime or b"") + 700))
        if field == "item:Body":
            return self.body(item, body)
        if field == "item:ParentFolderId":
            return t("ParentFolderId", Id=item.folder, ChangeKey="AQAAAA==")
        if field == "item:HasAttachments":
            return t("HasAttachments", self.truth(bool(item.attachments)))
        if field == "item:Attachments":
            return t("Attachments", [self.attachment(one) for one in item.attachments]) if item.attachments else None
        value = item.fields.get(field)
        return None if value is None else t(name, self.value(value))

    def mime(self, item):
        if item.mime is None:
            if item.element not in ("Message", "PostItem", "CalendarItem") and not item.element.startswith("Meeting"):
                raise Failure("ErrorUnsupportedMimeConversion")
            raise Failure("ErrorMimeContentConversionFailed")
        return t("MimeContent", self.binary(item.mime), CharacterSet="UTF-8")

    def body(self, item, wanted):
        forms = item.fields.get("bodies", {})
        kind = {"Best": "HTML" if "HTML" in forms else "Text"}.get(wanted, wanted)
        text = forms.get(kind)
        if text is None:
            text = next(iter(forms.values()), None)
        return None if text is None else t("Body", text, BodyType=kind)

    def attachment(self, one, whole=False):
        nodes = [t("AttachmentId", Id=one["id"]), t("Name", one["name"])]
        if one.get("type"):
            nodes.append(t("ContentType", one["type"]))
        if one.get("cid"):
            nodes.append(t("ContentId", one["cid"]))
        if "item" not in one:
            return t("FileAttachment", nodes + ([t("Content", self.binary(one["content"]))] if whole else []))
        item = one["item"]
        inner = []
        if whole:
            inner = [t(item.element, [node for node in (
                self.mime(item) if item.mime is not None else None, self.item_id(item),
                self.shown_field(item, "item:ItemClass", ""), self.shown_field(item, "item:Subject", ""))
                if node is not None])]
        return t("ItemAttachment", nodes + inner)

    def run_GetAttachment(self, operation):
        def one(reference):
            for mailbox in self.world.mailboxes.values():
                for item in [*mailbox.items.values(), *mailbox.elsewhere.values()]:
                    for attachment in item.attachments:
                        if attachment["id"] == reference.get("Id"):
                            self.mailbox_of(mailbox.address)
                            if attachment.get("fault"):
                                raise Failure(attachment["fault"])
                            return [m("Attachments", [self.attachment(attachment, whole=True)])]
            raise Failure("ErrorItemNotFound")

        return self.each("GetAttachment", child(operation, "AttachmentIds"), one, [m("Attachments")])

    # Values

    def truth(self, value):
        return self.dialect.true if value else self.dialect.false

    def binary(self, octets):
        text = base64.b64encode(octets).decode()
        if not self.dialect.wraps_base64:
            return text
        return "\n" + "\n".join(text[at:at + 76] for at in range(0, len(text), 76)) + "\n"

    def value(self, value):
        if isinstance(value, bool):
            return self.truth(value)
        if isinstance(value, datetime.datetime):
            return self.dialect.date(value)
        if isinstance(value, bytes):
            return self.binary(value)
        if callable(value):
            return value(self)
        return value if isinstance(value, (str, list)) else str(value)

    def shown_extended(self, asked, key, kind, value):
        """The property is told in our way of naming it, not in that of the request."""
        if isinstance(key, int):
            named = {"PropertyTag": self.dialect.tag_number(key)}
        else:
            guid, name = key
            known = next((short for short, full in SETS.items() if full == guid), None)
            named = {"DistinguishedPropertySetId": known} if known and "PropertySetId" not in asked else {
                "PropertySetId": self.dialect.property_set(guid)}
            named["PropertyId" if isinstance(name, int) else "PropertyName"] = str(name)
        held = (t("Values", [t("Value", self.value(one)) for one in value]) if kind.endswith("Array")
                else t("Value", self.value(value)))
        return t("ExtendedProperty", [t("ExtendedFieldURI", PropertyType=kind, **named), held])

    # Other operations

    def run_ExpandDL(self, operation):
        def one(reference):
            identity = child(reference, "ItemId")
            if identity is None:
                raise Failure("ErrorNameResolutionNoResults", "No results are found.")
            members = self.item_of(identity)[1].fields.get("members", [])
            if not members:
                raise Failure("ErrorNameResolutionNoResults", "No results are found.")
            return [m("DLExpansion", [t("Mailbox", self.person(*member)) for member in members],
                      TotalItemsInView=str(len(members)), IncludesLastItemInRange=self.dialect.true)]

        return self.each("ExpandDL", [child(operation, "Mailbox")], one, [])

    def person(self, name, address, kind="SMTP"):
        return [t("Name", name), t("EmailAddress", address), t("RoutingType", kind)]

    def run_ResolveNames(self, operation):
        def one(entry):
            found = self.world.people.get((entry.text or "").strip())
            if found is None:
                raise Failure("ErrorNameResolutionNoResults", "No results were found.")
            return [m("ResolutionSet", [t("Resolution", [t("Mailbox", self.person(*found))])],
                      TotalItemsInView="1", IncludesLastItemInRange=self.dialect.true)]

        return self.each("ResolveNames", [child(operation, "UnresolvedEntry")], one, [])

    def run_ExportItems(self, operation):
        def one(reference):
            _, item = self.item_of(reference)
            return [m("ItemId", Id=item.id), m("Data", self.binary(b"\1\0\0\0\x08\0\0\0" + bytes(8) + item.id.encode()))]

        return self.each("ExportItems", child(operation, "ItemIds"), one, [])

    def run_GetUserOofSettingsRequest(self, operation):
        self.mailbox_of(text_of(child(operation, "Mailbox"), "Address"))
        return m("GetUserOofSettingsResponse", [
            m("ResponseMessage", [m("ResponseCode", "NoError")], ResponseClass="Success"),
            t("OofSettings", [t("OofState", "Disabled"), t("ExternalAudience", "All")]), m("AllowExternalOof", "All")])

    # The frame of an answer

    def each(self, name, references, one, empty):
        """One message an id. After an error that concerns all, the rest are not tried: a warning says so."""
        messages = []
        stopped = False
        for at, reference in enumerate(references):
            tag = f"{name}ResponseMessage"
            if stopped:
                messages.append(m(tag, self.problem("ErrorBatchProcessingStopped") + empty, ResponseClass="Warning"))
                continue
            try:
                self.world.fail_in_batch(name, at)
                content = [m("ResponseCode", "NoError")] + one(reference)
                messages.append(m(tag, content, ResponseClass="Success"))
            except Fault:
                raise
            except Failure as failure:
                stopped = failure.code in ("ErrorServerBusy", "ErrorMailboxStoreUnavailable")
                problem = self.problem(failure.code, failure.text, failure.values)
                messages.append(m(tag, problem + empty, ResponseClass="Error"))
        return m(f"{name}Response", [m("ResponseMessages", messages)] + self.dialect.more("message"))

    def problem(self, code, text="Processing stopped.", values=()):
        nodes = [m("MessageText", text), m("ResponseCode", code), m("DescriptiveLinkKey", "0")]
        if values:
            nodes.append(m("MessageXml", [t("Value", value, Name=key) for key, value in values]))
        return nodes


__all__ = ["Failure", "Fault", "Node", "Session", "M", "T"]
