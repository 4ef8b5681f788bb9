"""Make the programs and the tables of the integration for bash, zsh and any POSIX shell."""

from collections.abc import Iterable, Mapping

from role_env import command_table, validators, variables
from role_env.command_table.model import Command
from role_env.shells import posix
from role_env.shells.programs import by_value, words
from shell_programs import fill, parts, tables

_OPEN_ENDS = ("{", "(", ")", ";;", " in", "then", "do", "else", "||", "&&")
"""The ends of lines after which a command continues, so that no semicolon may follow."""
# For a shell that has joined the lines with spaces, this is a word, the end of the group and a comment; for others, a
# comment.
_CUT = "\\\n#; }; #"
_NOTHING = "\\:"
"""The command that does nothing."""
_TAKE_AWAY = {"UNQUOTED_STEP": "_re_take_away"}
"""The table of a program that leaves the shell without an account if it is evaluated without quotes."""
_SHARED_FILE = f"${{{variables.SERVER}:+{variables.SHARED_FILE}}}"
"""The variable of the file of profiles, under `exec --renew`. Elsewhere it is the user's."""
_TEMPORARIES = (
    "all",
    "any",
    "bare",
    "cleanup",
    "every",
    "exported",
    "field",
    "guards",
    "how",
    "id",
    "left",
    "local",
    "new",
    "ours",
    "own_secret",
    "own_token",
    "pairs",
    "regions",
    "result",
    "theirs",
    "try",
    "on",
    "unset",
    "value",
    "verbose",
    "whole",
    "wrong",
)
"""The variables of the programs, without their prefix `_re_`. All are unset at the end."""


def programs() -> dict[str, str]:
    """Return the programs by name."""
    switch = _TAKE_AWAY | {"UNQUOTED_REPORT": _report("no session was set", "@EXPORT_WORDS@ || echo false")}
    return {
        "switch.sh": _program("switch.sh", switch),
        "off.sh": _program("off.sh", _off_tables()),
        "renew.sh": _program("renew.sh", {"UNQUOTED_REPORT": _report("nothing was changed", "renew")}),
        "fail.sh": _program("fail.sh", _TAKE_AWAY),
        "refuse.sh": "".join(f"{line}\n" for line in _terminated(*parts("refuse.sh"))),
    }


def _off_tables() -> dict[str, str]:
    return {"UNQUOTED_REPORT": _report("nothing was changed", "off")}


def _program(name: str, own_tables: dict[str, str] | None = None, *, is_integrated: bool = False) -> str:
    """Return a program, in which names stand for what depends on the session.

    It begins with a line that turns off `set -v`, which would print the rest while it is read. The rest is one group
    `{ …; }`: cut off anywhere, it is a syntax error and sets nothing. With `is_integrated` the shell has the
    integration, which traces no command while it works, and finds readonly variables without a subshell.
    """
    before, first, common, end = parts("session.sh")
    (own,) = parts(name)
    functions = (line[len("_re_") : -4] for line in (*first, *common, *own) if line.endswith("() {"))
    all_tables = {
        **_tables(),
        "FUNCTIONS": words(functions),
        "IS_WRITABLE": '\\eval "_role_env_is_writable $_re_all"' if is_integrated else "\\false",
        **(own_tables or {}),
    }
    head = [] if is_integrated else [f"{{\n{_evaluated(before, {})};\n}};"]
    rest = fill("\n".join((*common, *own, *end, "}\n")), all_tables)
    return "\n".join((*head, "{", f"{_evaluated(first, all_tables)} {_CUT}", rest))


def _evaluated(lines: Iterable[str], all_tables: Mapping[str, str]) -> str:
    """Return the command that evaluates `lines`, filled in: the shell may have joined them with spaces.

    Within the quotes nothing is a syntax error of the line, which has secrets.
    """
    return f"\\eval {posix.quote(fill(chr(10).join(_terminated(lines)), all_tables))}"


def _tables() -> dict[str, str]:
    """Return the tables of every program."""
    keys = (*variables.KEYS, variables.BARE_PAIR)
    no_account = by_value(variables.NO_ACCOUNT).items()
    return {
        **tables.of_variables(),
        "SORT_KEYS": "; ".join(f"_re_sort {words(key.names)}" for key in keys),
        "GUARDS": words((*variables.IGNORE_PROFILE, variables.CLI_PROFILE, *variables.DISABLED)),
        "PROFILE_GUARDS": words((*variables.IGNORE_PROFILE, variables.CLI_PROFILE)),
        "IGNORE_PROFILE": words(variables.IGNORE_PROFILE),
        "TAKEN_AWAY": words((*variables.TAKEN_AWAY, _SHARED_FILE)),
        "POLICY": variables.POLICY,
        "OWN": words((*variables.OWN, _SHARED_FILE)),
        "SHARED_FILE": _SHARED_FILE,
        "REGIONS": words(variables.REGIONS),
        "PUT_NO_ACCOUNT": "; ".join(f"_re_put_each {value} '{words(names)}'" for value, names in no_account),
        "LINE_BREAK": "'\n'",
        "RESERVED": " | ".join(variables.RESERVED_PROFILES),
        "TEMPORARIES": f"{words(_TEMPORARIES)}@NUMBERED@",
        "UNQUOTED_STEP": _NOTHING,
        "UNQUOTED_REPORT": _NOTHING,
    }


def _report(what: str, words_to_type: str) -> str:
    """Return the command that reports missing quotes: `what` happened, and the words to type in quotes."""
    hint = f'role-env: hint: type eval "$(role-env {words_to_type})"'
    quoted = posix.quote(f"role-env: the quotes around $(…) are missing: {what}")
    return f"\\printf '%s\\n' {quoted} {posix.quote(hint)} >&2"


def _terminated(lines: Iterable[str]) -> Iterable[str]:
    """Yield `lines` with the semicolons that they need if line breaks become spaces."""
    return (line if line.endswith(_OPEN_ENDS) else f"{line};" for line in lines)


def tables_of_integration() -> dict[str, str]:
    """Return the tables of the integration for bash and zsh by name."""
    return tables.of_integration("${{{}-}}", key_id="${_role_env_own_id}", separator=" | ") | {
        "PINNED": " ".join(f'${{{name}+"{name}=${{{name}}}"}}' for name in tables.PINNED),
        "STATE": tables.state("${{{0}+${{{0}@A}}}}", "${{{0}+${{{0}@a}}}}"),
        # Each variable is a word of its own, which zsh expands four times as fast.
        "STATE_WORDS": tables.state('"${{{0}+${0}${{(t){0}}}}}"', '"${{{0}+${{(t){0}}}}}"'),
        "VALUES": tables.state("${{{0}-}}", "${{{0}+1}}"),
        "COLORS": "".join(f"{name}) _role_env_sgr='{code}' ;;\n\t" for name, code in validators.COLORS.items()) + "''",
        "HELP": " ".join(posix.quote(text) for pair in tables.option_help().items() for text in pair),
        "DESCRIBED_COMMANDS": " ".join(map(posix.quote, tables.described_commands())),
        "OFF": _off().rstrip("\n").replace("'", "'\\''"),
        "COMMAND_TABLE": "".join(map(_case, command_table.COMMANDS.values())) + "''",
    }


def _off() -> str:
    """Return the text of `off`, which is the same in all shells: it exports each variable that it saves."""
    program = _program("off.sh", _off_tables(), is_integrated=True)
    return fill(program, {"AT": "@", "EXPORTED": words(variables.SAVED), "NUMBERED": ""})


def _case(command: Command) -> str:
    flags = "".join(f"{tables.flag(option)} " for option in command.options.values())
    return f"{command.name}) _role_env_kinds='{' '.join(tables.kinds(command))}' _role_env_flags='{flags}' ;;\n\t"
