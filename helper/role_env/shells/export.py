"""Print sessions as text for each shell and program.

The formats for shells can also end a session, renew it and report a failure. Each format imports only what it needs: a
cached session takes a few milliseconds, and each module adds 0.2 ms.
"""

from role_env import variables
from role_env.command_table import SHELLS
from role_env.credentials import Credentials, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from role_env.shells.dialect import Dialect

PROXIES = ("HTTP_PROXY", "http_proxy")
"""The variable of the proxy that the Python SDK uses even for a credentials URI on this machine, despite NO_PROXY."""
# The variables that must be unset beside a credentials URI: every key outranks it, and EXTERNAL_DISABLED disables it.
_BESIDE_URI = (
    *(*variables.KEY_NAMES, *variables.BARE.names, *variables.LEFT_UNSET, *variables.GUARDS, *variables.OWN),
    *(variables.COLOUR, variables.EXTERNAL_DISABLED, variables.SHARED_FILE, *PROXIES),
)


def export(session: Session, form: str, environ: "Mapping[str, str]") -> str:
    """Return `session` in the format `form`, for a shell whose exported variables are `environ`.

    Raises ProfileError if the format cannot contain a value.
    """
    if form == "json":
        return _json(session)
    if form == "dotenv":
        return _dotenv(session)
    follows, text = _follows(session, environ), confirmation(session)
    return _dialect(form).session(session, environ, follows=follows, confirmation=text)


def renewal(session: Session, form: str, environ: "Mapping[str, str]", *, is_unattended: bool = False) -> str:
    """Return the code that replaces the shell's session by `session`; the user's keys stay.

    An interactive shell confirms it unless it is unattended.
    """
    text = "" if is_unattended else f"{session.profile}{_policy(session)}: renewed for {_minutes(session)} min"
    return _dialect(form).renewal(session, environ, confirmation=text)


def off(form: str, environ: "Mapping[str, str]") -> str:
    """Return the code that ends the shell's session, for a `form` of SHELL_FORMATS."""
    return _dialect(form).off(environ)


def failure(form: str, environ: "Mapping[str, str]", *, take_away: bool) -> str:
    """Return the code that a shell gets instead of a session, in the format `form`; it ends in `false`.

    With `take_away` it also removes the session in the shell, and leaves the shell without any account.
    """
    return _dialect(form).failure(environ, take_away=take_away)


def quote(value: str, form: str) -> str:
    """Return `value` as one word of the shell of the format `form`."""
    return _dialect(form).quote(value)


def _dialect(form: str) -> "Dialect":
    """Return the module that generates code for the shell of the format `form`."""
    dialect: Dialect = __import__(SHELLS[form].dialect, fromlist=["session"])
    return dialect


def confirmation(session: Session) -> str:
    """Return the line that an interactive shell prints after the switch to `session`."""
    role = session.role_arn.partition("/")[2]
    who = f"role {role} of {session.account_id}" if role else f"account {session.account_id or 'unknown'}"
    return f"{session.profile}{_policy(session)}: {who} for {_minutes(session)} min"


def _policy(session: Session) -> str:
    return f" ({session.policy if session.policy == 'read-only' else 'narrowed'})" if session.policy else ""


def _minutes(session: Session) -> int:
    """Return the whole minutes that are left, as the prompt shows them."""
    return max(0, int(session.credentials.remaining()) // 60)


def _follows(session: Session, environ: "Mapping[str, str]") -> bool | None:
    """Return whether the `aliyun` CLI can follow the shell; None if it depends on the shell's region variables."""
    if not session.in_cli_file or environ.get(variables.EXTERNAL_DISABLED):
        return False
    return True if session.region_id or session.fallback_region else None


def process(credentials: Credentials) -> str:
    """Return the External-mode document, which the `aliyun` CLI and the SDKs read, on one line."""
    from role_env.timestamps import format_utc

    document = {
        "mode": "StsToken",
        "access_key_id": credentials.access_key_id,
        "access_key_secret": credentials.access_key_secret,
        "sts_token": credentials.security_token,
        "expiration": format_utc(credentials.expiration),
    }
    return "{" + ", ".join(f'"{name}": {_json_text(value)}' for name, value in document.items()) + "}\n"


def environment(session: Session, environ: "Mapping[str, str]") -> dict[str, str]:
    """Return the environment for a command that runs in `session`, made from `environ`."""
    kept = _kept(environ)
    regions, follows = _regions(session, kept)
    gone = {*variables.unset(session), *variables.IGNORE_PROFILE, *variables.OWN}
    if environ.get("ROLE_ENV_NO_ACCOUNT"):
        gone.update(variables.NO_ACCOUNT)
    if environ.get(variables.SERVER):
        gone.add(variables.SHARED_FILE)
    if environ.get(variables.BARE.security_token) in tokens_of_session(environ):
        gone.add(variables.BARE.security_token)
    kept = {name: value for name, value in kept.items() if name not in gone}
    color = {variables.COLOUR: session.color} if session.color else {}
    return kept | regions | variables.assignments(session, follows=follows) | color


def tokens_of_session(environ: "Mapping[str, str]") -> set[str]:
    """Return the tokens in `environ` whose keys are still the session's."""
    own = environ.get("ROLE_ENV_ACCESS_KEY_ID")
    keys = [key for key in variables.KEYS if own and environ.get(key.access_key_id) == own]
    return {environ.get(key.security_token, "") for key in keys} - {""}


def served(session: Session, server: str, environ: "Mapping[str, str]") -> dict[str, str]:
    """Return the variables that let a command ask for `session`; its environment is made from `environ`.

    `server` is the value of ROLE_ENV_SERVER.
    """
    regions, follows = _regions(session, _kept(environ))
    return regions | variables.served(session, server, follows=follows)


def served_environment(served: "Mapping[str, str]", environ: "Mapping[str, str]") -> dict[str, str]:
    """Return the environment, made from `environ`, of a command that gets its session by the variables `served`."""
    return {name: value for name, value in _kept(environ).items() if name not in _BESIDE_URI} | dict(served)


def _kept(environ: "Mapping[str, str]") -> dict[str, str]:
    """Return `environ` without the variables of the integration and, in a session, without the regions.

    A region may be the session's own, and only the shell knows the value before the session.
    """
    gone = ["ROLE_ENV_PROMPT", "ROLE_ENV_INIT", variables.PREVIOUS]
    if environ.get("ROLE_ENV_PROFILE") or environ.get("ROLE_ENV_NO_ACCOUNT"):
        gone += variables.REGIONS
    return {name: value for name, value in environ.items() if name not in gone and not name.startswith("_role_env_")}


def _regions(session: Session, kept: "Mapping[str, str]") -> tuple[dict[str, str], bool]:
    """Return the fallback regions to set beside the variables `kept`, and whether the `aliyun` CLI can follow."""
    follows = _follows(session, kept)
    if follows is None:
        follows = any(kept.get(name) for name in variables.CLI_REGIONS)
    return _fallback_regions(session, kept), follows


def _fallback_regions(session: Session, environ: "Mapping[str, str]") -> dict[str, str]:
    """Return the variables to set to the region of the `aliyun` CLI's current profile, with that region.

    Variables are left out for tools that find a region in `session` or `environ`.
    """
    groups = [names for names, read in variables.fallback_regions(session) if not any(map(environ.get, read))]
    return {name: session.fallback_region for names in groups for name in names}


def _json(session: Session) -> str:
    from role_env.timestamps import format_utc

    credentials = session.credentials
    document = {
        **credentials.document(format_utc(credentials.expiration)),
        "RegionId": session.region_id,
        "Profile": session.profile,
        "RoleArn": session.role_arn,
    }
    lines = (f'  "{name}": {_json_text(value) if value else "null"}' for name, value in document.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _json_text(value: str) -> str:
    """Return `value` as JSON. Importing `json` would take 6 ms.

    Only backslashes and quotes need an escape: STS's values are printable ASCII, and other values, such as a profile's
    name, consist of letters, digits and a few signs.
    """
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _dotenv(session: Session) -> str:
    """Return raw `KEY=value` lines, as docker reads them. For docker, quotes are part of the value.

    Raises ProfileError for a value that needs quotes.
    """
    hidden = variables.BASE.names  # a container must not get the key that made the session
    values = {name: value for name, value in document_variables(session).items() if name not in hidden}
    for name, value in values.items():
        if value != value.strip() or not value.isprintable() or set(value) & set("'\"#"):
            from role_env.errors import ProfileError

            raise ProfileError(
                f"profile {session.profile}: {name} contains a quote, a #, a line break or a space at an end,"
                " which --format dotenv cannot contain",
                hint="choose another format",
            )
    return "".join(f"{name}={value}\n" for name, value in values.items())


def document_variables(session: Session) -> dict[str, str]:
    """Return the variables of `session` for a program elsewhere, such as in a container.

    That program has its own home folder and `aliyun` CLI, and cannot request the session again.
    """
    values = variables.assignments(session) | _fallback_regions(session, {})
    values.pop(variables.REQUEST, None)
    return values
