"""Print sessions as text for each shell and program; the JSON is in `documents.py`.

The formats for shells can also end a session, renew it and report a failure. Each format imports only what it needs: a
cached session takes a few milliseconds, and each module adds 0.2 ms.
"""

from role_env import shells, variables
from role_env.command_table import SHELLS
from role_env.credentials import Session, shown_minutes
from role_env.shells import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    class Dialect(Protocol):
        """A module that generates code for the shells of its dialect."""

        def quote(self, value: str) -> str:
            """Return `value` as one word of the shell."""

        def code_for(self, change: Change, *, otherwise: Change | None, key_id: str) -> str:
            """Return the code that does `change`, and succeeds if the shell then has the session of `key_id`.

            With an empty one it succeeds if the shell then has neither a session nor the no-account state. If one of
            the variables is readonly, it does nothing of it, but removes the former session by `otherwise`.
            """

        def failure(self, change: Change | None) -> str:
            """Return the code that does `change`, as far as variables are not readonly, and ends in `false`."""


PROXIES = ("HTTP_PROXY", "http_proxy")
"""The variable of the proxy that the Python SDK uses even for a credentials URI on this machine, despite NO_PROXY."""
# The variables that must be unset beside a credentials URI: every key outranks it, and EXTERNAL_DISABLED disables it.
_BESIDE_URI = (*variables.USERS, *variables.OWN, variables.EXTERNAL_DISABLED, variables.SHARED_FILE, *PROXIES)


def export(session: Session, form: str, environ: "Mapping[str, str]") -> str:
    """Return `session` in the format `form`, for a shell whose exported variables are `environ`.

    Raises ProfileError if the format cannot contain a value.
    """
    if form == "json":
        from role_env import documents

        return documents.session_json(session)
    if form == "dotenv":
        return _dotenv(session)
    change = shells.switch(session, environ, may_follow=True, confirmation=confirmation(session))
    key_id = session.credentials.access_key_id
    return _dialect(form).code_for(change, otherwise=shells.no_account(environ), key_id=key_id)


def renewal(session: Session, form: str, environ: "Mapping[str, str]") -> str:
    """Return the code that replaces the shell's session by `session`; the user's keys stay."""
    text = f"{session.profile}{_policy(session)}: renewed for {_lifetime(session)}"
    change = shells.renewal(session, environ, confirmation=text)
    return _dialect(form).code_for(change, otherwise=None, key_id=session.credentials.access_key_id)


def off(form: str, environ: "Mapping[str, str]") -> str:
    """Return the code that ends the shell's session, for a `form` of SHELL_FORMATS."""
    return _dialect(form).code_for(shells.off(environ), otherwise=shells.no_account(environ), key_id="")


def failure(form: str, environ: "Mapping[str, str]", *, take_away: bool) -> str:
    """Return the code that a shell gets instead of a session, in the format `form`; it ends in `false`.

    With `take_away` it also removes the session in the shell, and leaves the shell without any account.
    """
    return _dialect(form).failure(shells.no_account(environ) if take_away else None)


def quote(value: str, form: str) -> str:
    """Return `value` as one word of the shell of the format `form`."""
    return _dialect(form).quote(value)


def _dialect(form: str) -> "Dialect":
    dialect: Dialect = __import__(SHELLS[form].dialect, fromlist=["code_for"])
    return dialect


def confirmation(session: Session) -> str:
    """Return the line that an interactive shell prints after the switch to `session`."""
    role = session.role_arn.partition("/")[2]
    who = f"role {role} of {session.account_id}" if role else f"account {session.account_id or 'unknown'}"
    return f"{session.profile}{_policy(session)}: {who} for {_lifetime(session)}"


def _policy(session: Session) -> str:
    return (
        f" ({session.policy_name if session.policy_name == 'read-only' else 'narrowed'})" if session.policy_name else ""
    )


def _lifetime(session: Session) -> str:
    seconds = session.credentials.remaining()
    return shown_minutes(seconds) if seconds >= 60 else "under 1 min"


def environment(session: Session, environ: "Mapping[str, str]") -> dict[str, str]:
    """Return the environment for a command that runs in `session`, made from `environ`."""
    return _changed(shells.switch(session, environ, may_follow=True), environ)


def served(session: Session, server: str, environ: "Mapping[str, str]") -> dict[str, str]:
    """Return the variables by which a command asks `server` (ROLE_ENV_SERVER's value) for `session`."""
    follows = shells.can_follow(session, environ)
    default = session.fallback_region or (shells.DEFAULT_REGION if follows else "")
    regions = shells.regions(session, environ, default=default)
    return variables.served(session, server, follows=follows) | shells.known(regions)


def served_environment(served: "Mapping[str, str]", environ: "Mapping[str, str]") -> dict[str, str]:
    """Return the environment, made from `environ`, of a command that gets its session by the variables `served`."""
    ended = (name for name in _BESIDE_URI if name != variables.BARE_TOKEN or shells.has_taken_token(environ))
    return _changed(Change(unset=ended, exported=served), environ)


def _changed(change: Change, environ: "Mapping[str, str]") -> dict[str, str]:
    """Return `environ` after `change`, without what only concerns a shell: its integration, and its saved values."""
    ours = ("ROLE_ENV_PROMPT", "ROLE_ENV_INIT", variables.PREVIOUS, variables.SAVED)
    kept = {name: value for name, value in environ.items() if name not in (*change.unset, *ours)}
    exported = {name: value for name, value in shells.known(change.exported).items() if name not in ours}
    return {name: value for name, value in kept.items() if not name.startswith("_role_env_")} | exported


def _dotenv(session: Session) -> str:
    """Return raw `KEY=value` lines, as docker reads them. Raises ProfileError for a value that needs quotes."""
    hidden = variables.BASE.names  # a container must not get the key that made the session
    values = {name: value for name, value in document_variables(session, {}).items() if name not in hidden}
    for name, value in values.items():
        if value != value.strip() or not value.isprintable() or set(value) & set("'\"#"):
            from role_env.errors import ProfileError

            raise ProfileError(
                f"profile {session.profile}: {name} contains a quote, a #, a line break or a space at an end,"
                " which --format dotenv cannot contain",
                hint="choose another format",
            )
    return "".join(f"{name}={value}\n" for name, value in values.items())


def document_variables(session: Session, environ: "Mapping[str, str]") -> dict[str, str]:
    """Return the variables of `session` for a program elsewhere, such as in a container, beside `environ`.

    That program has its own home folder and `aliyun` CLI, and cannot request the session again: DOCUMENT says why there
    is no REQUEST.
    """
    values = values_after(shells.switch(session, environ, may_follow=False), environ)
    return {name: value for name, value in values.items() if name != variables.REQUEST} | {variables.DOCUMENT: "1"}


def values_after(change: Change, environ: "Mapping[str, str]") -> dict[str, str]:
    """Return the values of the variables that `change` changes, empty for those of `environ` that it unsets."""
    empty = {name: "" for name in change.unset if environ.get(name)}
    return empty | {name: value for name, value in shells.known(change.exported).items() if name != variables.SAVED}
