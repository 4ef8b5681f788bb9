"""Generate code for bash, zsh and any POSIX shell, as `dialect` describes it.

`helper/shell_programs/posix.py` makes the programs, from `shell/session.sh` and the files beside it.
"""

from role_env import variables
from role_env.command_table.commands import export_words
from role_env.credentials import Session
from role_env.shells import programs
from role_env.shells.programs import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def quote(value: str) -> str:
    """Return `value` quoted as one word of a POSIX shell. It may contain anything except NUL, like a variable."""
    return "'" + value.replace("'", "'\\''") + "'"


def session(session: Session, environ: "Mapping[str, str]", *, follows: "bool | None", confirmation: str) -> str:
    """Return the text that puts `session` into the shell."""
    assigned = variables.assignments(session, follows=None)
    choices = programs.choices(session, follows=follows)
    chosen = (value for choice in choices for pairs in choice[1:] for value in pairs.values())
    values = _numbered(*assigned.values(), *chosen)
    cloud, oss, guards = (
        words(map(quote, (words(names), _pairs(some, values), _pairs(none, values)))) for names, some, none in choices
    )
    names = (*variables.KEY_NAMES, *variables.BARE_PAIR.names, variables.CREDENTIALS_URI, *variables.OWN)
    tables = {
        "HAS_BARE": "yes" if variables.BARE.security_token in assigned else "no",
        "COLOR": quote(session.color),
        "CONFIRMATION": quote(confirmation),
        "HAS_REGION": "yes" if session.region_id else "no",
        "PAIRS": _pairs(assigned, values),
        "CLOUD_REGIONS": cloud,
        "OSS_REGIONS": oss,
        "GUARDS_BY_REGION": guards,
        "GONE": words(name for name in names if name not in assigned),
        "TOKEN_NUMBER": values[session.credentials.security_token],
        "EXPORT_WORDS": quote(quote(export_words(session.profile))[1:-1])[1:-1],  # two levels of quotes surround it
    }
    return _program("switch.sh", environ, tables, values)


def off(environ: "Mapping[str, str]") -> str:
    """Return the text that ends the shell's session."""
    return _program("off.sh", environ, {}, {})


def failure(environ: "Mapping[str, str]", *, take_away: bool) -> str:
    """Return the text that ends in `false`; with `take_away` it leaves the shell without any account."""
    return _program("fail.sh", environ, {}, {}) if take_away else programs.read("refuse.sh")


def renewal(session: Session, environ: "Mapping[str, str]", *, confirmation: str) -> str:
    """Return the text that replaces the shell's session by `session`."""
    credentials, own = session.credentials, variables.renewed(session)
    new = (credentials.access_key_id, credentials.access_key_secret, credentials.security_token)
    values = _numbered(*new, *own.values())
    tables = {
        "CONFIRMATION": quote(confirmation),
        "OLD_ID": quote(environ.get("ROLE_ENV_ACCESS_KEY_ID", "")),
        "OWN_RENEWED": words(own),
        "PAIRS": _pairs(own, values),
    }
    return _program("renew.sh", environ, tables, values)


def _program(name: str, environ: "Mapping[str, str]", tables: "Mapping[str, str]", values: "Mapping[str, str]") -> str:
    """Return the program `name`, filled in from `tables`; `values` are the new values with their numbers."""
    shared = {
        "AT": "@",
        "EXPORTED": words(name for name in variables.SAVED if name in environ),
        "NUMBERED": "".join(f" new_{number}" for number in values.values()),
        "VALUES": words(map(quote, values)),
    }
    return programs.filled(name, {**shared, **tables})


def _numbered(*values: str) -> dict[str, str]:
    """Return a number for each distinct value."""
    return {value: str(number) for number, value in enumerate(dict.fromkeys(values), 1)}


def _pairs(values: "Mapping[str, str]", numbers: "Mapping[str, str]") -> str:
    return " ".join(f"{name}={numbers[value]}" for name, value in values.items())
