"""Decide how the variables of a shell change: role-env decides, and the shell only assigns.

role-env is a child of the shell that evaluates its output, like the tools that read the variables. So `environ` shows
everything that matters to them, and the code for the shell only assigns. The values from before the first session are
*saved*: they are in no output, since the shell keeps each of them, unexported, as `_role_env_old_NAME`, and
ROLE_ENV_SAVED has the names.
"""

from role_env import variables
from role_env.variables import BARE_TOKEN, NO_ACCOUNT_MARK, OWN, REGIONS, REQUEST, SAVED, SHARED_FILE, USERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from role_env.credentials import Session

CLI_REGION = "ALIBABA_CLOUD_REGION_ID"
"""The first variable that the `aliyun` CLI reads its region from."""
DEFAULT_REGION = "cn-hangzhou"
"""The region that the `aliyun` CLI uses if it finds none."""
_LONGEST_REPEATED = 40
"""The length up to which a value is written for each variable: longer ones, as keys and tokens, once."""
_OFF = "role-env: the session is off"


class SavedValueOf:
    """The saved value of `name`, or `default` in a shell that does not have it; with an empty one it is then unset."""

    def __init__(self, name: str, default: str) -> None:
        self.name = name
        self.default = default


def known(values: "Mapping[str, str | SavedValueOf]") -> dict[str, str]:
    """Return the variables with the values that they get where there are no saved ones, without unknown ones."""
    found = {name: value.default if isinstance(value, SavedValueOf) else value for name, value in values.items()}
    return {name: value for name, value in found.items() if value or not isinstance(values[name], SavedValueOf)}


class Change:
    """The steps of a shell, in this order.

    The shell saves the values of `saved`, unsets `unset`, exports `exported`, and exports `restored` with the values
    that it has saved, if it has them. It prints `notice` and, if it is interactive, `confirmation`, which may be
    empty, and drops the saved values of `dropped`.
    """

    def __init__(
        self,
        *,
        saved: "Iterable[str]" = (),
        unset: "Iterable[str]" = (),
        exported: "Mapping[str, str | SavedValueOf] | None" = None,
        restored: "Iterable[str]" = (),
        dropped: "Iterable[str]" = (),
        notice: str = "",
        confirmation: str = "",
    ) -> None:
        self.saved = tuple(saved)
        self.unset = tuple(unset)
        self.exported = exported or {}
        self.restored = tuple(restored)
        self.dropped = tuple(dropped)
        self.notice = notice
        self.confirmation = confirmation

    def exports(self) -> "Iterator[tuple[str, str | SavedValueOf, str]]":
        """Yield each exported variable, its value, and the first variable with the same long value, if that is another.

        The code refers to that one, so that a token of 1,000 characters stands in it once and not in every family.
        """
        first_with: dict[str | SavedValueOf, str] = {}
        for name, value in self.exported.items():
            yield name, value, first_with.get(value, "")
            if isinstance(value, str) and len(value) > _LONGEST_REPEATED:
                first_with.setdefault(value, name)

    @property
    def names(self) -> "list[str]":
        """The variables that change; none of them may be readonly."""
        return list(dict.fromkeys((*self.unset, *self.exported, *self.restored)))

    @property
    def confirmation_of_restored(self) -> str:
        """The confirmation in a shell that has the saved values."""
        are = "is" if len(self.restored) == 1 else "are"
        return (
            f"{self.confirmation}; {', '.join(self.restored)} {are} as before it" if self.dropped else self.confirmation
        )

    @property
    def missing(self) -> str:
        """The message in a shell below the session's, which has no saved values."""
        are = "is" if len(self.restored) == 1 else "are"
        return f"role-env: {', '.join(self.restored)} {are} not restored: this shell does not have what was set before"


# --- a new session


def switch(session: "Session", environ: "Mapping[str, str]", *, may_follow: bool, confirmation: str = "") -> Change:
    """Return the change to `session`. With `may_follow` the `aliyun` CLI follows the shell, if its file allows that."""
    follows = may_follow and can_follow(session, environ)
    found = regions(session, environ, default=session.fallback_region)
    if follows and CLI_REGION not in found:
        confirmation += f", in {DEFAULT_REGION} as no region is set"
    if follows and CLI_REGION not in known(found):
        found = regions(session, environ, default=DEFAULT_REGION)
    values = {**variables.assignments(session, follows=follows), **found}
    begin = _next_session if variables.has_session_or_no_account(environ) else _first_session
    return begin(values, environ, confirmation)


def _first_session(values: "dict[str, str | SavedValueOf]", environ: "Mapping[str, str]", confirmation: str) -> Change:
    """Return the change to the variables `values` in a shell whose variables are the user's."""
    saved = [name for name in USERS if environ.get(name, "") not in ("", *variables.RESERVED_PROFILES)]
    if saved:
        values[SAVED] = " ".join(saved)
    return Change(saved=saved, unset=_ended(values, environ), exported=values, confirmation=confirmation)


def _next_session(values: "dict[str, str | SavedValueOf]", environ: "Mapping[str, str]", confirmation: str) -> Change:
    """Return the change to the variables `values` in a shell with a session, or with none after a failed switch.

    Nothing is saved. If the new session no longer takes the bare token, the user's comes back.
    """
    returns = BARE_TOKEN in _saved(environ) and has_taken_token(environ) and BARE_TOKEN not in values
    return Change(
        unset=_ended(values, environ),
        exported=values,
        restored=[BARE_TOKEN] if returns else [],
        notice=_notice(environ, "replaced by it"),
        confirmation=confirmation,
    )


def _ended(values: "Mapping[str, str | SavedValueOf]", environ: "Mapping[str, str]") -> list[str]:
    """Return the variables of `environ` that a session with the variables `values` unsets.

    A region that is only known to the shell with the saved values is unset too, before that shell sets it.
    """
    present = (name for name in _names_of_state(environ) if environ.get(name) or name == variables.ODPS_FILE)
    return [name for name in present if name in environ and name not in (SAVED, *known(values))]


def can_follow(session: "Session", environ: "Mapping[str, str]") -> bool:
    """Return whether the `aliyun` CLI follows the shell by the profile role-env of its file."""
    return session.cli_can_follow and not environ.get(variables.EXTERNAL_DISABLED)


def regions(session: "Session", environ: "Mapping[str, str]", *, default: str) -> "dict[str, str | SavedValueOf]":
    """Return each tool's region: the profile's, else the user's, else `default`; none if all are empty."""
    if session.region_id:
        return dict.fromkeys(REGIONS, session.region_id)
    default = next(filter(None, map(environ.get, variables.OTHER_REGIONS)), default)
    first = variables.users_region(environ) or default
    if variables.has_session_or_no_account(environ):
        return _saved_regions(environ, first)
    return {name: value for name in REGIONS if (value := environ.get(name) or first)}


def _saved_regions(environ: "Mapping[str, str]", default: str) -> "dict[str, str | SavedValueOf]":
    """Return each tool's region in a shell with a session: those in `environ` are that session's, the user's saved."""
    saved = [name for name in REGIONS if name in _saved(environ)]
    first = next((name for name in saved if name in variables.CLOUD_REGIONS), "")
    sources = {name: name if name in saved else first for name in REGIONS}
    return {name: SavedValueOf(one, default) if one else default for name, one in sources.items() if one or default}


# --- the end of a session


def off(environ: "Mapping[str, str]") -> Change:
    """Return the change that ends the session, or the no-account state, and restores what was set before both."""
    if not variables.has_session_or_no_account(environ):
        return Change(confirmation="role-env: this shell has no session")
    saved = _saved(environ)
    return Change(
        unset=_names_of_state(environ),
        restored=(name for name in saved if name != BARE_TOKEN or has_taken_token(environ)),
        dropped=saved,
        notice=_notice(environ, "removed with it"),
        confirmation=_OFF,
    )


def no_account(environ: "Mapping[str, str]") -> "Change | None":
    """Return the change that leaves a shell with a session without any account; None for a shell without a session.

    POLICY stays, so that a refused wider session does not succeed at the second try.
    """
    if not variables.has_session(environ):
        return None
    kept = {*variables.NO_ACCOUNT, variables.POLICY, SAVED}
    ended = (*_names_of_state(environ), *((BARE_TOKEN,) if BARE_TOKEN in environ else ()))
    return Change(unset=(name for name in ended if name not in kept), exported=variables.NO_ACCOUNT)


# --- the same session, renewed


def renewal(session: "Session", environ: "Mapping[str, str]", *, confirmation: str) -> Change:
    """Return the change that replaces what is still the old session's by `session`, in the families of the shell."""
    own_id, families = variables.session_key_id(environ), _families(environ)
    values: dict[str, str | SavedValueOf] = {}
    for key in (*variables.KEYS, *variables.keys_of(families)):
        if environ.get(key.access_key_id) == own_id:
            values |= key.values(session.credentials)
    own = variables.assignments(session, follows=False, family_names=families)
    names = ("ROLE_ENV_ACCESS_KEY_ID", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_EXPIRATION", REQUEST, *variables.BASE.names)
    values |= {name: own[name] for name in names if name in own}
    return Change(exported=values, confirmation=confirmation)


# --- what a shell has


def _saved(environ: "Mapping[str, str]") -> list[str]:
    names = environ.get(SAVED, "").split()
    return [name for name in USERS if name in names]


def _names_of_state(environ: "Mapping[str, str]") -> list[str]:
    """Return the variables that a session or the no-account state may have set, guarded or unset in `environ`."""
    names = [name for key in variables.keys_of(_families(environ)) for name in key.names]
    names += [name for name in (*USERS, *OWN, SAVED) if name in environ]
    names += [SHARED_FILE] if environ.get(variables.SERVER) else []
    return [name for name in dict.fromkeys(names) if name != BARE_TOKEN or has_taken_token(environ)]


def _families(environ: "Mapping[str, str]") -> "Iterable[str]":
    words = environ.get("ROLE_ENV_FAMILIES", "").split()
    return dict.fromkeys((*variables.DEFAULT_FAMILIES, *(word for word in words if word in variables.FAMILIES)))


def has_taken_token(environ: "Mapping[str, str]") -> bool:
    """Return whether the bare SECURITY_TOKEN is the session's, or was unset by a failed switch."""
    return bool(environ.get(NO_ACCOUNT_MARK)) or "packer" in environ.get("ROLE_ENV_FAMILIES", "").split()


def _notice(environ: "Mapping[str, str]", what: str) -> str:
    own_id, own = variables.session_key_id(environ), {"", *variables.RESERVED_PROFILES}
    for key in (*variables.KEYS, *variables.keys_of(_families(environ))):
        if own_id and environ.get(key.access_key_id) == own_id:
            own.update(environ.get(name, "") for name in key.names)
    names = (*variables.KEY_NAMES, *variables.BARE.names[:2])
    if found := [name for name in names if environ.get(name, "") not in own]:
        verb = "was" if len(found) == 1 else "were"
        return f"role-env: {', '.join(found)} {verb} set during the session, and {verb} {what}"
    return ""
