"""Generate code for fish, as `export.Dialect` describes it.

The code is one group. Each statement ends in a semicolon, since `eval (role-env PROFILE)` joins the lines with spaces.
In fish no variable of the user's is readonly, but a universal variable becomes visible when a global one is erased: a
session and the no-account state then set an empty global one instead.
"""

from role_env.shells import Change, SavedValueOf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_BEGIN = "begin;\nset -l fish_trace;\n"
_FORGET_PROMPT = "set -q ROLE_ENV_PROMPT; and set -g ROLE_ENV_PROMPT '';\n"
_HIDE = "set -e -g {0}; set -qU {0}; and set -gx {0} '';\n"


def quote(value: str) -> str:
    """Return `value` quoted as one word of fish, on one line. It may contain anything except NUL, like a variable."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "'\\n'") + "'"


def code_for(change: Change, *, otherwise: "Change | None", key_id: str) -> str:
    """Return the code for `change`. It succeeds if the shell then has the session of `key_id`; empty is none."""
    success = f'test "$ROLE_ENV_ACCESS_KEY_ID$ROLE_ENV_NO_ACCOUNT" = {quote(key_id)}'
    return f"{_BEGIN}{''.join(_steps(change))}{_FORGET_PROMPT}{success};\nend\n"


def failure(change: "Change | None") -> str:
    """Return the code that does `change` and fails."""
    if change is None:
        return "begin; false; end\n"
    hidden = f"for name in {' '.join(change.unset)};\n{_HIDE.format('$name')}end;\n"
    return f"{_BEGIN}{hidden}{''.join(_exports(change))}{_FORGET_PROMPT}false;\nend\n"


def _steps(change: Change) -> "Iterator[str]":
    """Yield the code of `change`, in the order of posix.py.

    A session hides a universal variable by an empty global one; `off` erases that, so that it is visible again.
    """
    for name in change.saved:
        yield f"set -qg {name}; and set -gu _role_env_old_{name} ${name};\n"
    if change.exported:
        yield from map(_HIDE.format, change.unset)
    elif change.unset:
        yield f"set -e -g {' '.join(change.unset)};\n"
    yield from _exports(change)
    if change.notice:
        yield _say(change.notice)
    if change.restored:
        # Without the empty global one that hid it, a universal variable is visible again.
        yield f"set -e -g {' '.join(change.restored)};\n"
        first = change.restored[0]
        yield f"if set -q _role_env_old_{first}; or set -qU {first};\n"
        for name in change.restored:
            yield f"set -q _role_env_old_{name}; and set -gx {name} $_role_env_old_{name};\n"
        yield f"{_confirm(change.confirmation_of_restored)}else;\n"
        yield f"{_say(change.missing)}{_confirm(change.confirmation)}end;\n"
    else:
        yield _confirm(change.confirmation)
    if change.dropped:
        yield f"set -e -g {' '.join(f'_role_env_old_{name}' for name in change.dropped)};\n"


def _say(text: str) -> str:
    return f"echo {quote(text)} >&2;\n"


def _confirm(text: str) -> str:
    return f"status is-interactive; and {_say(text)}" if text else ""


def _exports(change: Change) -> "Iterator[str]":
    for name, value, first in change.exports():
        if isinstance(value, SavedValueOf):
            if value.default:
                yield f"set -gx {name} {quote(value.default)};\n"
            yield f"set -q _role_env_old_{value.name}; and set -gx {name} $_role_env_old_{value.name};\n"
        else:
            yield f"set -gx {name} {f'${first}' if first else quote(value)};\n"
