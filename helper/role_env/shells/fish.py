"""Generate code for fish: for a session, its renewal, its end, and a failure.

`helper/shell_programs/fish.py` makes the programs, from `shell/session.fish` and the files beside it.
"""

from role_env import variables
from role_env.credentials import Session
from role_env.shells import programs
from role_env.shells.programs import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def quote(value: str) -> str:
    """Return `value` quoted as one word of fish, on one line. It may contain anything except NUL, like a variable."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "'\\n'") + "'"


def session(session: Session, environ: "Mapping[str, str]", *, follows: "bool | None", confirmation: str) -> str:
    """Return the group that puts `session` into the shell.

    With `follows` the guards are those that let the `aliyun` CLI follow the shell; with None the shell decides, by
    whether it has a region. An interactive shell prints `confirmation`.
    """
    assigned = variables.assignments(session, follows=None)
    gone = (*variables.unset(session), *variables.IGNORE_PROFILE, *variables.OWN)
    shared = programs.tables_of_session(
        session, assigned, follows=follows, confirmation=confirmation, quote=quote, value="${}"
    )
    tables = {
        **shared,
        "RESTORED_REGIONS": "" if session.region_id else words(variables.REGIONS),
        "ADD": added(assigned),
        "FALLBACK_REGION": quote(session.fallback_region),
        "GONE": words(gone),
        "TOKEN": quote(session.credentials.security_token),
    }
    return programs.filled("switch.fish", tables)


def off(environ: "Mapping[str, str]") -> str:
    """Return the group that ends the shell's session.

    It restores the values from before the session. A key that the user has set meanwhile stays.
    """
    return programs.read("off.fish")


def failure(environ: "Mapping[str, str]", *, take_away: bool) -> str:
    """Return the group that ends in `false`; with `take_away` it leaves the shell without any account."""
    return programs.read("fail.fish" if take_away else "refuse.fish")


def renewal(session: Session, environ: "Mapping[str, str]", *, confirmation: str) -> str:
    """Return the group that replaces the session of the shell with the exported variables `environ` by `session`.

    Only variables that are still the old session's are replaced. If the shell has another session by now, nothing is
    changed and the group ends in `false`. An interactive shell prints `confirmation`.
    """
    credentials = session.credentials
    new = (credentials.access_key_id, credentials.access_key_secret, credentials.security_token)
    tables = {
        **programs.tables_of_renewal(environ, confirmation, quote),
        "NEW": words(map(quote, new)),
        "ADD": added(variables.renewed(session)),
    }
    return programs.filled("renew.fish", tables)


def added(values: "Mapping[str, str]") -> str:
    """Return the calls that add `values` to the variables to set."""
    return "; ".join(f"_re_add {quote(value)} {words(names)}" for value, names in programs.by_value(values).items())
