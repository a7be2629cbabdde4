"""An EWS server that has nothing in common with ours but the published protocol.

    python3 server.py '{"dialect": "plain", "auth": ["Basic"], ...}'

Prints one line of JSON with its ports, and answers until its standard input ends. What the tests do to the mailboxes goes
to POST /control of the second one, as JSON.
"""

import base64
import datetime
import gzip
import http.server
import json
import random
import ssl
import sys
import threading
import xml.etree.ElementTree as ElementTree

import mailbox as mailboxes
import sample
from ntlm import Challenge, channel_of
from operations import Failure, Fault, Session
from request_rules import M, S, T, VERSIONS, Rules, TooNew, Violation, split
from wire import DIALECTS, E, Node, t

BUILDS = {"Exchange2007_SP1": (8, 1, 240, 5), "Exchange2010_SP1": (14, 1, 218, 13), "Exchange2010_SP2": (14, 2, 247, 5),
          "Exchange2013": (15, 0, 516, 29), "Exchange2016": (15, 1, 225, 37)}


class World:
    def __init__(self, settings):
        self.settings = settings
        self.version = settings.get("version", "Exchange2007_SP1")
        self.dialect = DIALECTS[settings.get("dialect", "plain")]()
        self.rules = Rules(self.version)
        self.accounts = settings["accounts"]
        self.people = {"/o=Contoso/cn=max": ("Max", "max@contoso.test")}
        self.mailboxes = {}
        self.refused, self.requests, self.faults = [], [], []
        self.lock = threading.Lock()
        self.channel = None
        for address in settings["mailboxes"]:
            self.mailboxes[address] = mailboxes.Mailbox(address, settings.get("page", 3))
            filled = sample.fill if settings.get("filled", True) else sample.standard_folders
            filled(self.mailboxes[address])

    def account(self, user, domain=""):
        names = {user.lower(), f"{domain}\\{user}".lower()}
        return next((one for one in self.accounts if one["name"].lower() in names), None)

    def fault_for(self, name, at=None):
        """The next fault that was ordered for this operation: {"operation", "kind", "at", "times", ...}."""
        for fault in self.faults:
            if fault["operation"] in (name, "*") and fault.get("at") == at:
                fault["times"] = fault.get("times", 1) - 1
                if fault["times"] <= 0:
                    self.faults.remove(fault)
                return fault
        return None

    def fail_in_batch(self, name, at):
        fault = self.fault_for(name, at)
        if fault is not None:
            values = [("BackOffMilliseconds", str(fault["wait"]))] if "wait" in fault else []
            raise Failure(fault["code"], values=values)


class Control:
    """What a test may do: as a user of the mailbox, or to the server."""

    def __init__(self, world):
        self.world = world

    def run(self, command):
        with self.world.lock:
            return getattr(self, command.pop("do"))(**command)

    def folder(self, mailbox, path):
        at = mailbox.known("msgfolderroot")
        for name in path:
            at = mailbox.known("inbox") if name == "INBOX" else next(
                folder for folder in mailbox.folders.values() if folder.parent == at.id and folder.name == name)
        return at

    def item(self, mailbox, path, subject):
        folder = self.folder(mailbox, path)
        return next(item for item in mailbox.of(folder) if item.fields.get("item:Subject") == subject)

    def add_folder(self, address, path):
        mailbox = self.world.mailboxes[address]
        mailbox.add_folder(self.folder(mailbox, path[:-1]).id, path[-1])

    def remove_folder(self, address, path):
        mailbox = self.world.mailboxes[address]
        mailbox.remove_folder(self.folder(mailbox, path))

    def add(self, address, path, subject, mime, received, read):
        mailbox = self.world.mailboxes[address]
        when = datetime.datetime.fromtimestamp(received, sample.UTC)
        sample.message(mailbox, self.folder(mailbox, path), subject, subject, mime=base64.b64decode(mime), when=when,
                       read=read)

    def remove(self, address, path, subject):
        mailbox = self.world.mailboxes[address]
        mailbox.remove_item(self.item(mailbox, path, subject))

    def read(self, address, path, subject):
        mailbox = self.world.mailboxes[address]
        item = self.item(mailbox, path, subject)
        item.fields["message:IsRead"] = True
        mailbox.touch(item, "ReadFlagChange")
        mailbox.touch(item)

    def move(self, address, path, subject, to):
        mailbox = self.world.mailboxes[address]
        mailbox.move(self.item(mailbox, path, subject), self.folder(mailbox, to))

    def forget_states(self, address):
        self.world.mailboxes[address].lost_states += 1

    def fail(self, **fault):
        self.world.faults.append(fault)

    def truth(self, address):
        return sample.truth(self.world.mailboxes[address])

    def log(self):
        return {"refused": self.world.refused, "requests": self.world.requests}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "Other/1.0"
    sys_version = ""
    world = None

    def setup(self):
        super().setup()
        self.signed_in = None
        self.challenge = None

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.read_body()
        self.plain(200, "<html>You have created a service.</html>")

    def do_POST(self):
        body = self.read_body()
        if self.path == "/control":
            return self.plain(200, json.dumps(Control(self.world).run(json.loads(body))))
        if self.path.lower() != "/ews/exchange.asmx":
            return self.plain(404, "no such page")
        caller = self.sign_in()
        if caller is None:
            return None
        if not self.headers.get("Content-Type", "").lower().startswith("text/xml"):
            return self.plain(415, "text/xml, please")
        with self.world.lock:
            status, answer = self.answer(caller, body)
        if status is None:
            self.close_connection = True
            return None
        return self.send(status, answer)

    # HTTP

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return whole

    def header(self, name, value):
        self.send_header(name.lower() if self.world.dialect.lower_headers else name, value)

    def plain(self, status, text, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.header(name, value)
        self.header("Content-Type", "text/html; charset=utf-8")
        self.header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def send(self, status, octets):
        self.send_response(status)
        self.header("Content-Type", "text/xml;charset=\"utf-8\"")
        self.header("Set-Cookie", "exchangecookie=1234; path=/; HttpOnly")
        if self.world.settings.get("gzip") and "gzip" in self.headers.get("Accept-Encoding", ""):
            octets = gzip.compress(octets)
            self.header("Content-Encoding", "gzip")
        if self.world.settings.get("close"):
            self.header("Connection", "close")
            self.close_connection = True
        if not self.world.settings.get("chunked"):
            self.header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)
            return
        self.header("Transfer-Encoding", "chunked")
        self.header("Trailer", "X-Checked")
        self.end_headers()
        sizes = random.Random(len(octets))
        at = 0
        while at < len(octets):
            piece = octets[at:at + sizes.choice((1, 2, 3, 100, 5000, 70_000))]
            self.wfile.write(b"%X;part=%d\r\n%b\r\n" % (len(piece), at, piece))
            at += len(piece)
        self.wfile.write(b"0\r\nX-Checked: yes\r\n\r\n")

    # Signing in

    def sign_in(self):
        """The account, or None after an answer was sent."""
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        offered = self.world.settings.get("auth", ["Basic"])
        if scheme.lower() == "basic" and any(one.startswith("Basic") for one in offered):
            name, _, password = base64.b64decode(value).decode().partition(":")
            account = self.world.account(name)
            if account is not None and account["password"] == password:
                return account
        elif scheme in ("NTLM", "Negotiate") and scheme in offered:
            return self.sign_in_by_ntlm(scheme, base64.b64decode(value))
        elif scheme == "" and self.signed_in is not None:
            return self.signed_in
        self.ask()
        return None

    def sign_in_by_ntlm(self, scheme, message):
        if message[8:9] == b"\1":
            self.challenge = Challenge("CONTOSO", message, self.world.channel)
            self.plain(401, "go on", [("WWW-Authenticate",
                                       f"{scheme} {base64.b64encode(self.challenge.message).decode()}")])
            return None
        challenge, self.challenge = self.challenge, None
        user = challenge and challenge.user(message, lambda name, domain: (
            self.world.account(name, domain) or {}).get("password"))
        if user is None:
            self.ask()
            return None
        domain_less = user.rpartition("\\")[2]
        self.signed_in = next(one for one in self.world.accounts if one["name"].lower().endswith(domain_less.lower()))
        return self.signed_in

    def ask(self):
        self.signed_in = None
        self.close_connection = bool(self.world.settings.get("close"))
        offered = [("WWW-Authenticate", f'{one} realm="mail, or so"' if one == "Basic" else one)
                   for one in self.world.settings.get("auth", ["Basic"])]
        self.plain(401, "<html>401 - Unauthorized</html>",
                   offered + ([("Connection", "close")] if self.close_connection else []))

    # SOAP

    def answer(self, caller, body):
        """(HTTP status, octets); (None, None) where the connection breaks."""
        try:
            asked, impersonated, operation = self.understand(body)
            name = split(operation.tag)[1]
            self.world.requests.append(name)
            fault = self.world.fault_for(name)
            if fault is not None and fault["kind"] == "cut":
                return None, None
            if fault is not None and fault["kind"] == "http":
                return fault["status"], b"<html>Service Unavailable</html>"
            if fault is not None:
                raise Fault(fault["code"], values=[("BackOffMilliseconds", str(fault["wait"]))]
                            if "wait" in fault else [])
            self.allow_impersonation(caller, impersonated)
            session = Session(self.world, caller, impersonated, self.world.dialect, asked)
            return 200, self.envelope(session.run(operation))
        except ElementTree.ParseError as error:
            return self.fault(Fault("ErrorSchemaValidation", f"not well-formed: {error}"))
        except Violation as violation:
            self.world.refused.append(str(violation))
            return self.fault(Fault("ErrorSchemaValidation", f"The request failed schema validation: {violation}"))
        except TooNew as error:
            self.world.refused.append(f"{error} is newer than the version asked for")
            return self.fault(Fault("ErrorIncorrectSchemaVersion", str(error)))
        except Fault as fault:
            return self.fault(fault)
        except Failure as failure:  # outside of a batch
            return self.fault(failure)

    def understand(self, body):
        """(the version asked for, the mailbox impersonated, the operation's element)."""
        root = ElementTree.fromstring(body)
        if split(root.tag) != (S, "Envelope"):
            raise Violation("no SOAP 1.1 envelope")
        parts = {split(part.tag): part for part in root}
        if list(parts) not in ([(S, "Header"), (S, "Body")], [(S, "Body")]) or len(root) > 2:
            raise Violation("an envelope has a header, perhaps, and a body")
        asked, impersonated = self.world.version, None
        headers = list(parts.get((S, "Header"), []))
        for header in headers:
            if split(header.tag) == (T, "RequestServerVersion"):
                asked = header.get("Version", "")
                if asked not in VERSIONS or VERSIONS.index(asked) > VERSIONS.index(self.world.version):
                    raise Fault("ErrorInvalidServerVersion", "The specified server version is invalid.")
        for header in headers:
            self.world.rules.check_header(header, asked)
            if split(header.tag) == (T, "ExchangeImpersonation"):
                impersonated = header[0][0].text.strip()
        operations = list(parts[(S, "Body")])
        if len(operations) != 1:
            raise Violation("a body has one operation")
        self.world.rules.check_operation(operations[0], asked)
        action = self.headers.get("SOAPAction")
        if action and action.strip('"') not in ("", f"{M}/{split(operations[0].tag)[1]}".replace("Request", "")):
            raise Violation(f"SOAPAction {action} is not this operation")
        return asked, impersonated, operations[0]

    def allow_impersonation(self, caller, impersonated):
        if impersonated is None:
            return
        if impersonated.lower() not in self.world.mailboxes:
            raise Fault("ErrorNonExistentMailbox")
        if impersonated.lower() not in caller.get("impersonates", []):
            raise Fault("ErrorImpersonateUserDenied",
                        "The account does not have permission to impersonate the requested user.")

    def envelope(self, content):
        major, minor, build, revision = BUILDS[self.world.version]
        info = t("ServerVersionInfo", MajorVersion=str(major), MinorVersion=str(minor), MajorBuildNumber=str(build),
                 MinorBuildNumber=str(revision), Version=None if major == 8 else self.world.version)
        parts = [Node((S, "Header"), [info]), Node((S, "Body"), [content])]
        return self.world.dialect.document(Node((S, "Envelope"), parts[1:] if self.world.settings.get("mute") else parts))

    def fault(self, failure):
        detail = [Node((E, "ResponseCode"), failure.code), Node((E, "Message"), failure.text)]
        if failure.values:
            detail.append(t("MessageXml", [t("Value", value, Name=name) for name, value in failure.values]))
        fault = Node((S, "Fault"), [Node(("", "faultcode"), "a:" + failure.code),
                                    Node(("", "faultstring"), failure.text), Node(("", "detail"), detail)])
        return 500, self.envelope(fault)


def secure(server, world):
    """With a certificate and its key (files), TLS; NTLM is bound to it then."""
    files = world.settings.get("tls")
    if files is None:
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["cert"], files["key"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(files["cert"], encoding="ascii") as pem:
        world.channel = channel_of(ssl.PEM_cert_to_DER_cert(pem.read()))


def listen():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main():
    Handler.world = World(json.loads(sys.argv[1]))
    server, control = listen(), listen()
    secure(server, Handler.world)
    print(json.dumps({"port": server.server_port, "control": control.server_port}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
