"""Writes a file as bbolt lays it out, for the tests of what reads containerd's database."""

import struct

PAGE_BYTES = 4096
FLAGS = {"leaf": 2, "meta": 4}
IS_BUCKET = 1


def header(kind, count=0, overflow=0, page=0):
    return struct.pack("<QHHI", page, FLAGS[kind], count, overflow)


def leaf(bucket, page=0):
    """A page of {key: text, or {...} for a bucket}. Buckets are inside of their parents' values."""
    elements, data = b"", b""
    for index, (key, value) in enumerate(sorted(bucket.items())):
        is_bucket = isinstance(value, dict)
        key, value = key.encode(), struct.pack("<QQ", 0, 0) + leaf(value) if is_bucket else value.encode()
        to_data = (len(bucket) - index) * 16 + len(data)
        elements += struct.pack("<IIII", IS_BUCKET if is_bucket else 0, to_data, len(key), len(value))
        data += key + value
    overflow = (16 + len(elements) + len(data) - 1) // PAGE_BYTES
    return header("leaf", len(bucket), overflow, page) + elements + data


def meta(root, transaction):
    fields = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, PAGE_BYTES, 0, root, 0, 2, 64, transaction)
    checksum = 14695981039346656037  # FNV-1a
    for byte in fields:
        checksum = (checksum ^ byte) * 1099511628211 % 2**64
    return header("meta") + fields + struct.pack("<Q", checksum)


def file(bucket):
    """Two metas, the list of free pages, and the root at page 3, to which the newer meta points."""
    pages = [meta(2, 6), meta(3, 7), leaf({}), leaf(bucket, 3)]
    return b"".join(page + bytes(-len(page) % PAGE_BYTES) for page in pages)
