"""Read JSON that every reader understands in the same way. What role-env writes is in `documents.py` and `ui`."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class JsonError(ValueError):
    """Text that readers of JSON understand in different ways; the message completes a sentence about it."""


def json_value(text: str | bytes) -> "Any":
    """Return the JSON value in `text`, which every reader of JSON understands in the same way.

    Raises ValueError for text that is not JSON, for a duplicate key of an object, of which a reader may take either
    value, and for a number that JSON does not have, such as NaN.
    """
    import json  # the fast path reads none

    def read_object(pairs: "list[tuple[str, Any]]") -> "dict[str, Any]":
        """Return the object of `pairs`. Raises JsonError for a key that comes twice."""
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise JsonError(f"has the key {twice} twice")
        return found

    def read_number(text: str) -> float:
        """Return the number in `text`. Raises JsonError for one that JSON does not have."""
        number = float(text)
        if number - number != 0:  # NaN, or infinite
            raise JsonError(f"contains the number {text}, which JSON does not have")
        return number

    try:
        return json.loads(text, object_pairs_hook=read_object, parse_constant=read_number, parse_float=read_number)
    except RecursionError:  # nested deeper than any document that role-env reads
        raise ValueError("is nested too deeply") from None
