"""A mailbox with items of every class, of a user whose Outlook speaks French."""

import datetime
import hashlib

from operations import SETS
from wire import t

UTC = datetime.timezone.utc
APPOINTMENT, COMMON, ADDRESS, TASK = (SETS[name] for name in ("Appointment", "Common", "Address", "Task"))
NOTE = "0006200e-0000-0000-c000-000000000046"
SHORT_NAMED = ("inbox", "drafts", "sentitems", "deleteditems")
FLAGS, FLAG_STATUS, LAST_VERB = 0x0E07, 0x1090, 0x1081


def day(number, hour=9, minute=30):
    return datetime.datetime(2026, 3, number, hour, minute, 15, tzinfo=UTC)


def mime(identity, subject, text="Bonjour,\r\n\r\nà demain.\r\n", kind='text/plain; charset="utf-8"', when=None):
    when = when or day(2)
    head = [f"Message-ID: <{identity}@fabrikam.test>", f"Date: {when.strftime('%a, %d %b %Y %H:%M:%S')} +0000",
            "From: Zo\u00eb <zoe@fabrikam.test>".encode("ascii", "replace").decode(), "To: leon@contoso.test",
            f"Subject: {subject}", "MIME-Version: 1.0", f"Content-Type: {kind}"]
    return ("\r\n".join(head) + "\r\n\r\n" + text).encode()


def standard_folders(mailbox):
    """The folders that Exchange makes, with French names, some out of sight; returns them by their short names."""
    root = mailbox.add_folder(None, "Root", known_as="root", folder_class=None)
    top = mailbox.add_folder(root.id, "Haut de la banque d'informations", known_as="msgfolderroot", folder_class=None)
    mailbox.add_folder(root.id, "Recherche", known_as="searchfolders", folder_class=None)
    mailbox.add_folder(root.id, "Affichages courants", folder_class=None)
    made = {"msgfolderroot": top}
    for known, name, element, kind in (
            ("tasks", "Tâches", "TasksFolder", "IPF.Task"),
            ("inbox", "Boîte de réception", "Folder", "IPF.Note"),
            ("outbox", "Boîte d'envoi", "Folder", "IPF.Note"),
            ("sentitems", "Éléments envoyés", "Folder", "IPF.Note"),
            ("deleteditems", "Éléments supprimés", "Folder", "IPF.Note"),
            ("drafts", "Brouillons", "Folder", "IPF.Note"),
            ("junkemail", "Courrier indésirable", "Folder", "IPF.Note"),
            ("calendar", "Calendrier", "CalendarFolder", "IPF.Appointment"),
            ("contacts", "Contacts", "ContactsFolder", "IPF.Contact"),
            ("notes", "Notes", "Folder", "IPF.StickyNote"),
            ("journal", "Journal", "Folder", "IPF.Journal")):
        made[known] = mailbox.add_folder(top.id, name, known_as=known, element=element, folder_class=kind)
    return made


def fill(mailbox):
    made = standard_folders(mailbox)
    top, inbox = made["msgfolderroot"], made["inbox"]
    mailbox.add_folder(top.id, "Paramètres d'action de conversation", folder_class="IPF.Configuration", hidden=True)
    mailbox.add_folder(top.id, "Non lus", element="SearchFolder", folder_class="IPF.Note")
    # A folder without a class holds mail; one of a class of its own too.
    clients = mailbox.add_folder(inbox.id, "Clients", folder_class=None)
    # The year's folder was made first, and moved below afterwards: children come before their parents.
    old = mailbox.add_folder(top.id, "2019/2020 & avant")
    archive = mailbox.add_folder(top.id, "Archives  «été» \U0001F3D6", folder_class="IPF.Note.OutlookHomepage")
    old.parent = archive.id
    mailbox.rename(old, "2019/2020 & avant")
    fill_mail(mailbox, made, clients, old)
    fill_calendar(mailbox, made["calendar"])
    fill_contacts(mailbox, made["contacts"])
    fill_others(mailbox, made)


def message(mailbox, folder, identity, subject="Sujet", **more):
    """A message; its answer may have several ways to be no plain one."""
    element = more.pop("element", "Message")
    when = more.pop("when", day(2))
    fields = {
        "item:ItemClass": more.pop("item_class", "IPM.Note"), "item:Subject": subject,
        "item:DateTimeReceived": when, "item:DateTimeSent": when, "item:DateTimeCreated": when,
        "item:LastModifiedTime": when, "item:IsDraft": more.pop("draft", False), "item:Importance": "Normal",
        "item:Sensitivity": "Normal", "message:InternetMessageId": f"<{identity}@fabrikam.test>",
        "message:IsRead": more.pop("read", True), "bodies": {"Text": "Bonjour"},
        "message:From": lambda session: [t("Mailbox", session.person("Zoë", "zoe@fabrikam.test"))],
    }
    fields.update(more.pop("fields", {}))
    content = more.pop("mime", None) or mime(identity, "Sujet", when=when)
    return mailbox.add_item(folder, element, mime=None if more.pop("broken", False) else content, fields=fields, **more)


def fill_mail(mailbox, made, clients, old):
    inbox = made["inbox"]
    message(mailbox, inbox, "read-1", when=day(1))
    message(mailbox, inbox, "unread-2", read=False, when=day(2))
    # One of the newest, from which the list begins, is the oldest by its number.
    message(mailbox, inbox, "flagged-3", extended={FLAG_STATUS: 2, FLAGS: 1}, when=day(28))
    message(mailbox, inbox, "answered-4", extended={LAST_VERB: 102, FLAGS: 1}, when=day(4))
    message(mailbox, inbox, "forwarded-5", extended={LAST_VERB: 104, FLAGS: 1}, when=day(5))
    message(mailbox, inbox, "control-6", subject="caract\u00e8re \u0001 interdit \ufffe \ud83d & <b>]]></b>", when=day(6))
    message(mailbox, inbox, "categories-7", when=day(7),
            fields={"item:Categories": [t("String", "Catégorie rouge"), t("String", "a&b")]})
    message(mailbox, inbox, "smime-8", item_class="IPM.Note.SMIME", when=day(8))
    message(mailbox, inbox, "request-9", element="MeetingRequest", item_class="IPM.Schedule.Meeting.Request",
            fields={"calendar:Start": day(20), "calendar:End": day(20, 11)}, when=day(9))
    message(mailbox, inbox, "response-10", element="MeetingResponse", item_class="IPM.Schedule.Meeting.Resp.Pos",
            when=day(10))
    message(mailbox, inbox, "cancelled-11", element="MeetingCancellation",
            item_class="IPM.Schedule.Meeting.Canceled", when=day(11))
    message(mailbox, inbox, "post-12", element="PostItem", item_class="IPM.Post", when=day(12))
    message(mailbox, inbox, "report-13", element="Item", item_class="REPORT.IPM.Note.NDR",
            extended={FLAGS: 1}, when=day(13))
    message(mailbox, inbox, "corrupt-14", fault="ErrorCorruptData", when=day(14))
    message(mailbox, inbox, "unconvertible-15", broken=True, when=day(15))
    message(mailbox, inbox, "rules-16", associated=True, item_class="IPM.Rule.Version2.Message", when=day(16))
    message(mailbox, inbox, "large-17", mime=mime("large-17", "Sujet", "0123456789abcdef\r\n" * 40_000), when=day(17))
    message(mailbox, inbox, "bare-18", fields={"item:Importance": None, "item:Sensitivity": None, "message:From": None,
                                               "item:Subject": None, "item:DateTimeSent": None}, when=day(18))
    message(mailbox, inbox, "empty-19", mime=mime("empty-19", "Sujet", ""), when=day(19))
    message(mailbox, made["drafts"], "draft-1", draft=True, extended={FLAGS: 9}, when=day(3))
    message(mailbox, made["sentitems"], "sent-1", when=day(3))
    message(mailbox, made["deleteditems"], "gone-1", read=False, when=day(3))
    message(mailbox, clients, "client-1", when=day(3))
    message(mailbox, clients, "client-2", subject="Client 2", when=day(3))
    message(mailbox, old, "old-1", when=datetime.datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC))
    stray = {"item:ItemClass": "IPM.Contact", "contacts:DisplayName": "Perdue", "item:DateTimeReceived": day(1)}
    mailbox.add_item(made["deleteditems"], "Contact", fields=stray)


def person(name, address, answer="Accept"):
    return lambda session: t("Attendee", [t("Mailbox", session.person(name, address)), t("ResponseType", answer),
                                          t("LastResponseTime", session.value(day(1)))])


def event(subject, start, end, **more):
    return {"item:ItemClass": "IPM.Appointment", "item:Subject": subject, "calendar:Start": start,
            "calendar:End": end, "calendar:IsAllDayEvent": False, "calendar:LegacyFreeBusyStatus": "Busy",
            "calendar:Location": "Salle Éluard", "calendar:IsMeeting": False, "calendar:IsCancelled": False,
            "calendar:IsRecurring": False, "calendar:CalendarItemType": "Single", "calendar:MyResponseType": "Unknown",
            "calendar:UID": "040000008200E00074C5B7101A82E008" + subject.encode().hex().upper(),
            "calendar:TimeZone": "(GMT+01:00) Bruxelles, Copenhague, Madrid, Paris",
            "item:DateTimeReceived": day(1), "item:DateTimeCreated": day(1), "item:LastModifiedTime": day(1),
            "item:Sensitivity": "Normal", "item:Importance": "High", "item:ReminderIsSet": True,
            "item:ReminderMinutesBeforeStart": 15, "item:ReminderDueBy": start, "bodies": {
                "HTML": "<html><body>Ordre du jour &amp; café</body></html>", "Text": "Ordre du jour & café"}, **more}


def paris(_session):
    def change(offset, month, index, at):
        return [t("Offset", offset), t("RelativeYearlyRecurrence", [
            t("DaysOfWeek", "Sunday"), t("DayOfWeekIndex", index), t("Month", month)]), t("Time", at)]

    return [t("BaseOffset", "-PT60M"), t("Standard", change("PT0M", "October", "Last", "03:00:00"), TimeZoneName="hiver"),
            t("Daylight", change("-PT60M", "March", "Last", "02:00:00"), TimeZoneName="été")]


def fill_calendar(mailbox, folder):
    mailbox.add_item(folder, "CalendarItem", mime=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", fields=event(
        "Déjeuner", day(10, 11), day(10, 13), **{
            "calendar:IsMeeting": True, "calendar:MyResponseType": "Organizer", "calendar:MeetingTimeZone": paris,
            "calendar:Organizer": lambda session: [t("Mailbox", session.person("Léon", "leon@contoso.test"))],
            "calendar:RequiredAttendees": lambda session: [person("Zoë", "zoe@fabrikam.test")(session)],
            "calendar:OptionalAttendees": lambda session: [person("Max", "/o=Contoso/cn=max", "Decline")(session)]}))
    mailbox.add_item(folder, "CalendarItem", mime=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", fields=event(
        "Jour férié", datetime.datetime(2026, 5, 13, 22, tzinfo=UTC), datetime.datetime(2026, 5, 14, 22, tzinfo=UTC),
        **{"calendar:IsAllDayEvent": True, "calendar:LegacyFreeBusyStatus": "OOF", "item:ReminderIsSet": False}))
    changed = mailbox.outside(folder, "CalendarItem", mime=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", fields=event(
        "Point hebdomadaire (déplacé)", day(16, 14), day(16, 15), **{
            "calendar:CalendarItemType": "Exception", "calendar:IsRecurring": True,
            "calendar:OriginalStart": day(16), "calendar:RecurrenceId": day(16)}))
    mailbox.add_item(folder, "CalendarItem", mime=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", exceptions={3: changed},
                     fields=event("Point hebdomadaire", day(2), day(2, 10), **{
                         "calendar:CalendarItemType": "RecurringMaster", "calendar:IsRecurring": True,
                         "calendar:MeetingTimeZone": paris, "calendar:Recurrence": lambda session: [
                             t("WeeklyRecurrence", [t("Interval", "1"), t("DaysOfWeek", "Monday")]),
                             t("NumberedRecurrence", [t("StartDate", "2026-03-02+01:00"),
                                                      t("NumberOfOccurrences", "10")])],
                         "calendar:ModifiedOccurrences": lambda session: [t("Occurrence", [
                             session.item_id(changed), t("Start", session.value(day(16, 14))),
                             t("End", session.value(day(16, 15))), t("OriginalStart", session.value(day(16)))])],
                         "calendar:DeletedOccurrences": lambda session: [t("DeletedOccurrence", [
                             t("Start", session.value(day(9)))])]}))


def fill_contacts(mailbox, folder):
    picture = b"\xff\xd8\xff\xe0 not really a picture " * 40
    mailbox.add_item(folder, "Contact", attachments=[{
        "id": "AAMkatt+/1==", "name": "ContactPicture.jpg", "type": "image/jpeg", "content": picture}],
        extended={(ADDRESS, 0x8015): True, (ADDRESS, 0x8083): "zoe@fabrikam.test", (ADDRESS, 0x8082): "SMTP",
                  (ADDRESS, 0x8084): "Zoë Fabre"}, fields={
            "item:ItemClass": "IPM.Contact", "item:Subject": "Zoë Fabre", "contacts:FileAs": "Fabre, Zoë",
            "contacts:DisplayName": "Zoë Fabre", "contacts:GivenName": "Zoë", "contacts:Surname": "Fabre",
            "contacts:CompanyName": "Fabrikam & Cie", "contacts:JobTitle": "Directrice",
            "contacts:CompleteName": [t("Title", "Mme"), t("FirstName", "Zoë"), t("LastName", "Fabre"),
                                      t("FullName", "Mme Zoë Fabre")],
            "contacts:EmailAddresses": [t("Entry", "zoe@fabrikam.test", Key="EmailAddress1", Name="Zoë Fabre")],
            "contacts:PhoneNumbers": [t("Entry", "+33 1 23 45 67 89", Key="BusinessPhone"),
                                      t("Entry", None, Key="HomePhone"), t("Entry", "+33 6 00", Key="MobilePhone")],
            "contacts:PhysicalAddresses": [t("Entry", [
                t("Street", "1, rue de l'Église\nBât. <B>"), t("City", "Orléans"), t("State"),
                t("CountryOrRegion", "France"), t("PostalCode", "45000")], Key="Business")],
            "contacts:ImAddresses": [t("Entry", "sip:zoe@fabrikam.test", Key="ImAddress1")],
            "contacts:Birthday": datetime.datetime(1980, 2, 29, tzinfo=UTC), "contacts:BusinessHomePage":
                "http://fabrikam.test/?a=1&b=2", "item:Categories": [t("String", "Clients")],
            "item:DateTimeReceived": day(1), "item:DateTimeCreated": day(1), "item:LastModifiedTime": day(1),
            "bodies": {"Text": "Rencontrée au salon"}})
    mailbox.add_item(folder, "DistributionList", fields={
        "item:ItemClass": "IPM.DistList", "item:Subject": "Équipe", "contacts:DisplayName": "Équipe",
        "contacts:FileAs": "Équipe", "item:DateTimeReceived": day(1), "item:LastModifiedTime": day(1),
        "members": [("Zoë Fabre", "zoe@fabrikam.test"), ("Max", "/o=Contoso/cn=max", "EX")]})


def fill_others(mailbox, made):
    mailbox.add_item(made["tasks"], "Task", extended={(TASK, 0x8101): 1, (TASK, 0x8102): 0.25}, fields={
        "item:ItemClass": "IPM.Task", "item:Subject": "Préparer le budget", "task:Status": "InProgress",
        "task:PercentComplete": "25", "task:StartDate": day(1, 0, 0), "task:DueDate": day(31, 0, 0),
        "task:IsComplete": False, "task:Owner": "Léon", "item:DateTimeReceived": day(1), "item:ReminderIsSet": False,
        "item:LastModifiedTime": day(1), "task:IsRecurring": True, "task:Recurrence": [
            t("MonthlyRegeneration", [t("Interval", "1")]), t("NoEndRecurrence", [t("StartDate", "2026-03-01")])],
        "bodies": {"Text": "Chiffres\r\nde mars"}})
    # This server knows sticky notes as messages, others as plain items.
    mailbox.add_item(made["notes"], "Message", mime=mime("note", "Codes", "Codes\r\n1234"), extended={(NOTE, 0x8B00): 3},
                     fields={"item:ItemClass": "IPM.StickyNote", "item:Subject": "Codes", "message:IsRead": True,
                             "item:DateTimeReceived": day(1), "item:DateTimeCreated": day(1),
                             "item:LastModifiedTime": day(1), "bodies": {"Text": "Codes\r\n1234"}})
    mailbox.add_item(made["journal"], "Item", fields={
        "item:ItemClass": "IPM.Activity", "item:Subject": "Appel", "item:DateTimeReceived": day(1),
        "item:LastModifiedTime": day(1)})


def truth(mailbox):
    """What mail there is to be had: {path: [[Message-ID, received, flags, octets' SHA-256]]}."""
    found = {}
    for item in mailbox.items.values():
        folder = mailbox.folders[item.folder]
        if item.mime is None or item.fault is not None or item.associated or folder.known_as in ("calendar", "notes"):
            continue
        path = []
        while folder.known_as != "msgfolderroot":
            path.insert(0, folder.known_as if folder.known_as in SHORT_NAMED else folder.name)
            folder = mailbox.folders[folder.parent]
        identity = item.mime.split(b"Message-ID: ")[1].split(b"\r\n")[0].decode()
        found.setdefault("/".join(path), []).append(
            [identity, int(item.fields["item:DateTimeReceived"].timestamp()), imap_flags(item),
             hashlib.sha256(item.mime).hexdigest()])
    return found


def imap_flags(item):
    flags = {"\\Seen": item.fields["message:IsRead"], "\\Flagged": item.extended.get(FLAG_STATUS) == 2,
             "\\Draft": item.fields["item:IsDraft"], "\\Answered": item.extended.get(LAST_VERB) == 102,
             "$Forwarded": item.extended.get(LAST_VERB) == 104}
    return sorted(flag for flag, is_set in flags.items() if is_set)
