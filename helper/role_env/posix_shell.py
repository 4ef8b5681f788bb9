"""What bash, zsh and any POSIX shell evaluate: a session, its end, and a failure.

All text is one group `{ …; }`, so that output cut off anywhere is a syntax error and sets nothing. Inside it:

- names are fixed, values are quoted, and no value of the shell's own is ever in the text: what the shell had before
  is kept by the shell itself in `_role_env_old_NAME`, the value behind an `e` when it was exported, else an `s`;
- `set -x` and `set -a` are off, and back on at the end;
- nothing is assigned before a subshell has shown that every name can be (bash goes on after a readonly variable
  with status 0, zsh stops in the middle);
- words with a backslash are no aliases; loops are over literal words, since zsh does not split variables.
"""

from collections.abc import Mapping

from role_env import variables
from role_env.credentials import Session

_QUIET = "{ case $- in *x*) _role_env_x=x ;; *) _role_env_x= ;; esac; \\set +x; } 2>/dev/null"
_NO_ALLEXPORT = "case $- in *a*) _role_env_x=a$_role_env_x; \\set +a ;; esac"
_LOUD = """\
{ \\unset -v _role_env_v _role_env_w _role_env_k _role_env_s _role_env_t _role_env_n _role_env_r; } 2>/dev/null
case $_role_env_x in a*) \\set -a ;; esac
case $_role_env_x in *x) \\unset -v _role_env_x; \\set -x ;; *) \\unset -v _role_env_x ;; esac"""

# _role_env_k: the id of the session that is there. _role_env_s, _role_env_t: its secret and token, which the first
# key that is still the session's tells. _role_env_n: the names of the keys that the user has set meanwhile.
_WHOSE = "_role_env_k=${ROLE_ENV_ACCESS_KEY_ID-}; _role_env_s=; _role_env_t=; _role_env_n=\n" + "\n".join(
    f'case ${{{key.access_key_id}-}} in "") ;; "$_role_env_k") '
    f"_role_env_s=${{{key.access_key_secret}-}}"
    + (f"; _role_env_t=${{{key.security_token}-}}" if key.security_token else "")
    + f' ;; *) _role_env_n="$_role_env_n {" ".join(key.names())} " ;; esac'
    for key in variables.KEYS
)
_IN_A_SESSION = "${_role_env_saved-}${ROLE_ENV_PROFILE-}${ROLE_ENV_ACCESS_KEY_ID-}${ROLE_ENV_NO_ACCOUNT-}"
_WHOSE_BARE = 'case ${SECURITY_TOKEN-} in "$_role_env_t") ;; *) _role_env_n="$_role_env_n SECURITY_TOKEN " ;; esac'


def quote(value: str) -> str:
    """`value` as one word of a POSIX shell, whatever it holds but NUL, which no variable can hold."""
    return "'" + value.replace("'", "'\\''") + "'"


def session(session: Session, environ: Mapping[str, str]) -> str:
    """The group that puts `session` into the shell whose exported variables are `environ`."""
    values = dict(variables.assignments(session))
    removed = tuple(name for name in variables.unset(session.variables) if name not in values)
    own = tuple(name for name in variables.OWN if name not in values)
    everything = (*values, *removed, *own, *variables.NO_ACCOUNT_REST)
    steps = [
        _NO_ALLEXPORT,
        _WHOSE,
        _WHOSE_BARE if "SECURITY_TOKEN" in values else "",
        f'case {_IN_A_SESSION} in "") _role_env_n=all ;; esac',
        _save((*variables.KEY_NAMES, *variables.REST, *({"SECURITY_TOKEN"} & set(values))), environ),
        _lift(),
        "" if "SECURITY_TOKEN" in values else _restore_security_token(),
        "" if session.region_id else _each(variables.exported_regions(session.variables), _put_back(keep=True)),
        "\\unset -v " + " ".join((*values, *removed, *own)),
        "\\export " + " ".join(f"{name}={quote(value)}" for name, value in values.items()),
        "_role_env_saved=1",
    ]
    return _group(
        f"if (\\unset -v {' '.join(everything)}) 2>/dev/null; then\n"
        f"{{ {_lines(steps)}\n}} 2>/dev/null\n{_LOUD}\n"
        f"else\n{_readonly_names(everything)}\n"
        f"case {_IN_A_SESSION} in ?*) {_take_away(environ)} ;; esac\n{_LOUD}\nfalse\nfi"
    )


def off(environ: Mapping[str, str]) -> str:
    """The group that ends the session of the shell whose exported variables are `environ`.

    What was there before comes back; a key that the user has set meanwhile stays.
    """
    forced = (*variables.REGIONS, *variables.IGNORE_PROFILE, "ALIBABA_CLOUD_PROFILE")
    theirs = tuple(name for name in variables.OUTRANKING if name not in forced)
    everything = (*variables.KEY_NAMES, *variables.REST, *variables.OWN)
    steps = [
        _NO_ALLEXPORT,
        _WHOSE,
        _each(
            variables.KEY_NAMES,
            'case $_role_env_n in *" $_role_env_v "*) \\eval "_role_env_w=\\${$_role_env_v-}"\n'
            'case $_role_env_w in "") ;; "$_role_env_s"|"$_role_env_t") \\unset -v "$_role_env_v" ;; esac\n'
            f'\\unset -v "_role_env_old_$_role_env_v" ;; *) {_put_back()} ;; esac',
        ),
        _restore_security_token(),
        _lift(),
        _each(forced, _put_back()),
        # A session leaves these unset: what stands there now is the user's.
        _each(
            theirs,
            '\\eval "_role_env_w=\\${$_role_env_v-}"\n'
            f'case $_role_env_w in "") {_put_back()} ;; *) \\unset -v "_role_env_old_$_role_env_v" ;; esac',
        ),
        "\\unset -v _role_env_saved " + " ".join(variables.OWN),
    ]
    return _group(
        f"if (\\unset -v {' '.join(everything)}) 2>/dev/null; then\n"
        f'{{ case {_IN_A_SESSION} in "") ;; *) {_lines(steps)}\n;; esac\n}} 2>/dev/null\n{_LOUD}\n'
        f"else\n{_readonly_names(everything)}\n"
        f"case {_IN_A_SESSION} in ?*) {_take_away(environ)} ;; esac\n{_LOUD}\nfalse\nfi"
    )


def failure(environ: Mapping[str, str], *, take_away: bool) -> str:
    """The group that ends in `false`; with `take_away` it leaves the shell without any account."""
    if not take_away:
        return "{ false; }\n"
    everything = (*variables.KEY_NAMES, *variables.OWN, *variables.NO_ACCOUNT, *variables.NO_ACCOUNT_REST)
    return _group(
        f"if (\\unset -v {' '.join(everything)}) 2>/dev/null; then _role_env_r=\n"
        f"else {_readonly_names(everything)}\nfi\n{_take_away(environ)}\n{_LOUD}\nfalse"
    )


def _group(body: str) -> str:
    return f"{{ {_QUIET}\n{body}\n}}\n"


def _lines(steps: "list[str]") -> str:
    return "\n".join(filter(None, steps))


def _each(names: "tuple[str, ...]", action: str) -> str:
    return f"for _role_env_v in {' '.join(names)}; do {action}\ndone"


def _save(names: "tuple[str, ...]", environ: Mapping[str, str]) -> str:
    """Keeps those of `names` that are in $_role_env_n; what is the session's own is not kept."""
    exported = " ".join(name for name in names if name in environ)
    return _each(
        names,
        'case $_role_env_n in all|*" $_role_env_v "*) \\eval "_role_env_w=\\${$_role_env_v-}'
        ' _role_env_r=\\${$_role_env_v+s}"\n'
        'case $_role_env_w in "") ;; "$_role_env_s"|"$_role_env_t") _role_env_r= ;; esac\n'
        'case $_role_env_r in "") \\unset -v "_role_env_old_$_role_env_v" ;; *)\n'
        f'case " {exported} " in *" $_role_env_v "*) _role_env_r=e ;; esac\n'
        '\\eval "_role_env_old_$_role_env_v=\\$_role_env_r\\$_role_env_w" ;; esac ;; esac',
    )


def _put_back(*, keep: bool = False) -> str:
    """Gives $_role_env_v what it had before the first session; the kept value goes, or with `keep` stays."""
    forget = "" if keep else '\n\\unset -v "_role_env_old_$_role_env_v"'
    return (
        '\\eval "_role_env_w=\\${_role_env_old_$_role_env_v-}"; \\unset -v "$_role_env_v"\n'
        'case $_role_env_w in e*) \\export "$_role_env_v=${_role_env_w#?}" ;;'
        ' s*) \\eval "$_role_env_v=\\${_role_env_w#?}" ;; esac' + forget
    )


def _lift() -> str:
    """Ends the state without an account."""
    return f"case ${{ROLE_ENV_NO_ACCOUNT-}} in ?*) {_each(variables.NO_ACCOUNT_REST, _put_back())} ;; esac"


def _restore_security_token() -> str:
    return f'case $_role_env_t in "") ;; "${{SECURITY_TOKEN-}}") {_each(("SECURITY_TOKEN",), _put_back())} ;; esac'


def _readonly_names(names: "tuple[str, ...]") -> str:
    """Finds the readonly ones of `names`, says so, and leaves them in $_role_env_r."""
    return "_role_env_r=\n" + _each(
        names,
        '(\\unset -v "$_role_env_v") 2>/dev/null || { _role_env_r="$_role_env_r $_role_env_v "\n'
        "\\printf '%s\\n' \"role-env: $_role_env_v is readonly in this shell and cannot be set or unset\""
        " 'role-env: hint: start a new shell without it' >&2; }",
    )


def _take_away(environ: Mapping[str, str]) -> str:
    """Removes the session and leaves no account, passing over the readonly names in $_role_env_r."""
    pairs = tuple(f"{name}={value}" for name, value in variables.NO_ACCOUNT.items())
    gone = (*variables.KEY_NAMES, *variables.BARE.names(), *variables.OWN)
    saved = (*variables.KEY_NAMES, *variables.NO_ACCOUNT_REST)
    unless_readonly = 'case $_role_env_r in *" {0} "*) ;; *) {1} ;; esac'
    steps = [
        _NO_ALLEXPORT,
        "_role_env_ro=$_role_env_r",
        _WHOSE,
        _WHOSE_BARE,
        f'_role_env_n="$_role_env_n {" ".join(n for n in variables.NO_ACCOUNT_REST if n != "SECURITY_TOKEN")} "',
        _save(saved, environ),
        "_role_env_r=$_role_env_ro; \\unset -v _role_env_ro",
        _each(gone, unless_readonly.format("$_role_env_v", '\\unset -v "$_role_env_v"')),
        _each(pairs, unless_readonly.format("${_role_env_v%%=*}", '\\export "$_role_env_v"')),
    ]
    return f"{{ {_lines(steps)}\n}} 2>/dev/null"
