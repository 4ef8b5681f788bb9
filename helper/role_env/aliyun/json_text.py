"""JSON edited as text: what is added or changed is written in the style of its neighbours, every other byte stays.

Positions are indices into the text, which is valid JSON. The standard library reads; it only does not tell where.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class Span(NamedTuple):
    """A member of an object or an item of an array: where it begins (an object's member at its key), where its value
    does, and where that ends. `key` is empty for an item.
    """

    key: str
    start: int
    value: int
    end: int


def parts(text: str, start: int) -> list[Span]:
    """The members of the object, or the items of the array, that begins at `start`."""
    is_object = text[start] == "{"
    found = []
    position = _after_space(text, start + 1)
    while text[position] not in "}]":
        key, value = "", position
        if is_object:
            key, colon = _DECODER.raw_decode(text, position)
            value = _after_space(text, _after_space(text, colon) + 1)
        end = _DECODER.raw_decode(text, value)[1]
        found.append(Span(key, position, value, end))
        position = _after_space(text, end)
        if text[position] == ",":
            position = _after_space(text, position + 1)
    return found


def member(text: str, start: int, key: str) -> Span | None:
    """The member `key` of the object at `start`: the last one of that name, which is the one that counts."""
    return next((span for span in reversed(parts(text, start)) if span.key == key), None)


def with_members(text: str, start: int, values: Mapping[str, Any]) -> str:
    """The text with the object at `start` given these members: changed where they are there, else added behind."""
    for key, value in values.items():
        there = member(text, start, key)
        if there and json.loads(text[there.value : there.end]) == value:
            continue
        if there:
            text = text[: there.value] + _dumped(value) + text[there.end :]
        else:
            text = _appended(text, start, key, _dumped(value))
    return text


def with_item(text: str, start: int, values: Mapping[str, Any]) -> str:
    """The text with an object of these members added to the array at `start`, which stands in a top-level object."""
    items = parts(text, start)
    style = _style_of(text, items) or _usual_style(text)
    members = f",{style.between}".join(f"{_dumped(key)}{style.colon}{_dumped(value)}" for key, value in values.items())
    item = f"{{{style.opening}{members}{style.closing}}}"
    if items:
        return text[: items[-1].end] + "," + style.before + item + text[items[-1].end :]
    end = text.index("]", start)
    outer = style.before.removesuffix(_unit(text)) if "\n" in style.before else ""
    return text[: start + 1] + style.before + item + outer + text[end:]


class _Style(NamedTuple):
    """White space: before an item, after its `{`, between members, before its `}`, and around a colon."""

    before: str
    opening: str
    between: str
    closing: str
    colon: str


def _style_of(text: str, items: list[Span]) -> _Style | None:
    """How the last item, an object with members, is written; None where there is none."""
    last = items[-1] if items and text[items[-1].value] == "{" else None
    members = parts(text, last.value) if last else []
    if not last or not members:
        return None
    return _Style(
        _space_before(text, last.start),
        _space_before(text, members[0].start),
        _space_before(text, members[-1].start),
        _space_before(text, last.end - 1),
        _colon(text, members[-1]),
    )


def _usual_style(text: str) -> _Style:
    unit, newline = _unit(text), "\r\n" if "\r\n" in text else "\n"
    if not unit:
        return _Style("", "", " ", "", ": ")
    item, inner = newline + unit * 2, newline + unit * 3
    return _Style(item, inner, inner, item, ": ")


def _unit(text: str) -> str:
    """What one level is indented by, as the first member of the whole shows; empty in a text of one line."""
    members = parts(text, _after_space(text, 0))
    space = _space_before(text, members[0].start) if members else "\n\t"
    return space.rpartition("\n")[2] if "\n" in space else ""


def _appended(text: str, start: int, key: str, value: str) -> str:
    """The text with one member more behind the last one of the object at `start`."""
    members = parts(text, start)
    if not members:
        return f"{text[: start + 1]}{_dumped(key)}: {value}{text[start + 1 :]}"
    last = members[-1]
    added = f",{_space_before(text, last.start)}{_dumped(key)}{_colon(text, last)}{value}"
    return text[: last.end] + added + text[last.end :]


def _colon(text: str, span: Span) -> str:
    """What stands between the key of a member and its value."""
    return text[_DECODER.raw_decode(text, span.start)[1] : span.value]


def _space_before(text: str, position: int) -> str:
    return text[len(text[:position].rstrip(" \t\r\n")) : position]


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
