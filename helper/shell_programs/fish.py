"""Make the programs for fish."""

import re

from role_env.shells.fish import quote
from shell_programs import fill, parts, tables


def programs() -> dict[str, str]:
    """Return the programs by name."""
    (refusal,) = parts("refuse.fish", {})
    return {name: _program(name) for name in ("switch.fish", "off.fish", "renew.fish", "fail.fish")} | {
        "refuse.fish": _ended(refusal)
    }


def off_here() -> str:
    """Return the text of `off` for the integration."""
    return _program("off.fish").rstrip("\n")


def _program(name: str) -> str:
    """Return a program, with names in place of the values of a session."""
    shared = tables.of_programs(quote)
    (own,) = parts(name, shared)
    begin, end = parts("session.fish", shared)
    text = _ended([*begin, *own, *end])
    return fill(text, {"FUNCTIONS": re.findall(r"^function (\w+)", text, re.MULTILINE)})


def _ended(lines: list[str]) -> str:
    """Return lines that end in a semicolon, so that `eval (role-env PROFILE)`, which joins them with spaces, works."""
    return ";\n".join(lines) + "\n"
