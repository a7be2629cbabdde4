"""Reads a mailbox with exchangelib, a client that shares no code with the product, and prints it as JSON."""

import json
import sys
import warnings

from exchangelib import BASIC, DELEGATE, NTLM, Account, Configuration, Credentials, Version
from exchangelib.protocol import BaseProtocol, NoVerifyHTTPAdapter
from exchangelib.version import EXCHANGE_2007_SP1, EXCHANGE_2010_SP1

url, auth, version, user, password, address = sys.argv[1:]
warnings.simplefilter("ignore")
BaseProtocol.HTTP_ADAPTER_CLS = NoVerifyHTTPAdapter
config = Configuration(
    service_endpoint=url,
    credentials=Credentials(user, password),
    auth_type={"ntlm": NTLM, "basic": BASIC}[auth],
    version=Version(build={"2007SP1": EXCHANGE_2007_SP1, "2010SP1": EXCHANGE_2010_SP1}[version]),
    max_connections=1,
)
account = Account(address, config=config, autodiscover=False, access_type=DELEGATE)
fields = ("subject", "mime_content", "datetime_received", "is_read")
items = [
    {
        "subject": item.subject,
        "mime": item.mime_content.decode("latin1"),
        "received": item.datetime_received.isoformat(),
        "read": item.is_read,
    }
    for item in account.inbox.all().only(*fields)
]
folders = sorted(folder.name for folder in account.msg_folder_root.children)
print(json.dumps({"folders": folders, "below": [f.name for f in account.inbox.children], "items": items}))
