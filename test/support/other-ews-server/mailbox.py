"""A mailbox: folders, items and what happened to them."""

import base64
import hashlib
import itertools
import json


def identifier(kind, number):
    """Opaque, with the characters of base64 that want care: + / and =. Case matters."""
    digest = hashlib.sha384(f"{kind} {number}".encode()).digest()
    return "AAMk+" + base64.b64encode(digest + bytes(str(number), "ascii")).decode() + "/A=="


class Folder:
    def __init__(self, number, parent, name, **more):
        self.id = identifier("folder", number)
        self.parent, self.name = parent, name
        self.element = more.get("element", "Folder")
        self.folder_class = more.get("folder_class", "IPF.Note")
        self.known_as = more.get("known_as")
        self.hidden = more.get("hidden", False)
        self.version = 1
        self.journal = []  # (number, what, item id)


class Item:
    def __init__(self, number, folder, element, **more):
        self.id = identifier("item", number)
        self.folder, self.element = folder, element
        self.mime = more.get("mime")
        self.fields = more.get("fields", {})  # "item:Subject" -> text, date, bool, number or nodes
        self.extended = more.get("extended", {})  # key of an extended property -> value
        self.attachments = more.get("attachments", [])
        self.associated = more.get("associated", False)
        self.fault = more.get("fault")  # the response code of every GetItem of this item
        self.exceptions = more.get("exceptions", {})  # index -> item that is an occurrence of this one
        self.version = 1

    @property
    def change_key(self):
        return base64.b64encode(f"CQAAABY{self.version:09d}".encode()).decode()


class Mailbox:
    def __init__(self, address, page):
        self.address = address
        self.page = page  # the most changes that a page of a synchronisation holds
        self.numbers = itertools.count(1)
        self.folders, self.items, self.elsewhere = {}, {}, {}
        self.hierarchy = []  # (number, what, folder id)
        self.lost_states = 0

    def add_folder(self, parent, name, **more):
        folder = Folder(next(self.numbers), parent, name, **more)
        self.folders[folder.id] = folder
        self.note(self.hierarchy, "Create", folder.id)
        return folder

    def remove_folder(self, folder):
        for child in [other for other in self.folders.values() if other.parent == folder.id]:
            self.remove_folder(child)
        for item in [item for item in self.items.values() if item.folder == folder.id]:
            del self.items[item.id]
        del self.folders[folder.id]
        self.note(self.hierarchy, "Delete", folder.id)

    def rename(self, folder, name):
        folder.name = name
        folder.version += 1
        self.note(self.hierarchy, "Update", folder.id)

    def known(self, name):
        return next((folder for folder in self.folders.values() if folder.known_as == name), None)

    def add_item(self, folder, element, **more):
        item = Item(next(self.numbers), folder.id, element, **more)
        self.items[item.id] = item
        self.note(folder.journal, "Create", item.id)
        return item

    def outside(self, folder, element, **more):
        """An item that no listing shows: the exception of a series, or one inside an attachment."""
        item = Item(next(self.numbers), folder.id, element, **more)
        self.elsewhere[item.id] = item
        return item

    def remove_item(self, item):
        del self.items[item.id]
        self.note(self.folders[item.folder].journal, "Delete", item.id)

    def touch(self, item, what="Update"):
        item.version += 1
        self.note(self.folders[item.folder].journal, what, item.id)

    def move(self, item, folder):
        """A moved item has another id."""
        self.remove_item(item)
        item.id = identifier("item", next(self.numbers))
        item.folder = folder.id
        self.items[item.id] = item
        self.note(folder.journal, "Create", item.id)

    def note(self, journal, what, identity):
        journal.append((next(self.numbers), what, identity))

    def of(self, folder):
        return [item for item in self.items.values() if item.folder == folder.id]

    def inside(self, folder, root):
        while folder is not None:
            if folder.parent == root.id:
                return True
            folder = self.folders.get(folder.parent)
        return False

    # Synchronisation. A state says how far the journal was told; a page may tell a thing twice, and may be empty.
    def changes(self, journal, key, state, most):
        """(changes, the next state, whether these are the last). Raises ValueError for a state that is none."""
        told, phase = self.read_state(key, state)
        waiting = [entry for entry in journal if entry[0] > told]
        page = waiting[:min(most, self.page)]
        upto = page[-1][0] if page else told
        last = len(page) == len(waiting)
        if page and last and phase == 0 and told > 0:
            # Everything was told, and yet there is one more page, without anything in it.
            last, phase = False, 1
        if not last and page and len(page) > 1:
            # The last of a page is told again with the next.
            upto = page[-2][0]
        return [(what, identity) for _, what, identity in page], self.write_state(key, upto, phase), last

    def write_state(self, key, upto, phase):
        text = json.dumps([key, upto, phase, self.lost_states])
        return base64.b64encode(b"H4s" + text.encode() + b"." * 90).decode()

    def read_state(self, key, state):
        if not state:
            return 0, 0
        try:
            of, upto, phase, lost = json.loads(base64.b64decode(state, validate=True)[3:].rstrip(b"."))
        except Exception as error:
            raise ValueError("corrupt") from error
        if of != key or lost != self.lost_states:
            raise ValueError("not of this folder")
        return upto, phase
