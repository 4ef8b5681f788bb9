"""Generate code for bash, zsh and any POSIX shell, as `dialect` describes it.

The code is one group, so that a truncated text is a syntax error and does nothing. Each statement ends in a semicolon
and nothing is a comment: without quotes, as in `eval $(role-env PROFILE)`, the shell joins the lines with spaces.
`set -v` would print the group while it is read, so another group before it turns that off; `set -x` would show values,
and `set -a` would export the former ones.
"""

from role_env.shells import Change, Former

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NOTHING = "{ :; }\n"
FAILURE = "{ false; }\n"
_BEGIN = "{ _re_flags=$-; set +v; };\n{\n{ set +ax; } 2>/dev/null;\n"
_END = (
    '[ -z "${ROLE_ENV_PROMPT-}" ] || ROLE_ENV_PROMPT=;\n'
    "case $_re_flags in *a*) set -a ;; esac;\n"
    "case $_re_flags in *v*) set -v ;; esac;\n"
    "case $_re_flags in *x*) set -x ;; esac;\n"
    "unset _re_flags;\n"
)
_READONLY = "echo 'role-env: a readonly variable, named above, is in the way: start a new shell without it' >&2;\n"
_LONGEST_REPEATED = 40


def quote(value: str) -> str:
    """Return `value` quoted as one word of a POSIX shell. It may contain anything except NUL, like a variable."""
    return "'" + value.replace("'", "'\\''") + "'"


def change(change: Change, *, otherwise: "Change | None", success: tuple[str, str]) -> str:
    """Return the code for `change`. If a variable is readonly, nothing of it is done, but `otherwise`.

    The code succeeds if the variable in `success` then has that value.
    """
    steps = "".join(_steps(change))
    if change.names:
        failed = _READONLY + "".join(_forced(otherwise))
        steps = f"if (unset {' '.join(change.names)}); then\n{steps}else\n{failed}fi;\n"
    name, value = success
    return f'{_BEGIN}{steps}{_END}[ "${{{name}-}}" = {quote(value)} ];\n}}\n'


def failure(change: "Change | None") -> str:
    """Return the code that does `change` and fails."""
    return f"{_BEGIN}{''.join(_forced(change))}{_END}false;\n}}\n" if change else FAILURE


def _steps(change: Change) -> "Iterator[str]":
    for name in change.saved:
        yield f'_role_env_old_{name}="${{{name}-}}";\n'
    if change.unset:
        yield f"unset {' '.join(change.unset)};\n"
    places: dict[str, str] = {}  # where a long value stands already
    for name, value in change.exported.items():
        if isinstance(value, Former):
            yield f"export {name}={quote(value.default)};\n"
            yield f'[ -z "${{_role_env_old_{value.name}+x}}" ] || export {name}="$_role_env_old_{value.name}";\n'
        else:
            yield f"export {name}={places.get(value) or quote(value)};\n"
            if len(value) > _LONGEST_REPEATED:
                places.setdefault(value, f'"${name}"')
    for name in change.restored:
        yield f'[ -z "${{_role_env_old_{name}+x}}" ] || export {name}="$_role_env_old_{name}";\n'
    if change.forgotten:
        yield f"unset {' '.join(f'_role_env_old_{name}' for name in change.forgotten)};\n"
    if change.notice:
        yield f"echo {quote(change.notice)} >&2;\n"
    if change.confirmation:
        yield f"case $_re_flags in *i*) echo {quote(change.confirmation)} >&2 ;; esac;\n"


def _forced(change: "Change | None") -> "Iterator[str]":
    """Yield the steps of `change`, variable by variable: a readonly one stays, and the shell reports it."""
    if change is None:
        return
    values = " ".join(f"{name}={quote(value)}" for name, value in change.exported.items() if isinstance(value, str))
    yield f"for _re_name in {' '.join(change.unset)}; do\n"
    yield 'if (unset "$_re_name"); then unset "$_re_name"; fi;\ndone;\n'
    yield f"for _re_name in {values}; do\n"
    yield 'if (export "$_re_name"); then export "$_re_name"; fi;\ndone;\nunset _re_name;\n'
