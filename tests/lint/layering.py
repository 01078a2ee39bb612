#!/usr/bin/python3
"""layering.py [ROOT]: the rooms of the source tree keep to layers.toml.

- A file includes only what the table allows its room; no circle among rooms or files.
- Every room of the table has files.
- A header's functions are defined in it or in the .cc beside it.
- No base name stands twice, unless one file is the other's header or test.
- A collector has no file, clock, thread or log; and only the rooms that may open files of
  the host name any.

layering.py --markdown: the table for docs/architecture.md."""

import collections
import fnmatch
import pathlib
import re
import sys
import tomllib

import cpp_functions

TABLE = pathlib.Path(__file__).with_name("layers.toml")
TOP_FOLDERS = ("agent", "collectors", "exporters")
DASHBOARD = "dashboards/web/src"
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)
IMPORT = re.compile(r'^(?:import|export)\b[^;]*?["\'](\.[^"\']+)["\']', re.M)
# /proc/self is the agent, not the host, and so is what it keeps of its own.
HOST_PATH = re.compile(r'"/?(?:proc(?!/self/)|sys|var/lib(?!/tallyman))/[^"]*"')
# Collectors name them in what they say of a metric's source.
NAMES_NO_HOST_FILES = ("collectors/sampling/", "collectors/history/", "exporters/", "agent/")
# A program of its own, which sees the files of the container that it runs in; and what cAdvisor's flags are by default.
MAY_NAME_FILES = ("agent/overhead/probe/", "agent/config/cadvisor/cadvisor_flags.cc")


class Rooms:
    """One section of the table."""

    def __init__(self, section):
        self.order = list(section)
        self.faults, self.allowed = [], {}
        for place, (room, targets) in enumerate(section.items()):
            self.allowed[room] = set()
            for target in targets:
                path, _, only = target.partition(":")
                found = fnmatch.filter(self.order, path)
                if not found:
                    self.faults.append(f"layers.toml: {room}: there is no room {path}")
                for one in found:
                    self.allowed[room].add((one, only))
                    if self.order.index(one) >= place:
                        self.faults.append(f"layers.toml: {room} may not include {one}, which stands above it")

    def of(self, file):
        """The room a file is in: its folder, or the file itself."""
        for room in (file, file.rsplit(".", 1)[0], str(pathlib.PurePath(file).parent)):
            if room in self.allowed:
                return room
        return None

    def allows(self, room, target, file):
        return (
            room == target
            or (target, "") in self.allowed[room]
            or (target, pathlib.PurePath(file).name) in self.allowed[room]
        )


def circle_in(graph):
    """The first circle, as the names along it, or None."""
    done = set()
    for start in sorted(graph):
        path, on_path, stack = [], set(), [(start, iter(sorted(graph[start])))]
        if start in done:
            continue
        path.append(start)
        on_path.add(start)
        while stack:
            node, targets = stack[-1]
            for target in targets:
                if target in on_path:
                    return [*path[path.index(target) :], target]
                if target not in done and target in graph:
                    path.append(target)
                    on_path.add(target)
                    stack.append((target, iter(sorted(graph[target]))))
                    break
            else:
                stack.pop()
                path.pop()
                on_path.remove(node)
                done.add(node)
    return None


class Language:
    """The files of one language, what each includes, and what is wrong with that."""

    def __init__(self, name, section, texts, includes):
        self.name, self.rooms, self.texts = name, Rooms(section), texts
        self.graph = {file: includes(file, text) for file, text in texts.items()}
        self.faults = list(self.rooms.faults)
        self.room_graph = collections.defaultdict(set)

    def check(self, excused):
        self.graph = {file: [t for t in targets if not excused(file, t)] for file, targets in self.graph.items()}
        for file, targets in sorted(self.graph.items()):
            room = self.rooms.of(file)
            if room is None:
                self.faults.append(f"{file}: in no room of layers.toml")
                continue
            self.room_graph[room]
            for target in targets:
                other = self.rooms.of(target)
                if other is None:
                    continue
                if room != other:
                    self.room_graph[room].add(other)
                if not self.rooms.allows(room, other, target):
                    self.faults.append(f"{file}: includes {target}: {room} may not know {other}")
        for room in self.rooms.order:
            if room not in self.room_graph:
                self.faults.append(f"layers.toml: {room}: no file is in this room")
        self.circles = 0
        for graph in (self.room_graph, self.graph):
            if circle := circle_in(graph):
                self.circles += 1
                self.faults.append("a circle: " + " -> ".join(circle))

    def summary(self):
        return (
            f"{self.name}: {len(self.graph)} files, {sum(map(len, self.graph.values()))} includes; "
            f"{len(self.room_graph)} rooms, {sum(map(len, self.room_graph.values()))} arrows, {self.circles} circles"
        )


def cpp_of(root, section):
    files = [
        f
        for top in TOP_FOLDERS
        for f in sorted((root / top).rglob("*"))
        if f.suffix in (".cc", ".h") or f.name.endswith(".cc.in")
    ]
    texts = {str(f.relative_to(root)): f.read_text() for f in files}
    return Language("C++", section, texts, lambda file, text: [i for i in INCLUDE.findall(text) if i in texts])


def typescript_of(root, section):
    source = root / DASHBOARD
    texts = {
        str(f.relative_to(source)): f.read_text() for f in sorted(source.rglob("*")) if f.suffix in (".ts", ".tsx")
    }

    def imports(file, text):
        for name in dict.fromkeys(IMPORT.findall(text)):
            path = str((source / file).parent.joinpath(name).resolve().relative_to(source.resolve()))
            yield from [one for one in (path, path + ".ts", path + ".tsx") if one in texts]

    return Language("TypeScript", section, texts, lambda file, text: list(imports(file, text)))


def homeless_functions(texts, excused):
    """Functions of a header that are defined in another file than the one of its name."""
    for header in sorted(file for file in texts if file.endswith(".h")):
        source = header[:-2] + ".cc"
        text = texts.get(source) or texts.get(source + ".in", "")  # CMake completes the latter
        for function in cpp_functions.missing_in(texts[header], text):
            if not excused(header):
                name = "::".join(filter(None, (function.scope, function.name)))
                yield f"{header}:{function.line}: {name}() is not defined in {source}"


def doubled_names(texts, excused):
    by_stem = collections.defaultdict(list)
    for file in texts:
        by_stem[pathlib.PurePath(file).name.split(".")[0]].append(file)
    for files in by_stem.values():
        if len({file[: file.index(".")] for file in files}) > 1 and not excused(*files):
            yield "one name for two things: " + ", ".join(files)


def misplaced_facts(file, text):
    """What a collector must not use, and paths of the host outside the rooms that open them."""
    code = re.sub(r'"[^"\n]*"', '""', text)
    if "extern const Collector" in text and re.search(
        r"\b(open|fopen|ifstream|system_clock|steady_clock|std::thread|spdlog)\b", code
    ):
        yield f"{file}: a collector has no file, clock, thread or log"
    if file.startswith(NAMES_NO_HOST_FILES) and not file.startswith(MAY_NAME_FILES):
        for literal in HOST_PATH.findall(text):
            yield f"{file}: {literal}: only collectors/kernel and collectors/discovery name files of the host"


class Excuses:
    """The table's exceptions; one that excuses nothing is a fault itself."""

    def __init__(self, table):
        section = table.get("exceptions", {})
        self.listed = {tuple(one.split(" -> ")) for one in section.get("includes", [])}
        self.listed |= {(one,) for one in section.get("generated", []) + section.get("defined_elsewhere", [])}
        self.listed |= {tuple(sorted(pair)) for pair in section.get("same_name", [])}
        self.unused = set(self.listed)

    def pair(self, *files):
        self.unused.discard(tuple(files))
        return tuple(files) in self.listed

    def header(self, header):
        return self.pair(header)

    def faults(self):
        for one in sorted(self.unused):
            yield f"layers.toml: an exception that excuses nothing: {' -> '.join(one)}"


def markdown(table):
    lines = []
    for title, section, prefix in (("room", "cpp", ""), ("room of the dashboard", "typescript", DASHBOARD + "/")):
        lines += [f"| {title} | may include |", "|---|---|"]
        for room, targets in table[section].items():
            names = [
                f"`{t.partition(':')[0]}` (only `{t.partition(':')[2]}`)" if ":" in t else f"`{t}`" for t in targets
            ]
            lines.append(f"| `{prefix}{room}` | {', '.join(names) or 'nothing'} |")
        lines.append("")
    return "\n".join(lines)


def main():
    table = tomllib.loads(TABLE.read_text())
    if sys.argv[1:] == ["--markdown"]:
        print(markdown(table), end="")
        return 0
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    excuses = Excuses(table)
    cpp, typescript = cpp_of(root, table["cpp"]), typescript_of(root, table["typescript"])
    faults = []
    for language in (cpp, typescript):
        language.check(excuses.pair)
        faults += language.faults
        faults += doubled_names(language.texts, excuses.pair)
        if len(language.graph) < 20:
            faults.append(f"only {len(language.graph)} files of {language.name} found below {root}")
    faults += homeless_functions(cpp.texts, excuses.header)
    for file, text in cpp.texts.items():
        faults += misplaced_facts(file, text)
    faults += excuses.faults()
    print("\n".join(faults + [language.summary() for language in (cpp, typescript)]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
