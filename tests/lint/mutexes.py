#!/usr/bin/python3
"""mutexes.py [ROOT]: clang's analysis sees every mutex of the agent, and each guards something.

- A mutex is a Mutex or a PriorityInheritingMutex (collectors/kernel/system), held by a MutexLock.
  The analysis does not know the standard library's.
- The file that declares a mutex says what it guards: GUARDED_BY, or REQUIRES for what is no field."""

import pathlib
import re
import sys

TOP_FOLDERS = ("agent", "collectors", "exporters")
ANNOTATIONS = "collectors/kernel/system/thread_annotations.h"  # makes Mutex of a std::mutex
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
# base_sink<std::mutex> of spdlog is a template argument: no field of ours.
UNKNOWN_TO_THE_ANALYSIS = re.compile(
    r"(?<!<)\b(?:std::(?:(?:recursive_|shared_)?(?:timed_)?mutex|condition_variable)"
    r"|std::(?:lock_guard|unique_lock|scoped_lock|shared_lock)|pthread_mutex_t)\b(?!>)"
)
OWN_PTHREAD_MUTEX = "collectors/kernel/system/priority_inheriting_mutex.h"
DECLARED = re.compile(r"^\s*(?:mutable |static |inline )*(?:PriorityInheriting)?Mutex (\w+)\b(?!\()[^\n]*;", re.M)


def faults_of(file, text):
    code = COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    for match in UNKNOWN_TO_THE_ANALYSIS.finditer(code):
        own = {ANNOTATIONS: "std::mutex", OWN_PTHREAD_MUTEX: "pthread_mutex_t"}
        if own.get(file) != match[0]:
            line = code.count("\n", 0, match.start()) + 1
            yield f"{file}:{line}: {match[0]}: use Mutex, MutexLock and std::condition_variable_any ({ANNOTATIONS})"
    for match in DECLARED.finditer(code):
        if not re.search(rf"\b(?:GUARDED_BY|REQUIRES)\([\w.>-]*\b{match[1]}\)", code):
            line = code.count("\n", 0, match.start(1)) + 1
            yield f"{file}:{line}: {match[1]}: no field has GUARDED_BY({match[1]})"


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    files = [f for top in TOP_FOLDERS for f in sorted((root / top).rglob("*")) if f.suffix in (".cc", ".h")]
    faults, mutexes = [], 0
    for file in files:
        text = file.read_text()
        mutexes += len(DECLARED.findall(text))
        faults += faults_of(str(file.relative_to(root)), text)
    if mutexes < 10:
        faults.append(f"only {mutexes} mutexes found below {root}")
    print("\n".join([*faults, f"{len(files)} files, {mutexes} mutexes"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
