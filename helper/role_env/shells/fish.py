"""Generate code for fish: for a session, its renewal, its end, and a failure.

`shell/session.fish` and the files beside it are the programs. Each text is one `begin … end` whose lines end in a
semicolon, so that `eval (role-env PROFILE)`, which joins lines with spaces, works.
"""

from role_env import variables
from role_env.credentials import Session
from role_env.shells import programs
from role_env.shells.programs import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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
    (cloud, _), (oss, _) = variables.REGION_GROUPS
    shared = programs.tables_of_session(
        session, assigned, follows=follows, confirmation=confirmation, quote=quote, value="${}"
    )
    tables = {
        **shared,
        "FORCED": words(variables.FORCED),
        "RESTORED_REGIONS": "" if session.region_id else words(variables.REGIONS),
        "ADD": _added(assigned),
        "FALLBACK_REGION": quote(session.fallback_region),
        "CLOUD_REGIONS": words(cloud),
        "OSS_REGIONS": words(oss),
        "FIRST_CLI_REGION": variables.CLI_REGIONS[0],
        "ADD_FOLLOWING": _added(variables.profile_guards(follows=True)),
        "ADD_NOT_FOLLOWING": _added(variables.profile_guards(follows=False)),
        "GONE": words(gone),
        "TOKEN": quote(session.credentials.security_token),
    }
    return _program("switch.fish", tables)


def off(environ: "Mapping[str, str]") -> str:
    """Return the group that ends the shell's session.

    It restores the values from before the session. A key that the user has set meanwhile stays.
    """
    restored = (name for name in variables.FORCED if name not in variables.DISABLED)
    return _program("off.fish", {"RESTORED": words(restored), "OWN": words(variables.OWN)})


def failure(environ: "Mapping[str, str]", *, take_away: bool) -> str:
    """Return the group that ends in `false`; with `take_away` it leaves the shell without any account."""
    if take_away:
        return _program("fail.fish", {})
    (lines,) = programs.parts("refuse.fish")
    return "".join(f"{line};\n" for line in lines)


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
        "RENEWED_KEYS": _keys(variables.KEYS),
        "ADD": _added(variables.renewed(session)),
    }
    return _program("renew.fish", tables)


def _program(name: str, tables: "Mapping[str, str]") -> str:
    """Return the program `name`, filled in from `tables`."""
    common, end = programs.parts("session.fish")
    (own,) = programs.parts(name)
    lines = (*common, *own, *end)
    all_tables = {
        **programs.tables_of_variables(),
        "KEYS": _keys((*variables.KEYS, variables.BARE_PAIR)),
        "RESERVED": words(variables.RESERVED_PROFILES),
        "SHARED_FILE": variables.SHARED_FILE,
        "NO_ACCOUNT": words(f"{name}={value}" for name, value in variables.NO_ACCOUNT.items()),
        "FUNCTIONS": words(line.split()[1] for line in lines if line.startswith("function ")),
        **tables,
    }
    return programs.fill("".join(("begin;\n", *(f"{line};\n" for line in lines), "end\n")), all_tables)


def _keys(keys: "Iterable[variables.Key]") -> str:
    return " ".join(f"'{words(key.names)}'" for key in keys)


def _added(values: "Mapping[str, str]") -> str:
    """Return the calls that add `values` to the variables to set."""
    return "; ".join(f"_renv_add {quote(value)} {words(names)}" for value, names in variables.by_value(values).items())
