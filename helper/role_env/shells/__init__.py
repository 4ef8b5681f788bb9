"""Decide how the variables of a shell change: role-env decides, and the shell only assigns.

role-env is a child of the shell that evaluates its output, like the tools that read the variables. So `environ` shows
everything that matters to them, and the code for the shell only assigns. The values from before the first session
are in no output: the shell keeps each of them, unexported, as `_role_env_old_NAME`, and ROLE_ENV_SAVED has the names.
"""

from role_env import variables
from role_env.variables import BARE_TOKEN, NO_ACCOUNT_MARK, OWN, REGIONS, REQUEST, SAVED, SHARED_FILE, USERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from role_env.credentials import Session

DEFAULT_REGION = "cn-hangzhou"
"""The region that the `aliyun` CLI uses if it finds none."""
_LONGEST_REPEATED = 40
_CLOUD_REGIONS = tuple(name for name in REGIONS if name not in variables.FAMILIES["oss"].regions)


class Former:
    """A value from before the first session: that of `name`, or `default` in a shell that does not have it."""

    def __init__(self, name: str, default: str) -> None:
        self.name = name
        self.default = default


class Change:
    """The steps of a shell, in this order.

    The shell keeps the values of `saved`, unsets `unset`, exports `exported`, exports `restored` with the values that
    it has kept, if it has them, and drops those of `forgotten`. It prints `notice` and, if it is interactive,
    `confirmation`. Both may be empty.
    """

    def __init__(
        self,
        *,
        saved: "Iterable[str]" = (),
        unset: "Iterable[str]" = (),
        exported: "Mapping[str, str | Former] | None" = None,
        restored: "Iterable[str]" = (),
        forgotten: "Iterable[str]" = (),
        notice: str = "",
        confirmation: str = "",
    ) -> None:
        self.saved = tuple(saved)
        self.unset = tuple(unset)
        self.exported = exported or {}
        self.restored = tuple(restored)
        self.forgotten = tuple(forgotten)
        self.notice = notice
        self.confirmation = confirmation

    def exports(self) -> "Iterator[tuple[str, str | Former, str]]":
        """Yield each exported variable, its value, and the variable before it that has the same long value, if any."""
        places: dict[str | Former, str] = {}
        for name, value in self.exported.items():
            yield name, value, places.get(value, "")
            if isinstance(value, str) and len(value) > _LONGEST_REPEATED:
                places.setdefault(value, name)

    @property
    def names(self) -> "list[str]":
        """The variables that change; none of them may be readonly."""
        return list(dict.fromkeys((*self.unset, *self.exported, *self.restored)))


def switch(session: "Session", environ: "Mapping[str, str]", *, may_follow: bool, confirmation: str = "") -> Change:
    """Return the change to `session`. With `may_follow` the `aliyun` CLI follows the shell, if its file allows that."""
    follows = may_follow and can_follow(session, environ)
    values: dict[str, str | Former] = dict(variables.assignments(session, follows=follows))
    values |= regions(session, environ, follows=follows)
    if follows and not regions(session, environ, follows=False).get(REGIONS[0]):
        confirmation += f", in {DEFAULT_REGION} as no region is set"
    notice, saved = "", []
    former: list[str] = []
    if variables.has_begun(environ):
        notice = _notice(environ, "replaced by it")
        if _has_taken_token(environ) and BARE_TOKEN in _saved(environ) and BARE_TOKEN not in values:
            former = [BARE_TOKEN]
    else:
        saved = [name for name in USERS if environ.get(name, "") not in ("", *variables.RESERVED_PROFILES)]
        if saved:
            values[SAVED] = " ".join(saved)
    ended = [name for name in _names_of_state(environ) if environ.get(name) and name not in (SAVED, *values)]
    return Change(
        saved=saved,
        unset=ended,
        exported=values,
        restored=former,
        notice=notice,
        confirmation=confirmation,
    )


def can_follow(session: "Session", environ: "Mapping[str, str]") -> bool:
    """Return whether the `aliyun` CLI follows the shell by the profile role-env of its file."""
    return session.in_cli_file and not environ.get(variables.EXTERNAL_DISABLED)


def regions(session: "Session", environ: "Mapping[str, str]", *, follows: bool) -> "dict[str, str | Former]":
    """Return each tool's region: the profile's, the user's or the CLI's; with `follows` there is always one."""
    if session.region_id:
        return dict.fromkeys(REGIONS, session.region_id)
    default = session.fallback_region or (DEFAULT_REGION if follows else "")
    other = next(filter(None, map(environ.get, variables.OTHER_REGIONS)), default)
    if variables.has_begun(environ):  # the regions in `environ` are a session's
        saved = [name for name in REGIONS if name in _saved(environ)]
        first = next((name for name in saved if name in _CLOUD_REGIONS), "")
        found = {name: name if name in saved else first for name in REGIONS}
        return {name: Former(own, other) if own else other for name, own in found.items() if own or other}
    first = next(filter(None, map(environ.get, _CLOUD_REGIONS)), other)
    return {name: value for name in REGIONS if (value := environ.get(name) or first)}


def off(environ: "Mapping[str, str]") -> Change:
    """Return the change that ends the session, or the no-account state, and restores what was set before both."""
    if not variables.has_begun(environ):
        return Change(confirmation="role-env: this shell has no session")
    saved = _saved(environ)
    return Change(
        unset=_names_of_state(environ),
        restored=(name for name in saved if name != BARE_TOKEN or _has_taken_token(environ)),
        forgotten=saved,
        notice=_notice(environ, "removed with it"),
        confirmation=f"role-env: the session is off{'' if saved else '; this shell has what was set before it'}",
    )


def no_account(environ: "Mapping[str, str]") -> "Change | None":
    """Return the change that leaves a shell with a session without any account; None for a shell without a session.

    POLICY stays, so that a refused wider session does not succeed at the second try.
    """
    if not any(map(environ.get, variables.DESCRIBING)):
        return None
    kept = {*variables.NO_ACCOUNT, variables.POLICY, SAVED}
    ended = (*_names_of_state(environ), *((BARE_TOKEN,) if BARE_TOKEN in environ else ()))
    return Change(unset=(name for name in ended if name not in kept), exported=variables.NO_ACCOUNT)


def renewal(session: "Session", environ: "Mapping[str, str]", *, confirmation: str) -> Change:
    """Return the change that replaces what is still the old session's by `session`."""
    own_id = variables.session_key_id(environ)
    values: dict[str, str | Former] = {}
    for key in (*variables.KEYS, *variables.exported_keys(variables.families(session))):
        if environ.get(key.access_key_id) == own_id:
            values |= key.values(session.credentials)
    own = variables.assignments(session, follows=False)
    names = ("ROLE_ENV_ACCESS_KEY_ID", "ROLE_ENV_ROLE_ARN", "ROLE_ENV_EXPIRATION", REQUEST, *variables.BASE.names)
    values |= {name: own[name] for name in names if name in own}
    return Change(exported=values, confirmation=confirmation)


def _saved(environ: "Mapping[str, str]") -> list[str]:
    names = environ.get(SAVED, "").split()
    return [name for name in USERS if name in names]


def _names_of_state(environ: "Mapping[str, str]") -> list[str]:
    names = [name for key in variables.exported_keys(_families(environ)) for name in key.names]
    names += [name for name in (*USERS, *OWN, SAVED) if name in environ]
    names += [SHARED_FILE] if environ.get(variables.SERVER) else []
    return [name for name in dict.fromkeys(names) if name != BARE_TOKEN or _has_taken_token(environ)]


def _families(environ: "Mapping[str, str]") -> "Iterable[str]":
    words = environ.get("ROLE_ENV_FAMILIES", "").split()
    return dict.fromkeys((*variables.DEFAULT_FAMILIES, *(word for word in words if word in variables.FAMILIES)))


def _has_taken_token(environ: "Mapping[str, str]") -> bool:
    """Return whether the bare SECURITY_TOKEN is the session's, or was unset by a failed switch."""
    return bool(environ.get(NO_ACCOUNT_MARK)) or "packer" in environ.get("ROLE_ENV_FAMILIES", "").split()


def _notice(environ: "Mapping[str, str]", what: str) -> str:
    own_id, own = variables.session_key_id(environ), {"", *variables.RESERVED_PROFILES}
    for key in (*variables.KEYS, *variables.exported_keys(_families(environ))):
        if own_id and environ.get(key.access_key_id) == own_id:
            own.update(environ.get(name, "") for name in key.names)
    names = (*variables.KEY_NAMES, *variables.BARE.names[:2])
    if found := [name for name in names if environ.get(name, "") not in own]:
        verb = "was" if len(found) == 1 else "were"
        return f"role-env: {', '.join(found)} {verb} set during the session, and {verb} {what}"
    return ""
