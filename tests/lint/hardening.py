#!/usr/bin/env python3
"""hardening.py PROGRAM...: each program has the protections of cmake/hardening.cmake.

What the linker did is in the program's headers. What the compiler did shows in its code: the
functions that it calls when a check fails, and in the first instruction of main."""

import platform
import re
import subprocess
import sys


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def missing_in_headers(program):
    headers = output("readelf", "--wide", "--file-header", "--program-headers", "--dynamic", program)
    stack = re.search(r"^\s*GNU_STACK.*", headers, re.M)
    wanted = {
        "position independent (PIE)": re.search(r"FLAGS_1.*\bPIE\b", headers),
        "RELRO": re.search(r"^\s*GNU_RELRO\b", headers, re.M),
        "full RELRO (BIND_NOW)": re.search(r"FLAGS\b.*\bBIND_NOW\b|FLAGS_1.*\bNOW\b", headers),
        "a stack that is not executable": stack and "E" not in stack[0].split()[-2],
        "no segment that is writable and executable": not re.search(r"^\s*LOAD\b.* RWE ", headers, re.M),
    }
    return [name for name, found in wanted.items() if not found]


def missing_in_code(program):
    """Of a program that is linked to the C library and has its symbols."""
    if "(NEEDED)" not in output("readelf", "--wide", "--dynamic", program):
        return []  # static: the calls are inside, without names
    symbols = output("readelf", "--wide", "--dyn-syms", program)
    wanted = {
        "stack protector": re.search(r"\b__stack_chk_fail\b", symbols),
        "_FORTIFY_SOURCE": re.search(r"\b__(?!stack)\w+_chk\b", symbols),
    }
    if platform.machine() == "x86_64":
        code = output("objdump", "--disassemble", "--no-show-raw-insn", program)
        wanted["-fcf-protection (endbr64 first in main)"] = re.search(r"<main>:\n\s*\w+:\s+endbr64", code)
        # A large frame is touched page by page.
        wanted["-fstack-clash-protection"] = re.search(r"\borq\s+\$0x0,\(%rsp\)", code)
    return [name for name, found in wanted.items() if not found]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    failed = 0
    for program in sys.argv[1:]:
        for missing in missing_in_headers(program) + missing_in_code(program):
            print(f"{program}: without {missing}")
            failed = 1
    sys.exit(failed)


if __name__ == "__main__":
    main()
