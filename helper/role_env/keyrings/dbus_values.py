"""Encode the values of D-Bus calls, and decode those of messages.

A signature gives the types of values: `s` and `o` are texts, `b` a bool, `ay` bytes, `ao` a list of texts, `a{ss}` a
dictionary, `v` the text or bool in it, and a struct is a tuple. Format: D-Bus specification 0.43, "Message Format".
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NO_AUTO_START = 2


class Reader:
    """A reader of aligned values. It raises IndexError or ValueError past the end and for an invalid value.

    It is strict, because an invalid length shows only in what follows: padding, a string's NUL, or the end.
    """

    def __init__(self, data: bytes, order: str, position: int) -> None:
        self._data = data
        self._order = order
        self._position = position

    def left(self) -> int:
        """Return the number of bytes that are left."""
        return len(self._data) - self._position

    def values(self, signature: str) -> "list[Any]":
        """Read a value for each type in `signature`."""
        if signature.startswith("("):
            self.align(8)
            return [tuple(self.values(signature[1:-1]))]
        values: list[Any] = []
        types = iter(signature)
        for kind in types:
            if kind == "a":
                values.append(self._array(next(types, "")))
            elif kind == "v" and (inner := self.signature()) in ("b", "s"):
                values += self.values(inner)
            elif kind == "b":
                values.append(bool(self.number()))
            elif kind in "so":
                values.append(self.text())
            else:
                raise ValueError("an unknown type")
        return values

    def align(self, size: int) -> None:
        """Skip the padding before a value that begins at a multiple of `size`."""
        padding = -self._position % size
        if padding and any(self.take(padding)):
            raise ValueError("no padding")

    def take(self, count: int) -> bytes:
        """Read `count` bytes without alignment."""
        taken = self._data[self._position : self._position + count]
        if len(taken) != count:
            raise IndexError("past the end")
        self._position += count
        return taken

    def byte(self) -> int:
        """Read a byte."""
        self._position += 1
        return self._data[self._position - 1]

    def number(self) -> int:
        """Read an unsigned 32-bit number."""
        self.align(4)
        return int.from_bytes(self.take(4), self._order)  # type: ignore[arg-type]  # "little" or "big"

    def text(self) -> str:
        """Read a string or an object path."""
        return self._terminated(self.number()).decode("utf-8")

    def signature(self) -> str:
        """Read a signature."""
        return self._terminated(self.byte()).decode("ascii")

    def _array(self, element: str) -> "bytes | list[Any]":
        """Read an array of bytes or of texts."""
        length = self.number()
        if element == "y":
            return self.take(length)
        end, items = self._position + length, []
        while self._position < end:
            items += self.values(element)
        if self._position != end:
            raise ValueError("an item across the end")
        return items

    def _terminated(self, count: int) -> bytes:
        taken = self.take(count + 1)
        if taken.find(0) != count:
            raise ValueError("not one NUL, at the end")
        return taken[:-1]


def message(
    serial: int,
    destination: str,
    path: str,
    interface: str,
    member: str,
    signature: str = "",
    values: "tuple[Any, ...]" = (),
) -> bytes:
    """Return a little-endian method call that does not start the service."""
    fields = b""
    for code, kind, value in ((1, b"o", path), (2, b"s", interface), (3, b"s", member), (6, b"s", destination)):
        fields += bytes(-len(fields) % 8) + bytes((code, 1)) + kind + b"\0" + _string(value)
    if signature:
        text = signature.encode()
        fields += bytes(-len(fields) % 8) + b"\x08\x01g\0" + bytes((len(text),)) + text + b"\0"
    body = _body(signature, values)
    head = bytes((108, 1, _NO_AUTO_START, 1)) + _number(len(body)) + _number(serial) + _number(len(fields))
    return head + fields + bytes(-len(fields) % 8) + body


def _body(signature: str, values: "tuple[Any, ...]") -> bytes:
    """Return `values` in the wire format: one dictionary, or texts, some of them in a variant."""
    if signature == "a{ss}":
        return _dictionary(*values)
    body = b""
    for kind, value in zip(signature, values, strict=True):
        body += b"\1s\0" if kind == "v" else b""
        body += bytes(-len(body) % 4) + _string(value)
    return body


def _dictionary(pairs: "dict[str, str]") -> bytes:
    entries = b""
    for name, value in pairs.items():
        # An array's length comes first and its entries begin at 8, so padding within them counts from there.
        entries += bytes(-len(entries) % 8) + _string(name)
        entries += bytes(-len(entries) % 4) + _string(value)
    return _number(len(entries)) + bytes(4) + entries


def _string(text: str) -> bytes:
    data = text.encode("utf-8")
    return _number(len(data)) + data + b"\0"


def _number(value: int) -> bytes:
    return value.to_bytes(4, "little")


def fields(reader: Reader) -> "tuple[int, str]":
    """Return the serial that a message replies to and the signature of its body, from its header fields."""
    reply_to, signature = 0, ""
    while reader.left():
        reader.align(8)
        code, kind = reader.byte(), reader.take(3)  # the kind is a signature of one letter
        if kind in (b"\1s\0", b"\1o\0"):
            reader.text()
        elif kind == b"\1g\0":
            value = reader.signature()
            signature = value if code == 8 else signature
        elif kind == b"\1u\0":
            number = reader.number()
            reply_to = number if code == 5 else reply_to
        else:
            raise ValueError("an unknown field")
    return reply_to, signature
