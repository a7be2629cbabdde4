"""Reads contacts and the calendar with exchangelib, a client that shares no code with the product, and prints them as JSON."""

import json
import sys
import warnings

from exchangelib import BASIC, DELEGATE, Account, Configuration, Credentials, Version
from exchangelib.protocol import BaseProtocol, NoVerifyHTTPAdapter
from exchangelib.version import EXCHANGE_2007_SP1, EXCHANGE_2010_SP1

url, version, user, password, address = sys.argv[1:]
warnings.simplefilter("ignore")
BaseProtocol.HTTP_ADAPTER_CLS = NoVerifyHTTPAdapter
config = Configuration(
    service_endpoint=url,
    credentials=Credentials(user, password),
    auth_type=BASIC,
    version=Version(build={"2007SP1": EXCHANGE_2007_SP1, "2010SP1": EXCHANGE_2010_SP1}[version]),
    max_connections=1,
)
account = Account(address, config=config, autodiscover=False, access_type=DELEGATE)


def moment(value):
    return None if value is None else value.isoformat()


def contact(item):
    return {
        "class": type(item).__name__,
        "name": item.display_name,
        "emails": [entry.email for entry in getattr(item, "email_addresses", None) or [] if entry.email],
        "phones": {entry.label: entry.phone_number for entry in getattr(item, "phone_numbers", None) or []},
        "birthday": moment(getattr(item, "birthday", None)),
        "attachments": [attachment.name for attachment in getattr(item, "attachments", None) or []],
    }


def event(item):
    rule = item.recurrence
    return {
        "subject": item.subject,
        "start": moment(item.start),
        "allDay": item.is_all_day,
        "location": item.location,
        "private": item.sensitivity,
        "required": [attendee.mailbox.email_address for attendee in item.required_attendees or []],
        "pattern": type(rule.pattern).__name__ if rule else None,
        "boundary": type(rule.boundary).__name__ if rule else None,
        "changed": [moment(occurrence.original_start) for occurrence in item.modified_occurrences or []],
        "deleted": [moment(occurrence.start) for occurrence in item.deleted_occurrences or []],
        "attachments": [(a.name, len(getattr(a, "content", b"") or b"")) for a in item.attachments or [] if hasattr(a, "content")],
    }


contacts = [contact(item) for item in account.contacts.all()]
# exchangelib cannot read the time zones of Exchange 2007, which have no Id.
events = [event(item) for item in account.calendar.all()] if version != "2007SP1" else []
print(json.dumps({"contacts": contacts, "events": events}))
