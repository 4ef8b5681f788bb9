"""What bash, zsh and any POSIX shell evaluate: a session, its end, and a failure.

All text is one group `{ …; }`, so that output cut off anywhere is a syntax error and sets nothing. Inside it:

- names are fixed, values are quoted, and no value of the shell's own is ever in the text: what the shell had before
  is kept by the shell itself in `_role_env_old_NAME`, the value behind an `e` when it was exported, else an `s`;
  beside it `_role_env_saved` says that it was, `_role_env_token` is the session's token, and `_role_env_colour` the
  profile's colour in the prompt, where it has one;
- `set -x` and `set -a` are off, and back on at the end;
- nothing is assigned before a subshell has shown that every name can be (bash goes on after a readonly variable
  with status 0, zsh stops in the middle);
- words with a backslash are no aliases; loops are over literal words, since zsh does not split variables, and
  variables are quoted in assignments too, since zsh's GLOB_SUBST would expand a leading = or ~ there.

The shell's variables, all gone at the end: `_role_env_x` options to turn on again, `_v` the name a loop is at, `_w` a
value, `_r` how it was set, `_e` the exported names, `_k` the id of the session that is there, `_s` and `_t` its secret
and token, `_n` the names of the keys that the user has set meanwhile, `_o` the readonly names.
"""

from role_env import variables
from role_env.credentials import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_QUIET = "{ case $- in *x*) _role_env_x=x ;; *) _role_env_x= ;; esac; \\set +x; } 2>/dev/null"
_NO_ALLEXPORT = "case $- in *a*) _role_env_x=a$_role_env_x; \\set +a ;; esac"
_LOUD = (
    f"{{ \\unset -v {' '.join('_role_env_' + letter for letter in 'vwrekstno')}; }} 2>/dev/null\n"
    "case $_role_env_x in a*) \\set -a ;; esac\n"
    "case $_role_env_x in *x) \\unset -v _role_env_x; \\set -x ;; *) \\unset -v _role_env_x ;; esac"
)


def _whose(key: variables.Key) -> str:
    token = f'; _role_env_t="${{{key.security_token}:-$_role_env_t}}"' if key.security_token else ""
    return (
        f'case "${{{key.access_key_id}-}}" in "") ;;'
        f' "$_role_env_k") _role_env_s="${{{key.access_key_secret}-}}"{token} ;;'
        f' *) _role_env_n="$_role_env_n {" ".join(key.names())} " ;; esac'
    )


# The keys that are still the session's tell its secret and token, in a shell of a shell too, which has no
# _role_env_token. A session for Packer alone has its token in SECURITY_TOKEN only.
_WHOSE = "\n".join(
    [
        '_role_env_k="${ROLE_ENV_ACCESS_KEY_ID-}"; _role_env_s=; _role_env_t="${_role_env_token-}"; _role_env_n=',
        *(_whose(key) for key in variables.KEYS),
        f'case "${{{variables.PACKER.access_key_id}-}}$_role_env_t" in "") ;; "$_role_env_k")'
        ' _role_env_t="${SECURITY_TOKEN-}" ;; esac',
        'case "${SECURITY_TOKEN-$_role_env_t}" in "$_role_env_t") ;;'
        ' *) _role_env_n="$_role_env_n SECURITY_TOKEN " ;; esac',
    ]
)
_SESSION = "${ROLE_ENV_PROFILE-}${ROLE_ENV_ACCESS_KEY_ID-}"
_BEGUN = "${_role_env_saved-}${ROLE_ENV_NO_ACCOUNT-}" + _SESSION

# What loops do with the variable whose name is in $_role_env_v. To keep a value that is the session's own is to
# forget the one that was kept; putting back leaves it kept.
_THEIRS = 'case "$_role_env_n" in all|*" $_role_env_v "*)'
_READ = '\\eval "_role_env_w=\\"\\${$_role_env_v-}\\" _role_env_r=\\${$_role_env_v+s}"'
_KEEP = f"""{_READ}
case "$_role_env_w" in "") ;; "$_role_env_s"|"$_role_env_t") _role_env_r= ;; esac
case $_role_env_r in "") \\unset -v "_role_env_old_$_role_env_v" ;; *)
case "$_role_env_e" in *" $_role_env_v "*) _role_env_r=e ;; esac
\\eval "_role_env_old_$_role_env_v=\\"\\$_role_env_r\\$_role_env_w\\"" ;; esac"""
_PUT_BACK = """\\eval "_role_env_w=\\"\\${_role_env_old_$_role_env_v-}\\""; \\unset -v "$_role_env_v"
case "$_role_env_w" in e*) \\export "$_role_env_v=${_role_env_w#?}" ;;
s*) \\eval "$_role_env_v=\\"\\${_role_env_w#?}\\"" ;; esac"""
_FORGET = '\\unset -v "_role_env_old_$_role_env_v"'
_PUT_BACK_UNLESS_SET = f'{_READ}\ncase "$_role_env_w" in "") {_PUT_BACK} ;; esac'

_KEPT = ("_role_env_saved", "_role_env_token", "_role_env_old_SECURITY_TOKEN")
_KEYS_AND_OWN = (*variables.KEY_NAMES, "SECURITY_TOKEN", *variables.OWN)
_OTHERS = tuple(name for name in (*variables.NO_ACCOUNT_REST, *variables.LEFT_UNSET) if name != "SECURITY_TOKEN")


def quote(value: str) -> str:
    """`value` as one word of a POSIX shell, whatever it holds but NUL, which no variable can hold."""
    return "'" + value.replace("'", "'\\''") + "'"


def session(session: Session, environ: "Mapping[str, str]") -> str:
    """Return the group that puts `session` into the shell whose exported variables are `environ`."""
    values = dict(variables.assignments(session))
    gone = (*values, *variables.unset(session), *variables.OWN)
    bare = ("SECURITY_TOKEN",) if "SECURITY_TOKEN" in values else ()
    return _if_writable(
        (*gone, *variables.REGIONS, *variables.NO_ACCOUNT_REST),
        [
            f'case "{_BEGUN}" in "") _role_env_n=all ;; esac',
            _each((*variables.KEY_NAMES, *variables.REST, *bare), f"{_THEIRS} {_KEEP} ;; esac"),
            _lift(but=bare),
            "" if bare else _restore_security_token(),
            "" if session.region_id else _each(variables.exported_regions(session.variables), _PUT_BACK),
            _unset((*gone, variables.COLOUR)),
            "\\export " + " ".join(f"{name}={quote(value)}" for name, value in values.items()),
            f"_role_env_saved=1 _role_env_token={quote(session.credentials.security_token)}",
            f"{variables.COLOUR}={quote(session.color)}" if session.color else "",
        ],
        environ,
    )


def off(environ: "Mapping[str, str]") -> str:
    """Return the group that ends the session of the shell whose exported variables are `environ`.

    What was there before comes back; a key that the user has set meanwhile stays.
    """
    return _if_writable(
        (*variables.KEY_NAMES, *variables.REST, *variables.OWN, *variables.NO_ACCOUNT_REST),
        [
            _each(
                variables.KEY_NAMES,
                f"{_THEIRS} {_READ}\n"
                'case "$_role_env_w" in "") ;; "$_role_env_s"|"$_role_env_t") \\unset -v "$_role_env_v" ;; esac ;;\n'
                f"*) {_PUT_BACK} ;; esac\n{_FORGET}",
            ),
            _restore_security_token(),
            _lift(),
            _each(variables.FORCED, f"{_PUT_BACK}\n{_FORGET}"),
            _each(variables.LEFT_UNSET, f"{_PUT_BACK_UNLESS_SET}\n{_FORGET}"),
            _unset((*_KEPT, variables.COLOUR, *variables.OWN)),
        ],
        environ,
        when=f'case "{_BEGUN}" in "") ;; *)',
    )


def failure(environ: "Mapping[str, str]", *, take_away: bool) -> str:
    """Return the group that ends in `false`; with `take_away` it leaves the shell without any account."""
    if not take_away:
        return "{ \\false; }\n"
    names = (*_KEYS_AND_OWN, *variables.NO_ACCOUNT, *_OTHERS)
    return _group(f"{_begin(environ)}\n({_unset(names)}) 2>/dev/null || {{ {_readonly(names)}\n}}\n{_take_away()}")


def _if_writable(names: "Iterable[str]", steps: list[str], environ: "Mapping[str, str]", *, when: str = "") -> str:
    """Return the group that runs `steps`; if one of `names` is readonly it reports that and removes the session.

    With `when`, the beginning of a case up to the one that counts, nothing happens in the others.
    """
    end = " ;; esac" if when else ""
    return _group(
        f"{_begin(environ)}\nif {when} ({_unset(names)}) 2>/dev/null{end}; then\n"
        f"{{ {when} {_lines(steps)}{end}\n}} 2>/dev/null\n{_LOUD}\n"
        f"else\n{_readonly(names)}\n{_take_away()}\nfi"
    )


def _group(body: str) -> str:
    return f"{{ {_QUIET}\n{body}\n}}\n"


def _begin(environ: "Mapping[str, str]") -> str:
    names = (*variables.KEY_NAMES, *variables.REST, *variables.NO_ACCOUNT_REST)
    exported = " ".join(name for name in names if name in environ)
    return f'{{ {_NO_ALLEXPORT}\n{_WHOSE}\n_role_env_e=" {exported} "; _role_env_o=\n}} 2>/dev/null'


def _lines(steps: list[str]) -> str:
    return "\n".join(filter(None, steps))


def _unset(names: "Iterable[str]") -> str:
    return "\\unset -v " + " ".join(dict.fromkeys(names))


def _each(names: "Iterable[str]", action: str) -> str:
    return f"for _role_env_v in {' '.join(dict.fromkeys(names))}; do {action}\ndone"


def _lift(*, but: tuple[str, ...] = ()) -> str:
    """Return code that ends the no-account state. What the user has set in it stays, and so do the names `but`."""
    bare = _each((name for name in variables.BARE.names() if name not in but), f"{_PUT_BACK_UNLESS_SET}\n{_FORGET}")
    flags = _each(variables.DISABLED, f"{_PUT_BACK}\n{_FORGET}")
    return f'case "${{ROLE_ENV_NO_ACCOUNT-}}" in ?*) {bare}\n{flags} ;; esac'


def _restore_security_token() -> str:
    back = _each(("SECURITY_TOKEN",), f"{_PUT_BACK}\n{_FORGET}")
    return f'case "$_role_env_t" in "") ;; "${{SECURITY_TOKEN-}}") {back} ;; esac'


def _readonly(names: "Iterable[str]") -> str:
    """Return code that finds the readonly ones of `names` and reports them."""
    return _each(
        names,
        '(\\unset -v "$_role_env_v") 2>/dev/null || { _role_env_o="$_role_env_o $_role_env_v "\n'
        "\\printf '%s\\n' \"role-env: $_role_env_v is readonly in this shell and cannot be set or unset\""
        " 'role-env: hint: start a new shell without it' >&2; }",
    )


def _take_away() -> str:
    """Where a session is, it goes, and the shell is left without any account; it ends in `false`.

    What the user has set is kept: of the keys those that are not the session's, and all else that could be, or lead
    to, an account. The names in $_role_env_o are passed over.
    """
    unset = _unless_readonly('\\unset -v "$_role_env_v"')
    pairs = (f"{name}={value}" for name, value in variables.NO_ACCOUNT.items())
    steps = [
        _each(_KEYS_AND_OWN, f"{_THEIRS} {_KEEP} ;; esac\n{unset}"),
        _each(_OTHERS, f"{_READ}\ncase $_role_env_r in s) {_KEEP}\n{unset} ;; esac"),
        f"\\unset -v _role_env_token {variables.COLOUR}",
        _each(pairs, _unless_readonly('\\export "$_role_env_v"')),
    ]
    there = f'case "${{ROLE_ENV_NO_ACCOUNT:+ }}{_SESSION}" in ""|" "*) ;; *)'
    return f"{{ {there} {_lines(steps)} ;; esac\n}} 2>/dev/null\n{_LOUD}\n\\false"


def _unless_readonly(action: str) -> str:
    return f'case "$_role_env_o" in *" ${{_role_env_v%%=*}} "*) ;; *) {action} ;; esac'
