"""How answers are written. XML leaves much open, and each dialect takes other liberties with it."""

from request_rules import E, M, S, T

XSI = "http://www.w3.org/2001/XMLSchema-instance"
LATER = "http://schemas.microsoft.com/exchange/services/2099/later"


class Node:
    """An element: its namespace and name, its text or its children, its attributes."""

    def __init__(self, tag, content=None, **attributes):
        self.namespace, self.name = tag
        self.content = content
        self.attributes = {key: value for key, value in attributes.items() if value is not None}


def t(name, content=None, **attributes):
    return Node((T, name), content, **attributes)


def m(name, content=None, **attributes):
    return Node((M, name), content, **attributes)


class Plain:
    """As a tidy server writes: one declaration of all prefixes, indented, with a byte order mark and comments."""

    prefixes = {S: "SOAP", M: "", T: "a1", E: "err"}
    indent = True
    mark = b"\xef\xbb\xbf"
    declaration = '<?xml version="1.0" encoding="utf-8"?>\r\n'
    true, false = "true", "false"
    lower_headers = False
    wraps_base64 = False

    def date(self, value):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")

    def tag_number(self, number):
        return f"0x{number:x}"

    def property_set(self, identifier):
        return identifier.lower()

    def document(self, root):
        return self.mark + (self.declaration + self.element(root, 0, None)).encode("utf-8", "surrogatepass")

    def element(self, node, depth, parent):
        name = self.name(node)
        declared = self.declarations(node, depth, parent)
        attributes = "".join(f' {key}="{self.attribute(value)}"' for key, value in self.ordered(node, declared))
        gap = "\r\n" + "  " * depth if self.indent else ""
        if node.content is None or node.content == [] or node.content == "":
            return gap + self.empty(name, attributes)
        if isinstance(node.content, str):
            return f"{gap}<{name}{attributes}>{self.text(node, node.content)}</{name}>"
        inner = "".join(self.element(child, depth + 1, node) for child in node.content)
        return f"{gap}<{name}{attributes}>{self.before(node)}{inner}{gap}</{name}>"

    def name(self, node):
        prefix = self.prefixes[node.namespace] if node.namespace else ""
        return f"{prefix}:{node.name}" if prefix else node.name

    def declarations(self, node, depth, _parent):
        if depth == 0:
            return [(f"xmlns:{prefix}", uri) for uri, prefix in self.prefixes.items() if prefix]
        if node.namespace == M and _parent is not None and _parent.namespace != M:
            return [("xmlns", M)]
        return []

    def ordered(self, node, declared):
        return declared + list(node.attributes.items())

    def empty(self, name, attributes):
        return f"<{name}{attributes}></{name}>"

    def before(self, node):
        return "<!-- <a1:ItemId Id='none'/> & so on -->" if node.name in ("Items", "Changes", "Message") else ""

    def text(self, _node, value):
        return escape(value)

    def attribute(self, value):
        return escape(value).replace('"', "&quot;")

    def more(self, _kind):
        return []


class Dense(Plain):
    """As a newer, terser server: prefixes declared anew where they are used, attributes the other way round, CDATA,
    references to characters, elements of later versions, Booleans as digits, dates with fractions and offsets."""

    prefixes = {S: "ns3", M: "ns0", T: "", E: "ns9", LATER: "later"}
    indent = False
    mark = b""
    declaration = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>"
    true, false = "1", "0"
    lower_headers = True
    wraps_base64 = True

    def date(self, value):
        from datetime import timedelta
        return (value + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S.0000000+02:00")

    def tag_number(self, number):
        return str(number)

    def property_set(self, identifier):
        return identifier.upper()

    def declarations(self, node, depth, parent):
        if parent is not None and parent.namespace == node.namespace:
            return [("xmlns:later", LATER), ("xmlns:xsi", XSI)] if depth == 1 else []
        prefix = self.prefixes[node.namespace] if node.namespace else ""
        return [(f"xmlns:{prefix}" if prefix else "xmlns", node.namespace)]

    def ordered(self, node, declared):
        return list(reversed(list(node.attributes.items()))) + declared

    def empty(self, name, attributes):
        return f"<{name}{attributes} />"

    def before(self, node):
        return "<!---->" if node.name == "Items" else ""

    def text(self, node, value):
        if node.name in ("DisplayName", "Subject") and not any(ord(c) < 32 or "\ud800" <= c <= "\udfff" for c in value):
            half = len(value) // 2
            return f"{escape(value[:half])}<![CDATA[{value[half:]}]]>".replace("<![CDATA[]]>", "")
        if node.name in ("MimeContent", "Content", "Data", "SyncState") and len(value) > 80:
            return f"{value[:41]}<!-- a pause -->{value[41:]}"
        return escape(value)

    def attribute(self, value):
        return super().attribute(value).replace("+", "&#x2B;").replace("/", "&#47;")

    def more(self, kind):
        """What a later version adds: to be passed over."""
        if kind == "item":
            return [Node((LATER, "Reactions"), [Node((LATER, "ItemId"), "not an id", Id="none")]),
                    t("InferenceClassification", "Focused"), t("Hashtags", [t("String", "later")])]
        if kind == "message":
            return [Node((LATER, "Diagnostics"), "x" * 40)]
        return [t("ReplicaList", [t("String", "db-01")])]


def escape(value):
    """XML 1.0 has no way to write most control characters; Exchange refers to them all the same."""
    written = []
    for character in value:
        number = ord(character)
        if character in "<>&":
            written.append({"<": "&lt;", ">": "&gt;", "&": "&amp;"}[character])
        elif (number < 32 and character not in "\t\n") or 0xD800 <= number <= 0xDFFF or number in (0xFFFE, 0xFFFF):
            written.append(f"&#x{number:X};")
        else:
            written.append(character)
    return "".join(written)


DIALECTS = {"plain": Plain, "dense": Dense}
