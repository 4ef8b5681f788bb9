"""What fish evaluates: a session, its end, and a failure.

The same steps as in `posix_shell`, as one `begin … end`. Fish has no readonly variables of the user's, but it has
universal ones, which shine through where a global one is erased: there an empty exported global stays instead. What
the shell had before is kept in `_role_env_old_NAME`, behind a first element `e` when it was exported, else `s`.
"""

from collections.abc import Iterable

from role_env import variables
from role_env.credentials import Session

# A local empty fish_trace hides the commands as `set +x` does in other shells.
_QUIET = "set -l fish_trace"

# own: the id, secret and token of the session that is there; theirs: the names of keys that the user set meanwhile.
_WHOSE = (
    'set -l id "$ROLE_ENV_ACCESS_KEY_ID"; set -l own; set -l theirs; set -l first 1\n'
    "for v in _role_env_saved ROLE_ENV_PROFILE ROLE_ENV_ACCESS_KEY_ID ROLE_ENV_NO_ACCOUNT\n"
    'if test -n "$$v"; set -e first; end\nend\n'
    + "\n".join(
        f'if test -z "${key.access_key_id}"\n'
        f'else if test "${key.access_key_id}" = "$id"; set -a own {" ".join("$" + n for n in key.names()[1:])}\n'
        f"else; set -a theirs {' '.join(key.names())}\nend"
        for key in variables.KEYS
    )
)


def quote(value: str) -> str:
    """`value` as one word of fish, whatever it holds but NUL, which no variable can hold."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def session(session: Session) -> str:
    """The group that puts `session` into the shell."""
    values = dict(variables.assignments(session))
    removed = [name for name in variables.unset(session.variables) if name not in values]
    own = [name for name in variables.OWN if name not in values]
    with_token = "SECURITY_TOKEN" in values
    return _group(
        _WHOSE,
        _WHOSE_BARE if with_token else "",
        _save((*variables.KEY_NAMES, *variables.REST, *(["SECURITY_TOKEN"] if with_token else []))),
        _lift(),
        "" if with_token else _restore_security_token(),
        "" if session.region_id else _each(variables.exported_regions(session.variables), _put_back(keep=True)),
        _each((*removed, *own), _remove()),
        *(f"set -gx {name} {quote(value)}" for name, value in values.items()),
        "set -g _role_env_saved 1",
    )


def off() -> str:
    """The group that ends the shell's session: what was there before comes back, a key that the user has set
    meanwhile stays.
    """
    forced = (*variables.REGIONS, *variables.IGNORE_PROFILE, "ALIBABA_CLOUD_PROFILE")
    theirs = [name for name in variables.OUTRANKING if name not in forced]
    return _group(
        _WHOSE,
        "if not set -q first[1]",
        _each(
            variables.KEY_NAMES,
            'if contains -- $v $theirs; set -e -g _role_env_old_$v\nif contains -- "$$v" $own; set -e -g $v; end\n'
            f"else\n{_put_back()}\nend",
        ),
        _restore_security_token(),
        _lift(),
        _each(forced, _put_back()),
        # A session leaves these unset: what stands there now is the user's.
        _each(theirs, f'if test -z "$$v"\n{_put_back()}\nelse; set -e -g _role_env_old_$v\nend'),
        _each(("_role_env_saved", *variables.OWN), "set -e -g $v"),
        "end\ntrue",
    )


def failure(*, take_away: bool) -> str:
    """The group that ends in `false`; with `take_away` it leaves the shell without any account."""
    if not take_away:
        return "begin; false; end\n"
    return _group(
        _WHOSE,
        _WHOSE_BARE,
        f"set -a theirs {' '.join(n for n in variables.NO_ACCOUNT_REST if n != 'SECURITY_TOKEN')}",
        _save((*variables.KEY_NAMES, *variables.NO_ACCOUNT_REST)),
        _each((*variables.KEY_NAMES, *variables.BARE.names(), *variables.OWN), _remove()),
        *(f"set -gx {name} {value}" for name, value in variables.NO_ACCOUNT.items()),
        "false",
    )


_WHOSE_BARE = 'contains -- "$SECURITY_TOKEN" $own; or set -a theirs SECURITY_TOKEN'


def _group(*steps: str) -> str:
    return "begin\n" + "\n".join(filter(None, (_QUIET, *steps))) + "\nend\n"


def _each(names: Iterable[str], action: str) -> str:
    return f"for v in {' '.join(names)}\n{action}\nend"


def _save(names: Iterable[str]) -> str:
    """Keeps those of `names` that are in $theirs, or all at the first session; never what is the session's own."""
    return _each(
        names,
        "if set -q first[1]; or contains -- $v $theirs\n"
        'if not set -qg $v; or contains -- "$$v" $own; set -e -g _role_env_old_$v\n'
        "else if set -qgx $v; set -g _role_env_old_$v e $$v\n"
        "else; set -g _role_env_old_$v s $$v\nend\nend",
    )


def _put_back(*, keep: bool = False) -> str:
    """Gives $v what it had before the first session; the kept value goes, or with `keep` stays."""
    forget = "" if keep else "\nset -e -g _role_env_old_$v"
    return (
        "set -e -g $v\nset -l old _role_env_old_$v\nset old $$old\n"
        'switch "$old[1]"\ncase e\nset -gx $v $old[2..]\ncase s\nset -g $v $old[2..]\nend' + forget
    )


def _remove() -> str:
    return "set -e -g $v\nif set -qU $v; set -gx $v ''; end"


def _lift() -> str:
    """Ends the state without an account."""
    return f'if test -n "$ROLE_ENV_NO_ACCOUNT"\n{_each(variables.NO_ACCOUNT_REST, _put_back())}\nend'


def _restore_security_token() -> str:
    return (
        'if test -n "$SECURITY_TOKEN"; and contains -- "$SECURITY_TOKEN" $own\n'
        f"{_each(('SECURITY_TOKEN',), _put_back())}\nend"
    )
