"""Code that fish evaluates: for a session, its renewal, its end, and a failure.

It takes the same steps as in `posix`, in one `begin … end`. Its lines end in a semicolon, so that
`eval (role-env PROFILE)`, which joins lines by spaces, works. In fish no variable of the user's is readonly, but a
universal one shows through where a global one is erased: there an empty exported global is set instead. What the shell
had before is saved in `_role_env_old_NAME`, a list that begins with `e` if it was exported, else with `s`.
"""

from role_env import variables
from role_env.credentials import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# A local empty fish_trace hides the commands as `set +x` does in other shells.
_QUIET = "set -l fish_trace"
# The text of the prompt is as of an earlier look. Its export stays.
_EMPTY_TEXT = "set -q ROLE_ENV_PROMPT; and set -g ROLE_ENV_PROMPT ''"


def _quoted(keys: "Iterable[variables.Key]") -> str:
    return " ".join("'" + " ".join(key.names) + "'" for key in keys)


# own: the secret and the token of the session in this shell; ours: names of its keys, and absent ones; theirs: names
# of the keys that the user has set meanwhile. `key` is the three names of one key.
_WHOSE = f"""\
set -l id "$ROLE_ENV_ACCESS_KEY_ID"; set -l own $_role_env_token; set -l ours; set -l theirs; set -l bare SECURITY_TOKEN
for key in {_quoted((*variables.KEYS, variables.BARE_PAIR))}
set -l names (string split ' ' -- $key); set -l value $$names[1]
if contains -- "$value" '' {variables.NO_ACCOUNT_VALUE}; set -a ours $names
else if test "$value" = "$id"; set -a ours $names; for v in $names[2..]; set -a own $$v; end
else; set -a theirs $names
end
end
if not set -q SECURITY_TOKEN; or contains -- "$SECURITY_TOKEN" {variables.NO_ACCOUNT_VALUE} $own; set -e bare; end
if test -n "$ROLE_ENV_NO_ACCOUNT" -a -z "$SECURITY_TOKEN"; set -e bare; end
set -l left {" ".join(variables.OTHER_OUTRANKING)}
for p in {" ".join(variables.PREFIXES)}; for s in {" ".join(variables.SUFFIXES)}; set -a left $p'_'$s; end; end
if test -n "$ROLE_ENV_PROFILE"; and test -z "$id"; set -e left[(contains -i {variables.CREDENTIALS_URI} $left)]; end"""
# Not empty for a session of an older version, which left these variables as the user had set them.
_OLDER = f"""\
set -l older
if test -z "$ROLE_ENV_FAMILIES$ROLE_ENV_NO_ACCOUNT"; set older {" ".join(variables.DISABLED)}; end"""

# A function, which sees no local variable of its caller's. The session's own value, and one that counts as absent, is
# not saved; what was saved is dropped.
_DEFINE_KEEP = f"""\
function _role_env_keep; set -l v $argv[1]
if not set -qg $v; or contains -- "$$v" {variables.NO_ACCOUNT_VALUE} $argv[2..]; set -e -g _role_env_old_$v
else if set -qgx $v; set -g _role_env_old_$v e $$v
else; set -g _role_env_old_$v s $$v
end
end"""
# Behind a local variable the global one may be the session's by now.
_KEEP = 'set -ql $v; and test -n "$_role_env_saved"; or _role_env_keep $v $own'
_FORGET_KEEP = "functions -e _role_env_keep"
# What loops do with the variable whose name is in v. What is restored stays saved until it is forgotten.
_RESTORE = """\
set -e -g $v
set -l old _role_env_old_$v; set old $$old
switch "$old[1]"
case e; set -gx $v $old[2..]
case s; set -g $v $old[2..]
end"""
_FORGET = "set -e -g _role_env_old_$v"
_RESTORE_IF_EMPTY = f'if test -z "$$v"\n{_RESTORE}\nend'
_REMOVE = "set -e -g $v\nif set -qU $v; set -gx $v ''; end"
_RESTORE_BARE = f"if not set -q bare[1]\nfor v in SECURITY_TOKEN\n{_RESTORE}\n{_FORGET}\nend\nend"


def quote(value: str) -> str:
    """Return `value` as one word of fish on one line. It may contain anything but NUL, which no variable contains."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "'\\n'") + "'"


def session(session: Session, environ: "Mapping[str, str]", *, follows: "bool | None", confirmation: str) -> str:
    """Return the group that puts `session` into the shell.

    With `follows` the guards are those with which the `aliyun` CLI follows the shell; with None the shell itself
    decides that, by whether it has a region. An interactive shell prints `confirmation`.
    """
    values = variables.assignments(session, follows=follows)
    gone = (*variables.unset(session), *variables.IGNORE_PROFILE, *variables.OWN)
    bare = "SECURITY_TOKEN" in values
    begun = "_role_env_saved ROLE_ENV_PROFILE ROLE_ENV_ACCESS_KEY_ID ROLE_ENV_NO_ACCOUNT"
    everything = f"$ours $theirs $left {' '.join(variables.FORCED)}"
    return _group(
        _WHOSE,
        _OLDER,
        f'set -l begun; for v in {begun}; if test -n "$$v"; set begun 1; end; end',
        f"if not set -q begun[1]; set theirs {everything}{' SECURITY_TOKEN' * bare}",
        f"else; set -a theirs $older{' $bare' * bare}\nend",
        _DEFINE_KEEP,
        _each("$theirs", _KEEP),
        _FORGET_KEEP,
        "" if bare else _RESTORE_BARE,
        "" if session.region_id else _each(variables.REGIONS, _RESTORE),
        "set -l names; set -l values",
        *(
            f"set -a names {' '.join(names)}; {_times(value, names)}"
            for value, names in variables.by_value(values).items()
        ),
        *_fallback_regions(session),
        _guards_by_region() if follows is None else "",
        f"set -l gone $left {' '.join(gone)}",
        _each(f"$gone {variables.COLOUR}", _REMOVE),
        "set -l rest $values; for v in $names; set -gx $v $rest[1]; set -e rest[1]; end",
        f"set -g _role_env_saved 1; set -g _role_env_token {quote(session.credentials.security_token)}",
        f"set -g {variables.COLOUR} {quote(session.color)}" if session.color else "",
        "set -l wrong",
        "set rest $values",
        'for v in $names; test "$$v" = "$rest[1]"; or set -a wrong $v; set -e rest[1]; end',
        _each("$gone", 'if not contains -- $v $names; and test -n "$$v"; set -a wrong $v; end'),
        "if set -q wrong[1]",
        'echo "role-env: $wrong does not keep the value that role-env sets" >&2',
        "echo 'role-env: hint: call role-env outside of the function that declares it' >&2",
        _take_away(),
        f"else\nif status is-interactive; printf '%s\\n' {quote(confirmation)} >&2; end\ntrue\nend",
    )


def off(environ: "Mapping[str, str]") -> str:
    """Return the group that ends the shell's session.

    It restores what was set before. A key that the user has set meanwhile stays.
    """
    forced = (name for name in variables.FORCED if name not in variables.DISABLED)
    return _group(
        _WHOSE,
        _OLDER,
        'if test -n "$_role_env_saved$ROLE_ENV_PROFILE$ROLE_ENV_ACCESS_KEY_ID$ROLE_ENV_NO_ACCOUNT"',
        _each("$ours", f"{_RESTORE}\n{_FORGET}"),
        _each("$theirs", f'if contains -- "$$v" $own; set -e -g $v; end\n{_FORGET}'),
        _RESTORE_BARE,
        f"if not contains -- {variables.CREDENTIALS_URI} $left; set -e -g {variables.CREDENTIALS_URI}; end",
        _each(forced, f"{_RESTORE}\n{_FORGET}"),
        _each(variables.DISABLED, f"if not contains -- $v $older\n{_RESTORE}\n{_FORGET}\nend"),
        _each("$left", f"{_RESTORE_IF_EMPTY}\n{_FORGET}"),
        f"set -e -g _role_env_saved _role_env_token _role_env_old_SECURITY_TOKEN {variables.COLOUR}",
        f"set -e -g {' '.join(variables.OWN)}",
        "end\ntrue",
    )


def failure(environ: "Mapping[str, str]", *, take_away: bool) -> str:
    """Return the group that ends in `false`; with `take_away` it leaves the shell without any account."""
    return _group(_take_away()) if take_away else f"begin; {_EMPTY_TEXT}; false; end\n"


def renewal(session: Session, environ: "Mapping[str, str]") -> str:
    """Return the group that replaces the session of the shell whose exported variables are `environ` by `session`.

    Only variables that are still the old session's are replaced. If the shell has another session by now, nothing is
    changed and the group ends in `false`.
    """
    credentials = session.credentials
    new = (credentials.access_key_id, credentials.access_key_secret, credentials.security_token)
    return _group(
        f"set -l id {quote(environ.get('ROLE_ENV_ACCESS_KEY_ID', ''))}; set -l secrets; set -l tokens $_role_env_token",
        f"set -l new {' '.join(map(quote, new))}",
        'if test "$ROLE_ENV_ACCESS_KEY_ID" = "$id"',
        f"for key in {_quoted(variables.KEYS)}",
        "set -l names (string split ' ' -- $key); set -l value $$names[1]",
        'if test "$value" = "$id"; set -a secrets $$names[2]; set -q names[3]; and set -a tokens $$names[3]; end',
        "end",
        _each(
            (*variables.KEY_NAMES, "SECURITY_TOKEN"),
            'if test -z "$$v"\nelse if test "$$v" = "$id"; set -gx $v $new[1]\n'
            'else if contains -- "$$v" $secrets; set -gx $v $new[2]\n'
            'else if contains -- "$$v" $tokens; set -gx $v $new[3]\nend',
        ),
        *(f"set -gx {name} {quote(value)}" for name, value in variables.renewed(session).items()),
        "set -g _role_env_token $new[3]\ntrue\nelse",
        "echo 'role-env: the session of this shell has changed meanwhile; it was not renewed' >&2\nfalse\nend",
    )


# --- parts of a group


def _group(*steps: str) -> str:
    lines = "\n".join(filter(None, (_QUIET, _EMPTY_TEXT, *steps))).split("\n")
    return "".join(("begin;\n", *(f"{line};\n" for line in lines), "end\n"))


def _each(names: "str | Iterable[str]", action: str) -> str:
    words = names if isinstance(names, str) else " ".join(names)
    return f"for v in {words}\n{action}\nend"


def _times(value: str, names: "Sequence[str]") -> str:
    if len(names) == 1:
        return f"set -a values {quote(value)}"
    return f"set -l value {quote(value)}; set -a values {'$value ' * len(names)}".rstrip()


def _fallback_regions(session: Session) -> "Iterable[str]":
    """Set the fallback region where neither the profile nor the shell has one."""
    for names, read in variables.fallback_regions(session):
        yield f'if test -z "{"".join("$" + name for name in read)}"; set -a names {" ".join(names)}'
        yield f"{_times(session.fallback_region, names)}\nend"


def _guards_by_region() -> str:
    """Choose the guards by whether the shell has a region, which may be among those that are about to be set."""
    following, without = (
        f"set -a names {' '.join(guards)}; set -a values {' '.join(guards.values())}"
        for guards in (variables.profile_guards(follows=True), variables.profile_guards(follows=False))
    )
    condition = f'test -n "{"".join("$" + name for name in variables.CLI_REGIONS)}"'
    return f"if {condition}; or contains -- {variables.CLI_REGIONS[0]} $names\n{following}\nelse\n{without}\nend"


def _take_away() -> str:
    """Leave the shell without any account, if it has a session, and end in `false`. What the user has set is saved."""
    lines = (
        _WHOSE,
        _OLDER,
        'if test -z "$ROLE_ENV_NO_ACCOUNT"; and test -n "$ROLE_ENV_PROFILE$ROLE_ENV_ACCESS_KEY_ID"',
        _DEFINE_KEEP,
        _each("$theirs $bare", _KEEP),
        # An empty one before a universal one is ours.
        _each("$left $older", f'if set -qg $v; and begin; test -n "$$v"; or not set -qU $v; end\n{_KEEP}\nend'),
        _FORGET_KEEP,
        _each(
            f"$ours $theirs SECURITY_TOKEN $left {variables.CREDENTIALS_URI} {' '.join(variables.TAKEN_AWAY)}", _REMOVE
        ),
        f"set -e -g _role_env_token {variables.COLOUR}",
        *(f"set -gx {name} {value}" for name, value in variables.NO_ACCOUNT.items()),
        "end\nfalse",
    )
    return "\n".join(lines)
