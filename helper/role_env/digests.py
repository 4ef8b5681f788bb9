"""Digests, by the interpreter's own module: `hashlib` loads OpenSSL, which costs half of a warm call."""

import sys


def sha256(text: str) -> str:
    """Return the SHA-256 digest of `text` in hexadecimal."""
    data = text.encode("utf-8", "surrogateescape")
    try:
        if sys.version_info >= (3, 12):
            from _sha2 import sha256
        else:
            from _sha256 import sha256
    except ImportError:  # an interpreter built without it
        from hashlib import sha256
    return str(sha256(data).hexdigest())
