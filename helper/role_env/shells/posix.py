"""Generate code for bash, zsh and any POSIX shell: for a session, its renewal, its end, and a failure.

`shell/session.sh` and the files beside it are the programs. Each text begins with a line that turns off `set -v`, which
would print the rest while it is read. The rest is one group `{ …; }`: cut off anywhere, it is a syntax error and sets
nothing.
"""

from role_env import variables
from role_env.command_table import export_words
from role_env.credentials import Session
from role_env.shells import programs
from role_env.shells.programs import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NOTHING = "\\:"
"""The command that does nothing."""
_TAKE_AWAY = {"UNQUOTED_STEP": "_renv_take_away"}
"""The table of a program that leaves the shell without an account if it is evaluated without quotes."""
_OPEN_ENDS = ("{", "(", ")", ";;", " in", "then", "do", "else", "||", "&&")
"""The ends of lines after which a command continues, so that no semicolon may follow."""
# For a shell that has joined the lines with spaces, this is a word, the end of the group and a comment; for others, a
# comment.
_CUT = "\\\n#; }; #"
_SHARED_FILE = f"${{{variables.SERVER}:+{variables.SHARED_FILE}}}"
"""The variable of the file of profiles, under `exec --renew`. Elsewhere it is the user's."""
_TEMPORARIES = (
    "all",
    "any",
    "bare",
    "cleanup",
    "everything",
    "exported",
    "field",
    "guards",
    "how",
    "id",
    "joined",
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
    "turn_on",
    "unset",
    "value",
    "verbose",
    "wrong",
)
"""The variables of the programs, without their prefix `_renv_`. All are unset at the end."""


def quote(value: str) -> str:
    """Return `value` quoted as one word of a POSIX shell. It may contain anything except NUL, like a variable."""
    return "'" + value.replace("'", "'\\''") + "'"


def session(session: Session, environ: "Mapping[str, str]", *, follows: "bool | None", confirmation: str) -> str:
    """Return the text that puts `session` into the shell whose exported variables are `environ`.

    With `follows` the guards are those that let the `aliyun` CLI follow the shell; with None the shell decides, by
    whether it has a region. An interactive shell prints `confirmation`.
    """
    assigned = variables.assignments(session, follows=None)
    guards = {each: variables.profile_guards(follows=each) for each in (True, False)}
    regions = [dict.fromkeys(names, session.fallback_region) for names, _ in variables.REGION_GROUPS]
    values = _numbered(*assigned.values(), session.fallback_region, *guards[True].values(), *guards[False].values())
    names = (*variables.KEY_NAMES, *variables.BARE_PAIR.names, variables.CREDENTIALS_URI, *variables.OWN)
    shared = programs.tables_of_session(
        session, assigned, follows=follows, confirmation=confirmation, quote=quote, value="${{{}-}}"
    )
    tables = {
        **shared,
        **_TAKE_AWAY,
        "HAS_REGION": "yes" if session.region_id else "no",
        "PAIRS": _pairs(assigned, values),
        "CLOUD_REGION_PAIRS": _pairs(regions[0], values),
        "OSS_REGION_PAIRS": _pairs(regions[1], values),
        "FOLLOWING_PAIRS": _pairs(guards[True], values),
        "NOT_FOLLOWING_PAIRS": _pairs(guards[False], values),
        "GONE": words((_SHARED_FILE, *(name for name in names if name not in assigned))),
        "IGNORE_PROFILE": words(variables.IGNORE_PROFILE),
        "TOKEN_NUMBER": values[session.credentials.security_token],
        "UNQUOTED_REPORT": _report("no session was set", f"{export_words(session.profile)} || echo false"),
    }
    return _program("switch.sh", environ, tables, values=values)


def off(environ: "Mapping[str, str]", *, integrated: bool = False) -> str:
    """Return the text that ends the session of the shell whose exported variables are `environ`.

    It restores the values from before the session. A key that the user has set meanwhile stays. With `integrated` the
    shell has the integration, which traces no command while it works, and finds readonly variables without a subshell.
    """
    tables = {
        "PROFILE_GUARDS": words((*variables.IGNORE_PROFILE, variables.CLI_PROFILE)),
        "UNQUOTED_REPORT": _report("nothing was changed", "off"),
    }
    return _program("off.sh", environ, tables, integrated=integrated)


def failure(environ: "Mapping[str, str]", *, take_away: bool) -> str:
    """Return the text that ends in `false`; with `take_away` it leaves the shell without any account."""
    if take_away:
        return _program("fail.sh", environ, _TAKE_AWAY)
    (lines,) = programs.parts("refuse.sh")
    return "".join(f"{line}\n" for line in _terminated(lines))


def renewal(session: Session, environ: "Mapping[str, str]", *, confirmation: str) -> str:
    """Return the text that replaces the session of the shell with the exported variables `environ` by `session`.

    Only variables that are still the old session's are replaced. If one is readonly, or the shell has another
    session by now, nothing is changed and the text ends in `false`. An interactive shell prints `confirmation`.
    """
    credentials, own = session.credentials, variables.renewed(session)
    new = (credentials.access_key_id, credentials.access_key_secret, credentials.security_token)
    values = _numbered(*new, *own.values())
    tables = {
        **programs.tables_of_renewal(environ, confirmation, quote),
        "OWN_RENEWED": words(own),
        "PAIRS": _pairs(own, values),
        "UNQUOTED_REPORT": _report("nothing was changed", "renew"),
    }
    return _program("renew.sh", environ, tables, values=values)


def _program(
    name: str,
    environ: "Mapping[str, str]",
    tables: "Mapping[str, str]",
    *,
    values: "Mapping[str, str] | None" = None,
    integrated: bool = False,
) -> str:
    """Return the program `name`, filled in from `tables`; `values` are the new values with their numbers."""
    before, first, common, end = programs.parts("session.sh")
    (own,) = programs.parts(name)
    numbered = {f"new_{number}": value for value, number in (values or {}).items()}
    functions = (line[len("_renv_") : -4] for line in (*first, *common, *own) if line.endswith("() {"))
    all_tables = {
        **_tables(environ),
        "FUNCTIONS": words(functions),
        "TEMPORARIES": words((*_TEMPORARIES, *numbered)),
        "VALUES": " ".join(f"_renv_{name}={quote(value)}" for name, value in numbered.items()),
        "IS_WRITABLE": '\\eval "_role_env_is_writable $_renv_all"' if integrated else "\\false",
        **tables,
    }
    begun = _terminated((*([] if integrated else before), "{", *first[:-1]))
    return programs.fill("\n".join((*begun, f"{first[-1]} {_CUT}", *common, *own, *end, "}\n")), all_tables)


def _tables(environ: "Mapping[str, str]") -> dict[str, str]:
    """Return the tables of every program, for a shell whose exported variables are `environ`."""
    exported = (*variables.KEY_NAMES, *variables.BARE.names, *variables.REST)
    keys = (*variables.KEYS, variables.BARE_PAIR)
    no_account = variables.by_value(variables.NO_ACCOUNT).items()
    return {
        **programs.tables_of_variables(),
        "SORT_KEYS": "; ".join(f"_renv_sort {words(key.names)}" for key in keys),
        "EXPORTED": words(name for name in exported if name in environ),
        "GUARDS": words((*variables.IGNORE_PROFILE, variables.CLI_PROFILE, *variables.DISABLED)),
        "TAKEN_AWAY": words((*variables.TAKEN_AWAY, _SHARED_FILE)),
        "POLICY": variables.POLICY,
        "OWN": words((*variables.OWN, _SHARED_FILE)),
        "REGIONS": words(variables.REGIONS),
        "PUT_NO_ACCOUNT": "; ".join(f"_renv_put_each {value} '{words(names)}'" for value, names in no_account),
        "LINE_BREAK": "'\n'",
        "RESERVED": " | ".join(variables.RESERVED_PROFILES),
        "UNQUOTED_STEP": _NOTHING,
        "UNQUOTED_REPORT": _NOTHING,
    }


def _report(what: str, words_to_type: str) -> str:
    """Return the command that reports missing quotes: `what` happened, and the words to type in quotes."""
    hint = f'role-env: hint: type eval "$(role-env {words_to_type})"'
    return f"\\printf '%s\\n' {quote(f'role-env: the quotes around $(…) are missing: {what}')} {quote(hint)} >&2"


def _terminated(lines: "Iterable[str]") -> "Iterable[str]":
    """Yield `lines` with the semicolons that they need if line breaks become spaces."""
    return (line if line.endswith(_OPEN_ENDS) else f"{line};" for line in lines)


def _numbered(*values: str) -> dict[str, str]:
    """Return a number for each distinct value."""
    return {value: str(number) for number, value in enumerate(dict.fromkeys(values), 1)}


def _pairs(values: "Mapping[str, str]", numbers: "Mapping[str, str]") -> str:
    return " ".join(f"{name}={numbers[value]}" for name, value in values.items())
