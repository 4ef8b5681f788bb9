"""Generate code for bash, zsh and any POSIX shell, as `export.Dialect` describes it.

The code is one group, so that a truncated text is a syntax error and does nothing. Each statement ends in a semicolon
and nothing is a comment: without quotes, as in `eval $(role-env PROFILE)`, the shell joins the lines with spaces. It
also replaces each word that is a pattern of file names by the files, so no word has a `*`, `?` or `[…]` of the code's
own: `_re_any` is the `*` of patterns, which zsh only finds in `$~_re_any`. The names of its own variables begin with
`_re_`, for role-env: `_re_flags` has the shell's flags (`$-`), `_re_name` a variable's name. `_END` empties the text of
the prompt, so that a hook that does not run again shows no former session.
`set -v` would print the group while it is read, so another group before it turns that off; `set -x` would show values,
and `set -a` would export the former ones.
"""

from role_env.shells import Change, SavedValueOf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_BEGIN = "{ _re_flags=$- _re_any=\\*; set +v; };\n{\n{ set +ax; } 2>/dev/null;\n"
# Means: case $_re_flags in *"i"*) echo … >&2 ;; esac;
# `*` comes from a variable, in zsh by `$~`: written out, it could become file names in an `eval` without quotes.
_IF_FLAG = 'case $_re_flags in $_re_any"{0}"$_re_any|$~_re_any"{0}"$~_re_any) {1} ;; esac;\n'
_END = (
    '[ -z "${ROLE_ENV_PROMPT-}" ] || ROLE_ENV_PROMPT=;\n'
    + "".join(_IF_FLAG.format(flag, f"set -{flag}") for flag in "avx")
    + "unset _re_flags _re_any;\n"
)
_READONLY = "echo 'role-env: a readonly variable, named above, is in the way: start a new shell without it' >&2;\n"


def quote(value: str) -> str:
    """Return `value` quoted as one word of a POSIX shell. It may contain anything except NUL, like a variable."""
    return "'" + value.replace("'", "'\\''") + "'"


def code_for(change: Change, *, otherwise: "Change | None", key_id: str) -> str:
    """Return the code for `change`. If a variable is readonly, nothing of it is done, but `otherwise`."""
    steps = "".join(_steps(change))
    if change.names:
        failed = _READONLY + "".join(_forced(otherwise))
        steps = f"if (unset {' '.join(change.names)}); then\n{steps}else\n{failed}fi;\n"
    return f'{_BEGIN}{steps}{_END}[ "${{ROLE_ENV_ACCESS_KEY_ID-}}${{ROLE_ENV_NO_ACCOUNT-}}" = {quote(key_id)} ];\n}}\n'


def failure(change: "Change | None") -> str:
    """Return the code that does `change` and fails."""
    return f"{_BEGIN}{''.join(_forced(change))}{_END}false;\n}}\n" if change else "{ false; }\n"


def _steps(change: Change) -> "Iterator[str]":
    """Yield the code of `change`, in which a value is saved before the line that changes it."""
    for name in change.saved:
        yield f'_role_env_old_{name}="${{{name}-}}";\n'
    if change.unset:
        yield f"unset {' '.join(change.unset)};\n"
    for name, value, first in change.exports():
        if isinstance(value, SavedValueOf):
            if value.default:
                yield f"export {name}={quote(value.default)};\n"
            yield f'[ -z "${{_role_env_old_{value.name}+x}}" ] || export {name}="$_role_env_old_{value.name}";\n'
        else:
            word = f'"${first}"' if first else quote(value)
            yield f"export {name}={word};\n"
    if change.notice:
        yield _say(change.notice)
    if change.restored:
        yield f'if [ -n "${{_role_env_old_{change.restored[0]}+x}}" ]; then\n'
        for name in change.restored:
            yield f'export {name}="$_role_env_old_{name}";\n'
        yield f"{_confirm(change.confirmation_of_restored)}else\n"
        yield f"{_say(change.missing)}{_confirm(change.confirmation)}fi;\n"
    else:
        yield _confirm(change.confirmation)
    if change.dropped:
        yield f"unset {' '.join(f'_role_env_old_{name}' for name in change.dropped)};\n"


def _say(text: str) -> str:
    return f"echo {quote(text)} >&2;\n"


def _confirm(text: str) -> str:
    return _IF_FLAG.format("i", f"echo {quote(text)} >&2") if text else ""


def _forced(change: "Change | None") -> "Iterator[str]":
    """Yield the steps of `change`, variable by variable: a readonly one stays, and the shell reports it."""
    if change is None:
        return
    values = " ".join(f"{name}={quote(value)}" for name, value in change.exported.items() if isinstance(value, str))
    yield f"for _re_name in {' '.join(change.unset)}; do\n"
    yield 'if (unset "$_re_name"); then unset "$_re_name"; fi;\ndone;\n'
    yield f"for _re_name in {values}; do\n"
    yield 'if (export "$_re_name"); then export "$_re_name"; fi;\ndone;\nunset _re_name;\n'
