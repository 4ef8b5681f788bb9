"""Make the programs for bash, zsh and any POSIX shell."""

import re
from collections.abc import Iterable

from role_env import variables
from role_env.shells import posix
from shell_programs import FILES, fill, parts, tables

_OPEN_ENDS = ("{", "(", ")", ";;", " in", "then", "do", "else", "||", "&&")
"""The ends of lines after which a command continues, so that no semicolon may follow."""
_WITHOUT_ACCOUNT = ("switch.sh", "fail.sh")
"""The programs that leave the shell without an account if they are evaluated without quotes."""


def programs() -> dict[str, str]:
    """Return the programs by name."""
    (refusal,) = parts("refuse.sh", {})
    names = ("switch.sh", "off.sh", "renew.sh", "fail.sh")
    return {name: "".join(_groups(name)) for name in names} | {"refuse.sh": f"{_ended(refusal)}\n"}


def off_here() -> str:
    """Return the text of `off` for the integration, quoted.

    The integration traces no command while it works, and finds readonly variables without a subshell. The text is the
    same in all shells: it exports each variable that it saves.
    """
    _, group = _groups("off.sh", is_writable="_role_env_is_writable")
    return posix.quote(fill(group, {"AT": "@", "EXPORTED": variables.SAVED, "NUMBERED": ""}).rstrip("\n"))


def _groups(name: str, *, is_writable: str = "false") -> tuple[str, str]:
    """Return the two groups of a program: the first turns off `set -v`, which would print the second while it is read.

    `is_writable` is the command that succeeds if all variables can be set.
    """
    shared: tables.Tables = {
        **tables.of_programs(posix.quote),
        "IS_WRITABLE": is_writable,
        "WHEN_UNQUOTED": "_re_take_away" if name in _WITHOUT_ACCOUNT else ":",
    }
    unquoted, own = parts(name, shared)
    silence, first, common, end = parts("session.sh", shared)
    lines = [*unquoted, *first, *common, *own, *end]
    functions = [line.removesuffix("() {") for line in lines if line.endswith("() {")]
    used = dict.fromkeys(re.findall(r"\b_re_[a-z_]*[a-z]\b", "\n".join(lines)))
    names = {
        "FUNCTIONS": [name.removeprefix("_re_") for name in functions],
        "TEMPORARIES": [name.removeprefix("_re_") for name in used if name not in (*functions, "_re_var")],
    }
    quoted = fill(_ended([*unquoted, *first]), {**names, "LINE_BREAK": posix.quote("\n")})
    rest = fill("\n".join((*common, *own, *end)), names)
    texts = {"SILENCE": posix.quote(_ended(silence)), "FIRST": posix.quote(quoted), "REST": rest}
    before, _, group = (FILES / "program.txt").read_text("utf-8").partition("#@\n")
    return fill(before, texts), fill(group, texts)


def _ended(lines: Iterable[str]) -> str:
    """Return `lines` with the semicolons that they need if line breaks become spaces."""
    return "\n".join(line if line.endswith(_OPEN_ENDS) else f"{line};" for line in lines)
