"""A program with the shared libraries that it needs, for an image or an initramfs."""

import pathlib
import subprocess


def files_of(program, target):
    """{path inside: path here} of the program, placed at `target`, and of its libraries."""
    files = {target.lstrip("/"): pathlib.Path(program)}
    listing = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
    for line in listing.stdout.splitlines():
        words = line.split()
        library = words[2] if "=>" in words else words[0]
        if library.startswith("/"):
            files[library.lstrip("/")] = pathlib.Path(library).resolve()
    return files
