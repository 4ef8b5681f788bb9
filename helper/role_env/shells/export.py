"""Credentials as text for each shell and program.

A shell's format can also end a session and tell of a failure; a document's can only be whole or absent.
"""

from role_env import timestamps, variables
from role_env.command_table import SHELL_FORMATS
from role_env.credentials import Credentials, Session
from role_env.errors import ProfileError
from role_env.shells import fish as fish_shell
from role_env.shells import posix as posix_shell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def export(session: Session, form: str, environ: "Mapping[str, str]") -> str:
    """`session` in the format `form`, for a shell whose exported variables are `environ`.

    Raises ProfileError when the format cannot hold a value.
    """
    if form == "fish":
        return fish_shell.session(session)
    if form == "json":
        return _json(session)
    if form == "dotenv":
        return _dotenv(session)
    return posix_shell.session(session, environ)


def renewal(session: Session, form: str, environ: "Mapping[str, str]") -> str:
    """Return what replaces the session of the shell by `session`."""
    return export(session, form, environ)


def off(form: str, environ: "Mapping[str, str]") -> str:
    """Return what ends the session of the shell, for a `form` of SHELL_FORMATS."""
    return _without_served(fish_shell.off() if form == "fish" else posix_shell.off(environ), form, environ)


def _without_served(text: str, form: str, environ: "Mapping[str, str]") -> str:
    """Return `text` behind code that ends the session of a shell below `exec --renew`.

    Nothing says what was set before such a session.
    """
    served = environ.get(variables.CREDENTIALS_URI) and environ.get("ROLE_ENV_PROFILE")
    if not served or environ.get("ROLE_ENV_ACCESS_KEY_ID"):  # beside a key the URI is the user's
        return text
    names = " ".join(variables.SERVED)
    if form == "fish":
        return f"begin\nset -e -g {names}\n{text}end\n"
    return f"{{ (\\unset -v {names}) 2>/dev/null && \\unset -v {names}\n{text}}}\n"


def failure(form: str, environ: "Mapping[str, str]", *, take_away: bool) -> str:
    """Return what a shell of the format `form` gets instead of a session: it ends in `false`.

    With `take_away` the session that was there goes too, and the shell is left without any account. A document's
    format gets nothing.
    """
    if form not in SHELL_FORMATS:
        return ""
    fish = form == "fish"
    text = fish_shell.failure(take_away=take_away) if fish else posix_shell.failure(environ, take_away=take_away)
    return _without_served(text, form, environ) if take_away else text


def process(credentials: Credentials) -> str:
    """Return the External-mode document of the `aliyun` CLI, which the SDKs read too, on one line."""
    document = {
        "mode": "StsToken",
        "access_key_id": credentials.access_key_id,
        "access_key_secret": credentials.access_key_secret,
        "sts_token": credentials.security_token,
        "expiration": timestamps.format_utc(credentials.expiration),
    }
    return "{" + ", ".join(f'"{name}": {_json_text(value)}' for name, value in document.items()) + "}\n"


def environment(session: Session, environ: "Mapping[str, str]") -> dict[str, str]:
    """`environ` as a command that runs in `session` has to find it."""
    gone = {*variables.unset(session), *variables.OWN, variables.COLOUR}
    if environ.get("ROLE_ENV_NO_ACCOUNT"):
        gone.update(variables.NO_ACCOUNT)
    if not session.region_id and environ.get("ROLE_ENV_PROFILE"):
        # It may be that session's; what was there before it only the shell knows.
        gone.update(variables.exported_regions(session.variables))
    kept = {name: value for name, value in environ.items() if name not in gone}
    colour = {variables.COLOUR: session.color} if session.color else {}
    return kept | dict(variables.assignments(session)) | colour


def served_environment(served: "Mapping[str, str]", environ: "Mapping[str, str]") -> dict[str, str]:
    """`environ` as a command has to find it that asks for its session by the variables `served` (variables.served)."""
    gone = set(variables.BESIDE_URI)
    if environ.get("ROLE_ENV_PROFILE") or not served.keys().isdisjoint(variables.REGIONS):
        gone.update(variables.REGIONS)
    return {name: value for name, value in environ.items() if name not in gone} | dict(served)


def _json(session: Session) -> str:
    credentials = session.credentials
    document = {
        **credentials.document(timestamps.format_utc(credentials.expiration)),
        "RegionId": session.region_id,
        "Profile": session.profile,
        "RoleArn": session.role_arn,
    }
    lines = (f'  "{name}": {_json_text(value) if value else "null"}' for name, value in document.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _json_text(value: str) -> str:
    """Return `value` as JSON: `json` would cost the fast path 6 ms.

    No value needs more: STS's are printable ASCII; the others, a profile's name among them, have letters, digits and a
    few signs.
    """
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _dotenv(session: Session) -> str:
    """Raw `KEY=value` lines, as docker reads them: quotes would stay in the value, so a value must need none."""
    # Whoever reads this, as a container does, has another home folder, and is not handed the key behind the session.
    session.in_cli_file, session.base = False, None
    values = dict(variables.assignments(session))
    for name, value in values.items():
        if value != value.strip() or not value.isprintable() or set(value) & set("'\"#"):
            raise ProfileError(
                f"profile {session.profile}: {name} has a quote, a #, a line break or an edge space,"
                " which --format dotenv cannot hold",
                hint="choose another format",
            )
    return "".join(f"{name}={value}\n" for name, value in values.items())
