"""Parse the `aliyun` CLI's file as JSON, and write it back with its own indentation.

The CLI is written in Go, whose JSON decoder ignores the case of keys and refuses a byte order mark.
"""

import json
import re
from typing import Any, NoReturn

from role_env.errors import ProfileError

HINT = "check whether the aliyun CLI can read it: aliyun configure list"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COMMENT = ("//", "/*", "#")
_INDENT = re.compile(r'^([ \t]+)"', re.MULTILINE)


def parse(path: str, content: bytes) -> dict[str, Any]:
    """Return the JSON object in `content`, the file at `path`, for reading.

    Accepts a byte order mark and duplicate keys. Raises ProfileError, with the line, for anything but a JSON object.
    """
    try:
        document = json.loads(_text(path, content), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        what = "a comment, which JSON does not have" if error.doc.startswith(_COMMENT, error.pos) else error.msg
        raise ProfileError(f"{path}, line {error.lineno}: not JSON ({what})", hint=HINT) from None
    except (ValueError, RecursionError):
        raise ProfileError(f"{path} is not JSON", hint=HINT) from None
    if not isinstance(document, dict):
        raise ProfileError(f"{path} does not contain a JSON object", hint=HINT)
    return document


def parse_for_change(path: str, content: bytes) -> dict[str, Any]:
    """Return the JSON object as `parse` does, to be changed and written back.

    Raises ProfileError, also for a byte order mark and for keys that differ only in case: writing loses them.
    """
    if content.startswith(BYTE_ORDER_MARK):
        raise mark_error(path)
    parse(path, content)

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return the object of `pairs`, whose keys differ in more than case."""
        keys = [key.lower() for key, _ in pairs]
        if len(set(keys)) < len(keys):
            twice = next(key for key in keys if keys.count(key) > 1)
            raise ProfileError(f"{path}: the key {twice} appears twice", hint="keep one of the two")
        return dict(pairs)

    changed: dict[str, Any] = json.loads(_text(path, content), object_pairs_hook=object_of)
    return changed


def mark_error(path: str) -> ProfileError:
    """Return the error for a file at `path` that begins with a byte order mark."""
    return ProfileError(
        f"{path} begins with a byte order mark, so the aliyun CLI cannot read it",
        hint="save it as UTF-8 without a byte order mark",
    )


def dump(document: dict[str, Any], like: bytes) -> bytes:
    """Return `document` as JSON, with the indentation, line endings and final newline of `like`."""
    text = like.decode("utf-8", "replace")
    found = _INDENT.search(text)
    indent = found[1] if found else None
    compact = indent is None and '": ' not in text
    separators = (",", ":") if compact else (", " if indent is None else ",", ": ")
    result = json.dumps(document, ensure_ascii=False, indent=indent, separators=separators)
    if not _is_encodable(result):  # half a surrogate pair, which JSON can write and UTF-8 cannot
        result = json.dumps(document, indent=indent, separators=separators)
    result += text[len(text.rstrip("\r\n")) :].replace("\r\n", "\n")
    return result.replace("\n", "\r\n" if "\r\n" in text else "\n").encode()


def folded(entry: dict[str, Any]) -> dict[str, Any]:
    """Return `entry` with its keys in lower case. Of keys that differ only in case the last counts, as in Go."""
    return {key.lower(): value for key, value in entry.items()}


def _text(path: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ProfileError(f"{path} is not UTF-8", hint=HINT) from None


def _refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python's decoder accepts and JSON does not have."""
    raise ValueError(name)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
