"""Generate code for fish, as `dialect` describes it.

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
    """Return the group that puts `session` into the shell."""
    assigned = variables.assignments(session, follows=None)
    cloud, oss, guards = programs.choices(session, follows=follows)
    tables = {
        "HAS_BARE": "yes" if variables.BARE.security_token in assigned else "no",
        "COLOR": quote(session.color),
        "CONFIRMATION": quote(confirmation),
        "RESTORED_REGIONS": "" if session.region_id else words(variables.REGIONS),
        "VALUES": added(assigned),
        "CLOUD_REGIONS_READ": words(cloud[0]),
        "CLOUD_REGIONS": added(cloud[2]),
        "OSS_REGIONS_READ": words(oss[0]),
        "OSS_REGIONS": added(oss[2]),
        "CLI_REGIONS_READ": words(guards[0]),
        "GUARDS_WITH_REGION": added(guards[1]),
        "GUARDS_WITHOUT_REGION": added(guards[2]),
        "GONE": words((*variables.unset(session), *variables.IGNORE_PROFILE, *variables.OWN)),
        "TOKEN": quote(session.credentials.security_token),
    }
    return programs.filled("switch.fish", tables)


def off(environ: "Mapping[str, str]") -> str:
    """Return the group that ends the shell's session."""
    return programs.read("off.fish")


def failure(environ: "Mapping[str, str]", *, take_away: bool) -> str:
    """Return the group that ends in `false`; with `take_away` it leaves the shell without any account."""
    return programs.read("fail.fish" if take_away else "refuse.fish")


def renewal(session: Session, environ: "Mapping[str, str]", *, confirmation: str) -> str:
    """Return the group that replaces the shell's session by `session`."""
    credentials = session.credentials
    new = (credentials.access_key_id, credentials.access_key_secret, credentials.security_token)
    tables = {
        "CONFIRMATION": quote(confirmation),
        "OLD_ID": quote(environ.get("ROLE_ENV_ACCESS_KEY_ID", "")),
        "NEW": words(map(quote, new)),
        "VALUES": added(variables.renewed(session)),
    }
    return programs.filled("renew.fish", tables)


def added(values: "Mapping[str, str]") -> str:
    """Return the words that add `values` to the variables to set: each value before its names."""
    groups = programs.by_value(values).items()
    return words(quote(word) for value, names in groups for word in (value, words(names)))
