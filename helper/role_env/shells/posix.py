"""Code that bash, zsh and any POSIX shell evaluate: for a session, its renewal, its end, and a failure.

Each text has three parts:

1. `{ case '⏎' in ' ') … ;; esac; }; #⏎`. Without quotes, as in `eval $(role-env PROFILE)`, the shell joins all words by
   single spaces and expands those that look like patterns of file names. Then this case matches, and the rest is a
   comment: it reports that the quotes are missing, takes the session away and ends in `false`.
2. A line that turns `set -v` off, which would print the group while it is read.
3. One group `{ …; }`: cut off anywhere it is a syntax error and sets nothing.

In the group:

- Names are fixed and values are quoted. No value that the shell has already is ever in the text: the shell itself
  saves it in `_role_env_old_NAME`, behind an `e` if it was exported, else behind an `s`. Beside it `_role_env_saved`
  says that everything is saved, `_role_env_token` is the session's token, and `_role_env_colour` the profile's color.
- `set -x` and `set -a` are off, and on again at the end.
- Nothing is assigned before a subshell has shown that every name can be (after a readonly variable bash continues
  with status 0, and zsh stops in the middle). At the end, each name must have the value that was assigned.
- A backslash keeps aliases away. zsh does not split variables: a list in a variable, and code that several loops
  share, are inserted into the text of an `eval`. That text consists of our own words and of names, never of values.
- Variables are quoted in assignments too, since zsh's GLOB_SUBST would expand a leading = or ~ there.
"""

from role_env import variables
from role_env.command_table import export_words
from role_env.credentials import Session
from role_env.shells import posix_code as code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NO_SESSION = "role-env: the quotes around $(…) are missing: no session was set"
_NOTHING_CHANGED = "role-env: the quotes around $(…) are missing: nothing was changed"
_QUOTE_IT = 'role-env: hint: type eval "$(role-env {})"'
_CHANGED = "role-env: the session of this shell has changed meanwhile; it was not renewed"


def quote(value: str) -> str:
    """Return `value` as one word of a POSIX shell. It may contain anything but NUL, which no variable contains."""
    return "'" + value.replace("'", "'\\''") + "'"


def session(session: Session, environ: "Mapping[str, str]", *, follows: "bool | None", confirmation: str) -> str:
    """Return the text that puts `session` into the shell whose exported variables are `environ`.

    With `follows` the guards are those with which the `aliyun` CLI follows the shell; with None the shell itself
    decides that, by whether it has a region. An interactive shell prints `confirmation`.
    """
    line = f"{export_words(session.profile)} || echo false"
    by_region = follows is None
    assigned = variables.assignments(session, follows=follows)
    values = assigned | variables.profile_guards(follows=False) if by_region else assigned
    possible = (*values.values(), session.fallback_region, *variables.guards().values(), variables.FOLLOWING_PROFILE)
    numbers = {value: str(number) for number, value in enumerate(dict.fromkeys(possible), 1)}
    others = (*variables.IGNORE_PROFILE, variables.CREDENTIALS_URI, *variables.OWN)
    names = (*variables.KEY_NAMES, *variables.BARE_PAIR.names, *others)
    gone = [name for name in names if name not in values]
    bare = "SECURITY_TOKEN" in values
    steps = [
        *_keep(bare=bare),
        "" if bare else _RESTORE_BARE,
        "" if session.region_id else _for(variables.REGIONS, code.RESTORE),
        *(f"{code.NEW}{number}={quote(value)}" for value, number in numbers.items()),
        *_pairs(session, assigned, numbers, by_region=by_region),
        f'_role_env_unset="$_role_env_left {" ".join(gone)}"',
        f'\\eval "\\\\unset -v $_role_env_unset {" ".join(variables.IGNORE_PROFILE * by_region)} {variables.COLOUR}"',
        code.ASSIGN_PAIRS,
        f"_role_env_saved=1 _role_env_token={quote(session.credentials.security_token)}",
        f"{variables.COLOUR}={quote(session.color)}" if session.color else "",
        code.CHECK_PAIRS,
        code.CHECK_UNSET,
    ]
    body = _checked(environ, steps, confirmation=confirmation)
    return _unquoted(environ, _NO_SESSION, _QUOTE_IT.format(line)) + _group(body, news=numbers.values())


def off(environ: "Mapping[str, str]", *, integrated: bool = False) -> str:
    """Return the text that ends the session of the shell whose exported variables are `environ`.

    It restores what was set before. A key that the user has set meanwhile stays. With `integrated` the shell has the
    integration, which finds readonly variables without a subshell.
    """
    forced = (*variables.REGIONS, *variables.IGNORE_PROFILE, variables.CLI_PROFILE)
    steps = [
        code.each("$_role_env_ours", f"$_role_env_back; {code.escaped(code.FORGET)}"),
        code.each("$_role_env_theirs", code.escaped(f"{code.DROP_OWN}; {code.FORGET}")),
        _RESTORE_BARE,
        f"case {code.SERVED} in p) \\unset -v {variables.CREDENTIALS_URI} ;; esac",
        _for(forced, f"{code.RESTORE}; {code.FORGET}"),
        f'case {code.VERSION} in "") ;; *) {_for(variables.DISABLED, f"{code.RESTORE}; {code.FORGET}")} ;; esac',
        code.each("$_role_env_left", code.escaped(f"{code.RESTORE_IF_EMPTY}; {code.FORGET}")),
        f"\\unset -v _role_env_saved _role_env_old_SECURITY_TOKEN _role_env_token {variables.COLOUR} {code.OWN}",
    ]
    checked = _checked(environ, steps, integrated=integrated)
    body = f'{{ _role_env_result=; }} 2>/dev/null\ncase {code.BEGUN} in "") ;; *) {checked} ;; esac'
    return _unquoted(None, _NOTHING_CHANGED, _QUOTE_IT.format("off")) + _group(body)


def failure(environ: "Mapping[str, str]", *, take_away: bool) -> str:
    """Return the text that ends in `false`; with `take_away` it leaves the shell without any account."""
    if not take_away:
        return "{ \\false; }\n"
    body = f"{{ _role_env_any='*'\n{_definitions(environ)}\n{code.TAKE_AWAY} }} 2>/dev/null\n_role_env_result='\\false'"
    return _unquoted(environ) + _group(body)


def renewal(session: Session, environ: "Mapping[str, str]") -> str:
    """Return the text that replaces the session of the shell whose exported variables are `environ` by `session`.

    Only variables that are still the old session's are replaced. If one is readonly, or the shell has another
    session by now, nothing is changed and the text ends in `false`.
    """
    credentials = session.credentials
    values = (credentials.access_key_id, credentials.access_key_secret, credentials.security_token)
    own = variables.renewed(session)
    names = " ".join((*variables.KEY_NAMES, "SECURITY_TOKEN", *own))
    old = quote(environ.get("ROLE_ENV_ACCESS_KEY_ID", ""))
    lines = [
        f'{{ {_definitions(environ)}\n\\eval "$_role_env_whose"',
        *(f"{code.NEW}{number}={quote(value)}" for number, value in enumerate(values, 1)),
        f'}} 2>/dev/null\nif (\\unset -v {names}) 2>/dev/null; then case "$_role_env_id" in {old}) {{',
        _for((*variables.KEY_NAMES, "SECURITY_TOKEN"), code.RENEW),
        "\\export " + " ".join(f"{name}={quote(value)}" for name, value in own.items()),
        f'_role_env_token="${code.NEW}3"; }} 2>/dev/null\n{_REPORT_WRONG} ;;',
        f"*) _role_env_wrong='changed'; \\printf '%s\\n' {quote(_CHANGED)} >&2 ;; esac",
        f"else _role_env_wrong='readonly'\n{_report_readonly(names)}\nfi",
        "case $_role_env_wrong in ?*) _role_env_result='\\false' ;; esac",
    ]
    group = _group("\n".join(lines), news=("1", "2", "3"))
    return _unquoted(None, _NOTHING_CHANGED, _QUOTE_IT.format("renew")) + group


# --- steps


def _keep(*, bare: bool) -> tuple[str, ...]:
    """Save what the user has set: at the first session everything, later the keys; with `bare` SECURITY_TOKEN too."""
    everything = f"$_role_env_ours $_role_env_theirs $_role_env_left {' '.join(variables.FORCED)}"
    return (
        f'case {code.BEGUN} in "") _role_env_bare=theirs _role_env_theirs="{everything}" ;;',
        f'*) case {code.VERSION} in "") _role_env_theirs="$_role_env_theirs {code.DISABLED}" ;; esac ;; esac',
        'case $_role_env_bare in theirs) _role_env_theirs="$_role_env_theirs SECURITY_TOKEN" ;; esac' if bare else "",
        code.KEEP_THEIRS,
    )


def _pairs(
    session: Session, assigned: "Mapping[str, str]", numbers: "Mapping[str, str]", *, by_region: bool
) -> list[str]:
    """List what is assigned, as NAME=NUMBER: `assigned`, the fallback region, and guards chosen by the region."""
    steps = [f'_role_env_pairs="{_joined(assigned, numbers)}"']
    for names, read in variables.fallback_regions(session) if session.fallback_region else ():
        more = _joined(dict.fromkeys(names, session.fallback_region), numbers)
        steps.append(f'case {_any_of(read)} in "") _role_env_pairs="$_role_env_pairs {more}" ;; esac')
    if by_region:
        without = _joined(variables.profile_guards(follows=False), numbers)
        following = _joined(variables.profile_guards(follows=True), numbers)
        steps.append(
            f'case {_any_of(variables.CLI_REGIONS)} in "") _role_env_pairs="$_role_env_pairs {without}" ;;'
            f' *) _role_env_pairs="$_role_env_pairs {following}" ;; esac'
        )
    return steps


def _joined(values: "Mapping[str, str]", numbers: "Mapping[str, str]") -> str:
    return " ".join(f"{name}={numbers[value]}" for name, value in values.items())


def _any_of(names: "Iterable[str]") -> str:
    return f'"{"".join(f"${{{name}-}}" for name in names)}"'


def _for(names: "Iterable[str]", action: str) -> str:
    return f"for _role_env_var in {' '.join(names)}; do {action}\ndone"


# The bare SECURITY_TOKEN comes back where it was the session's, or where the no-account state has taken it.
_RESTORE_BARE = f"case $_role_env_bare in ours) {_for(('SECURITY_TOKEN',), f'{code.RESTORE}; {code.FORGET}')} ;; esac"
_REPORT_WRONG = (
    'case $_role_env_wrong in "") ;; *) \\printf \'%s\\n\' "role-env:$_role_env_wrong does not keep the value that'
    " role-env sets\" 'role-env: hint: call role-env outside of the function that declares it' >&2 ;; esac"
)


def _report_readonly(words: str) -> str:
    report = (
        "(\\unset -v $_role_env_var) 2>/dev/null ||"
        " \\printf '%s\\n' \"role-env: $_role_env_var is readonly in this shell and cannot be set or unset\""
        " 'role-env: hint: start a new shell without it' >&2"
    )
    return code.each(words, code.escaped(report))


# What a session sets or unsets.
_NAMES = f"{code.EVERYTHING} {' '.join((*variables.REGIONS, variables.POLICY))}"
_REPORT_READONLY = _report_readonly(_NAMES)


# --- parts of a text


def _unquoted(environ: "Mapping[str, str] | None", *lines: str) -> str:
    """Return the first part, which prints `lines`; with `environ` it takes the session away."""
    steps = []
    if environ is not None:
        steps.append(f"{{ {code.QUIET_UNQUOTED}\n{_definitions(environ)}\n{code.TAKE_AWAY} }} 2>/dev/null;")
    if lines:
        steps.append(f"\\printf '%s\\n' {' '.join(map(quote, lines))} >&2;")
    steps.append("\\false" if environ is None else _end("\\\\false"))
    return f"{{ case '\n' in ' ') {' '.join(steps)} ;; esac; }}; #\n"


def _group(body: str, *, news: "Iterable[str]" = ()) -> str:
    """Return the other two parts. `body` ends with `_role_env_result`, which is empty or a command that fails."""
    return f"{code.NOT_VERBOSE}\n{{ {code.QUIET}\n{body}\n{_end('$_role_env_result', news)}\n}}\n"


def _end(last: str, news: "Iterable[str]" = ()) -> str:
    """Unset the temporaries, turn options on again, and end in the command `last`, escaped."""
    temporaries = " ".join((*code.TEMPORARIES, *(code.NEW + number for number in news)))
    return f'\\eval "\\\\unset -v {temporaries}; $_role_env_turn_on {last}"'


def _definitions(environ: "Mapping[str, str]") -> str:
    names = (*variables.KEY_NAMES, *variables.BARE.names, *variables.REST)
    exported = set(environ)  # each look into os.environ encodes the name anew
    return f"{code.DEFINITIONS}\n_role_env_exported=' {' '.join(name for name in names if name in exported)} ';"


def _checked(
    environ: "Mapping[str, str]", steps: "Iterable[str]", *, confirmation: str = "", integrated: bool = False
) -> str:
    """Take `steps` if no variable is readonly. Otherwise, or if one does not keep its value, take the session away."""
    confirm = f"case $- in *i*) \\printf '%s\\n' {quote(confirmation)} >&2 ;; esac; " if confirmation else ""
    function = f'\\eval "_role_env_is_writable {_NAMES}" 2>/dev/null || ' if integrated else ""
    lines = [
        f"{{ _role_env_any='*' _role_env_back={quote(code.BACK)}\n{_definitions(environ)}",
        '\\eval "$_role_env_whose"; } 2>/dev/null',
        f'if {function}(\\eval "\\\\unset -v {_NAMES}") 2>/dev/null; then {{',
        *filter(None, steps),
        f"}} 2>/dev/null\n{_REPORT_WRONG}",
        f"else _role_env_wrong='readonly'\n{_REPORT_READONLY}\nfi",
        f'case $_role_env_wrong in "") {confirm}_role_env_result= ;; *) {{ {code.TAKE_AWAY} }} 2>/dev/null',
        "_role_env_result='\\false' ;; esac",
    ]
    return "\n".join(lines)
