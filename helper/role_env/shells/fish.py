"""What fish evaluates: a session, its end, and a failure.

The same steps as in `posix_shell`, as one `begin … end`. Fish has no readonly variables of the user's, but it has
universal ones, which shine through where a global one is erased: there an empty exported global stays instead. What
the shell had before is kept in `_role_env_old_NAME`, behind a first element `e` when it was exported, else `s`.
"""

from role_env import variables
from role_env.credentials import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# A local empty fish_trace hides the commands as `set +x` does in other shells.
_QUIET = "set -l fish_trace"


def _whose(key: variables.Key) -> str:
    own = "".join(f'\nif test -n "${name}"; set -a own ${name}; end' for name in key.names()[1:])
    return (
        f'if test -z "${key.access_key_id}"\nelse if test "${key.access_key_id}" = "$id"{own}\n'
        f"else; set -a theirs {' '.join(key.names())}\nend"
    )


# own: the secret and token of the session that is there; theirs: the names of the keys that the user has set
# meanwhile; first: set when this is the shell's first session. One for Packer alone has its token elsewhere.
_WHOSE = "\n".join(
    [
        'set -l id "$ROLE_ENV_ACCESS_KEY_ID"; set -l own $_role_env_token; set -l theirs; set -l first 1',
        "for v in _role_env_saved ROLE_ENV_PROFILE ROLE_ENV_ACCESS_KEY_ID ROLE_ENV_NO_ACCOUNT",
        'if test -n "$$v"; set -e first; end\nend',
        *(_whose(key) for key in variables.KEYS),
        f'if test -n "$id"; and test "${variables.PACKER.access_key_id}" = "$id"; and not set -q own[2]',
        "set -a own $SECURITY_TOKEN\nend",
        'if set -q SECURITY_TOKEN; and not contains -- "$SECURITY_TOKEN" $own; set -a theirs SECURITY_TOKEN; end',
    ]
)

# What loops do with the variable whose name is in v. To keep a value that is the session's own is to forget the one
# that was kept; putting back leaves it kept.
_KEEP = """\
if not set -qg $v; or contains -- "$$v" $own; set -e -g _role_env_old_$v
else if set -qgx $v; set -g _role_env_old_$v e $$v
else; set -g _role_env_old_$v s $$v
end"""
_PUT_BACK = """\
set -e -g $v
set -l old _role_env_old_$v; set old $$old
switch "$old[1]"
case e; set -gx $v $old[2..]
case s; set -g $v $old[2..]
end"""
_KEPT = ("_role_env_saved", "_role_env_token", "_role_env_old_SECURITY_TOKEN")
_FORGET = "set -e -g _role_env_old_$v"
_PUT_BACK_UNLESS_SET = f'if test -z "$$v"\n{_PUT_BACK}\nend'
_REMOVE = "set -e -g $v\nif set -qU $v; set -gx $v ''; end"


def quote(value: str) -> str:
    """`value` as one word of fish, whatever it holds but NUL, which no variable can hold."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def session(session: Session) -> str:
    """Return the group that puts `session` into the shell."""
    values = dict(variables.assignments(session))
    gone = (name for name in (*variables.unset(session), *variables.OWN) if name not in values)
    bare = ("SECURITY_TOKEN",) if "SECURITY_TOKEN" in values else ()
    return _group(
        _WHOSE,
        _each(
            (*variables.KEY_NAMES, *variables.REST, *bare),
            f"if set -q first[1]; or contains -- $v $theirs\n{_KEEP}\nend",
        ),
        _lift(but=bare),
        "" if bare else _restore_security_token(),
        "" if session.region_id else _each(variables.exported_regions(session.variables), _PUT_BACK),
        _each((*gone, variables.COLOUR), _REMOVE),
        *(f"set -gx {name} {quote(value)}" for name, value in values.items()),
        f"set -g _role_env_saved 1; set -g _role_env_token {quote(session.credentials.security_token)}",
        f"set -g {variables.COLOUR} {quote(session.color)}" if session.color else "",
    )


def off() -> str:
    """Return the group that ends the shell's session.

    What was set before comes back. A key that the user has set meanwhile stays.
    """
    return _group(
        _WHOSE,
        "if not set -q first[1]",
        _each(
            variables.KEY_NAMES,
            'if contains -- $v $theirs; if contains -- "$$v" $own; set -e -g $v; end\n'
            f"else\n{_PUT_BACK}\nend\n{_FORGET}",
        ),
        _restore_security_token(),
        _lift(),
        _each(variables.FORCED, f"{_PUT_BACK}\n{_FORGET}"),
        _each(variables.LEFT_UNSET, f"{_PUT_BACK_UNLESS_SET}\n{_FORGET}"),
        _each((*_KEPT, variables.COLOUR, *variables.OWN), "set -e -g $v"),
        "end\ntrue",
    )


def failure(*, take_away: bool) -> str:
    """Return the group that ends in `false`; with `take_away` it leaves the shell without any account."""
    if not take_away:
        return "begin; false; end\n"
    return _group(
        _WHOSE,
        _each(
            (*variables.KEY_NAMES, "SECURITY_TOKEN", *variables.OWN),
            f"if contains -- $v $theirs\n{_KEEP}\nend\n{_REMOVE}",
        ),
        # All else that the user has set and that could be, or lead to, an account.
        _each(
            (name for name in (*variables.NO_ACCOUNT_REST, *variables.LEFT_UNSET) if name != "SECURITY_TOKEN"),
            # An empty one before a universal one is ours.
            f'if set -qg $v; and begin; test -n "$$v"; or not set -qU $v; end\n{_KEEP}\nend\n{_REMOVE}',
        ),
        f"set -e -g _role_env_token {variables.COLOUR}",
        *(f"set -gx {name} {value}" for name, value in variables.NO_ACCOUNT.items()),
        "false",
    )


def _group(*steps: str) -> str:
    return "begin\n" + "\n".join(filter(None, (_QUIET, *steps))) + "\nend\n"


def _each(names: "Iterable[str]", action: str) -> str:
    return f"for v in {' '.join(names)}\n{action}\nend"


def _lift(*, but: tuple[str, ...] = ()) -> str:
    """Return code that ends the no-account state. What the user has set in it stays, and so do the names `but`."""
    bare = _each((name for name in variables.BARE.names() if name not in but), f"{_PUT_BACK_UNLESS_SET}\n{_FORGET}")
    flags = _each(variables.DISABLED, f"{_PUT_BACK}\n{_FORGET}")
    return f'if test -n "$ROLE_ENV_NO_ACCOUNT"\n{bare}\n{flags}\nend'


def _restore_security_token() -> str:
    back = _each(("SECURITY_TOKEN",), f"{_PUT_BACK}\n{_FORGET}")
    return f'if test -n "$SECURITY_TOKEN"; and contains -- "$SECURITY_TOKEN" $own\n{back}\nend'
