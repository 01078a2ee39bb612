"""Which functions a C++ file declares and which it defines, read without a compiler: the
code base's own style is regular enough. Templates, macros and anonymous namespaces are
left out: what is in them cannot be declared in one file and defined in another."""

import collections
import re

# params: the types alone, with their last names, so that `const std::string& name` in a header
# and `const string&` are the same.
Function = collections.namedtuple("Function", "scope name params line")

COMMENT_OR_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<raw>[^()\s]{0,16})\(.*?\)(?P=raw)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])*\'',
    re.S,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
ATTRIBUTE = re.compile(r"\[\[[^\]]*\]\]|\balignas\s*\([^()]*\)|__attribute__\s*\(\(.*?\)\)")
ACCESS = re.compile(r"^(?:\s*(?:public|private|protected)\s*:(?!:))+")
TYPE_HEAD = re.compile(
    r"\b(?:class|struct|union)\s+(?:\w+\s*\([^()]*\)\s+|[A-Z_]{4,}\s+)?([\w:]+)\s*(?:final\s*)?(?::(?!:)[^()]*)?$", re.S
)
FUNCTION_NAME = re.compile(
    r"((?:\w+\s*(?:<[^<>()]*>\s*)?::\s*)*)(~?\w+|operator\s*(?:\(\)|\[\]|[^\s\w(]+|\w+[\w:<>&* ]*))\s*$"
)
NOT_FUNCTIONS = {
    "if",
    "for",
    "while",
    "switch",
    "return",
    "sizeof",
    "decltype",
    "noexcept",
    "static_assert",
    "alignof",
    "defined",
}
BUILT_IN = {
    "int",
    "unsigned",
    "signed",
    "long",
    "short",
    "char",
    "bool",
    "float",
    "double",
    "void",
    "auto",
    "const",
    "volatile",
}


def blanked(text):
    """The text without comments, directives and what literals hold; lines stay."""

    def keep_lines(match):
        return re.sub(r"[^\n]", " ", match.group())

    text = COMMENT_OR_LITERAL.sub(
        lambda m: '""' + re.sub(r"[^\n]", " ", m.group())[2:] if m.group()[0] in '"R' else keep_lines(m), text
    )
    return ATTRIBUTE.sub(keep_lines, DIRECTIVE.sub(keep_lines, text))


def parts(text, separator=","):
    """Split at the separators that are in no bracket."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        if char in "(<[{":
            depth += 1
        elif char in ")]}" or (char == ">" and text[at - 1] != "-"):
            depth -= 1
        elif char == separator and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]


def type_of(parameter):
    """`const std::vector<Row>& rows = {}` -> `const vector<Row>&`."""
    parameter = next(parts(parameter, "="))
    tokens = re.findall(r"\w+|::|\.\.\.|[^\s\w]", parameter)
    if (
        len(tokens) > 1
        and re.match(r"[A-Za-z_]\w*$", tokens[-1])
        and tokens[-1] not in BUILT_IN
        and tokens[-2] not in ("::", "const")
        or len(tokens) > 2
        and re.match(r"[A-Za-z_]\w*$", tokens[-1])
        and tokens[-2] == "const"
        and tokens[-3] in "*&"
    ):
        tokens.pop()
    short = [t for i, t in enumerate(tokens) if t != "::" and not (i + 1 < len(tokens) and tokens[i + 1] == "::")]
    return "".join(short).replace("const", "")


def function_of(head):
    """(qualifier, name, params) of a declarator, or None if it is none."""
    angle = 0
    for at, char in enumerate(head):
        if char == "<":
            angle += 1
        elif char == ">" and head[at - 1] != "-":
            angle -= 1
        elif char in "={" and angle <= 0 and "operator" not in head[:at]:
            return None
        elif char == "(" and (angle <= 0 or "operator" in head[:at]):
            if head[:at].rstrip().endswith("operator"):
                at = head.index("(", at + 1)
            break
    else:
        return None
    found = FUNCTION_NAME.search(head[:at])
    rest = head[at + 1 :]
    if not found or rest.lstrip().startswith("*"):
        return None
    qualifier, name = re.sub(r"\s|<[^<>]*>", "", found.group(1)).rstrip(":"), re.sub(r"\s+", " ", found.group(2))
    if name in NOT_FUNCTIONS or re.fullmatch(r"[A-Z][A-Z_0-9]+", name):
        return None
    before = head[: found.start()].strip()
    if not before and "operator" not in name and name.lstrip("~") != (qualifier or "").split("::")[-1] and qualifier:
        return None  # a call
    depth = 1
    end = next((at for at, char in enumerate(rest) if (depth := depth + (char == "(") - (char == ")")) == 0), None)
    params = [p.strip() for p in parts(rest[:end]) if p.strip()]
    return qualifier, name, tuple(type_of(p) for p in params if p != "void")


def after_block(text, at):
    depth = 0
    for end in range(at, len(text)):
        depth += (text[end] == "{") - (text[end] == "}")
        if depth == 0:
            return end + 1
    return len(text)


class Scan:
    def __init__(self, text):
        self.declared, self.defined = [], []
        self.text = blanked(text)
        self.at = 0
        self.block(())

    def line(self, at):
        return self.text.count("\n", 0, at) + 1

    def note(self, into, head, scope, start):
        function = function_of(head)
        if function:
            qualifier, name, params = function
            # The last class alone: a source may have an alias for the one around it.
            last = "::".join(filter(None, [*scope, qualifier])).split("::")[-1]
            into.append(Function(last, name, params, self.line(start)))

    def block(self, scope):
        """Up to the closing brace of a namespace or class."""
        text, start = self.text, self.at
        while self.at < len(text):
            char = text[self.at]
            if char not in ";{}":
                self.at += 1
                continue
            head = ACCESS.sub("", text[start : self.at]).strip()
            here = start + len(text[start : self.at]) - len(text[start : self.at].lstrip())
            if char == "}":
                self.at += 1
                return
            if char == ";":
                self.statement(head, scope, here)
                self.at += 1
                start = self.at
            elif self.open_brace(head, scope, here):
                start = self.at

    def statement(self, head, scope, here):
        if re.match(r"(?:using|typedef|friend|static_assert|extern\s+template|template|return|goto)\b", head):
            return
        if re.search(r"=\s*(?:0|delete)$", head):
            return
        defaulted = re.sub(r"\s*=\s*default$", "", head)  # in the class, or in its .cc
        self.note(self.declared if defaulted == head else self.defined, defaulted, scope, here)

    def open_brace(self, head, scope, here):
        """Goes into what is a scope, over what is none; True where a statement ends with it."""
        text = self.text
        if head.count("(") > head.count(")"):  # a lambda or a value inside
            self.at = after_block(text, self.at)
            return False
        bare = re.sub(r"^template\s*<.*?>\s*(?=class|struct|union)", "", head, flags=re.S)
        namespace = re.match(r"(?:inline\s+)?namespace\b\s*([\w:]*)$", head)
        kind = None if "(" in re.sub(r"^\s*(?:class|struct)\s+\w+\s*\([^()]*\)", "", bare) else TYPE_HEAD.search(bare)
        if namespace and not namespace.group(1):
            self.at = after_block(text, self.at)
            return True
        if namespace or head.startswith('extern ""'):
            self.at += 1
            self.block(scope)
            return True
        if kind and not re.search(r"\benum\b", bare):
            self.at += 1
            self.block((*scope, kind.group(1)))
            semicolon = text.find(";", self.at)  # with it what is declared of that type
            self.at = semicolon + 1
            return True
        function = function_of(head)
        in_initialisers = function and re.search(r"\)\s*(?:noexcept\s*)?:(?!:)", head) and re.search(r"[\w>]$", head)
        if function and not in_initialisers:
            if not head.startswith("template"):
                self.note(self.defined, head, scope, here)
            self.at = after_block(text, self.at)
            return True
        self.at = after_block(text, self.at)  # an initialiser: the statement goes on
        return False


def scan(text):
    found = Scan(text)
    return found.declared, found.defined


def missing_in(header, source):
    """What the header declares and neither it nor the source of its name defines."""
    declared, in_header = scan(header)
    in_source = scan(source)[1]

    def key(function):
        return function[:3]

    defined = {key(f) for f in in_header + in_source}
    # The source may name a type by an alias of its own.
    others = collections.Counter(
        (f.scope, f.name, len(f.params)) for f in in_source if key(f) not in {key(d) for d in declared}
    )
    for function in declared:
        if key(function) in defined:
            continue
        alias = (function.scope, function.name, len(function.params))
        if others[alias] > 0:
            others[alias] -= 1
        else:
            yield function
