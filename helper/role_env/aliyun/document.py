"""Parse the `aliyun` CLI's file as JSON, and write it back with its own indentation.

The CLI is written in Go, whose JSON decoder ignores the case of keys and refuses a byte order mark.
"""

import json
import re
from typing import Any

from role_env.errors import ProfileError

HINT = "check whether the aliyun CLI can read it: aliyun configure list"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COMMENT = ("//", "/*", "#")
_INDENT = re.compile(r'^([ \t]+)"', re.MULTILINE)


def parse(path: str, content: bytes, *, for_change: bool = False) -> dict[str, Any]:
    """Return the JSON object in `content`, the file at `path`.

    Accepts a byte order mark and, unless it is to be changed and written back, keys that differ only in case, of which
    writing loses one. Raises ProfileError, with the line, for anything but a JSON object.
    """

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return the object of `pairs`. Raises ProfileError for a key of which writing would lose one value."""
        keys = [key.lower() for key, _ in pairs]
        if for_change and len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ProfileError(f"{path}: the key {twice} appears twice", hint="keep one of the two")
        return dict(pairs)

    try:
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=object_of)
    except json.JSONDecodeError as error:
        what = "a comment, which JSON does not have" if error.doc.startswith(_COMMENT, error.pos) else error.msg
        raise ProfileError(f"{path}, line {error.lineno}: not JSON ({what})", hint=HINT) from None
    except (ValueError, RecursionError):
        raise ProfileError(f"{path} is not JSON in UTF-8", hint=HINT) from None
    if not isinstance(document, dict):
        raise ProfileError(f"{path} does not contain a JSON object", hint=HINT)
    return document


def dump(document: dict[str, Any], like: bytes) -> bytes:
    """Return `document` as JSON, with the indentation and final newline of `like`."""
    found = _INDENT.search(like.decode())
    text = json.dumps(document, ensure_ascii=False, indent=found[1] if found else None)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can write and UTF-8 cannot
        text = json.dumps(document, indent=found[1] if found else None)
    return text.encode() + b"\n" * like.endswith(b"\n")


def folded(entry: dict[str, Any]) -> dict[str, Any]:
    """Return `entry` with its keys in lower case. Of keys that differ only in case the last counts, as in Go."""
    return {key.lower(): value for key, value in entry.items()}
