"""The pieces of shell code that `posix` puts together, and the variables that they use.

Code for loops acts on the variable whose name is in `_role_env_var`. DEFINITIONS and TAKE_AWAY also run as the words of
an unquoted `$(…)`, joined by single spaces: their lines end where a space may stand instead, and they contain no `*`,
`?` or `[`, which could make a word a pattern of file names.
"""

from role_env import variables

TEMPORARIES = (
    *("_role_env_turn_on", "_role_env_verbose", "_role_env_any", "_role_env_exported", "_role_env_try"),
    *("_role_env_var", "_role_env_value", "_role_env_how", "_role_env_key", "_role_env_field"),
    *("_role_env_id", "_role_env_own_secret", "_role_env_own_token", "_role_env_bare"),
    *("_role_env_ours", "_role_env_theirs", "_role_env_left", "_role_env_unset"),
    *("_role_env_sort", "_role_env_whose", "_role_env_keep", "_role_env_back"),
    *("_role_env_pair", "_role_env_pairs", "_role_env_wrong", "_role_env_result"),
)
"""The variables of the code, all unset at the end. The shell integration must use none of them."""
NEW = "_role_env_new_"
"""The beginning of the name of a variable that has a new value until it is assigned. A number follows."""


def escaped(code: str) -> str:
    """Return `code` as it is written within double quotes."""
    for character in '\\"$`':
        code = code.replace(character, "\\" + character)
    return code


def each(words: str, code: str, *, name: str = "_role_env_var") -> str:
    """Return the loop over `words`, which may be variables with lists. `code` is escaped, or a variable with code."""
    return f'\\eval "for {name} in {words}; do {code}; done"'


# --- the beginning of a group

# `turn_on` is the code that turns options on again.
QUIET = r"""{ _role_env_turn_on=; case $- in *a*) _role_env_turn_on='\set -a;' ;; esac
case $- in *x*) _role_env_turn_on="$_role_env_turn_on\\set -x;" ;; esac
case ${_role_env_verbose-} in v) _role_env_turn_on="$_role_env_turn_on\\set -v;" ;; esac
\set +a; \set +x; } 2>/dev/null"""
NOT_VERBOSE = r"{ case $- in *v*) _role_env_verbose=v; \set +v ;; esac; } 2>/dev/null"
# Without quotes, `set -x` has shown everything before this runs; `set -a` would export what is saved.
QUIET_UNQUOTED = r"""_role_env_any="$(\printf '\052')"; _role_env_turn_on=;
\eval "case \$- in ${_role_env_any}a$_role_env_any) \\set +a; _role_env_turn_on='\\set -a;' ;; esac";"""

# --- what loops do

READ = r'\eval "_role_env_value=\"\${$_role_env_var-}\" _role_env_how=\${$_role_env_var+s}"'
# Sorts the names of one key, its ID's first, into `ours` (the session's, or absent) and `theirs` (the user's). The
# keys that are still the session's show its secret and its token: a shell inside a shell has no `_role_env_token`.
_SORT = r"""\eval "_role_env_value=\"\${$_role_env_var-}\"";
case $_role_env_field in id) _role_env_field=theirs;
case "$_role_env_value" in ""|role-env-none) _role_env_field=absent ;;
"$_role_env_id") _role_env_field=secret ;; esac ;;
secret) _role_env_own_secret="$_role_env_value"; _role_env_field=token ;;
token) _role_env_own_token="${_role_env_value:-$_role_env_own_token}" ;; esac;
case $_role_env_field in theirs) _role_env_theirs="$_role_env_theirs $_role_env_var" ;;
absent|secret|token) _role_env_ours="$_role_env_ours $_role_env_var" ;; esac"""
KEYS = " ".join(f'"{" ".join(key.names)}"' for key in (*variables.KEYS, variables.BARE_PAIR))
# Sorts all keys. `bare` says whose the bare SECURITY_TOKEN is, which belongs to no family but Packer's.
_WHOSE = rf"""_role_env_id="${{ROLE_ENV_ACCESS_KEY_ID-}}" _role_env_own_token="${{_role_env_token-}}";
_role_env_own_secret= _role_env_ours= _role_env_theirs= _role_env_bare=theirs;
for _role_env_key in {KEYS}; do _role_env_field=id;
\eval "for _role_env_var in $_role_env_key; do $_role_env_sort; done"; done;
case "${{SECURITY_TOKEN-$_role_env_own_token}}" in role-env-none|"$_role_env_own_token") _role_env_bare=ours ;; esac"""
# Saves the variable. The session's own value, and one that counts as absent, is not saved; what was saved is dropped.
_KEEP = rf"""{READ};
case "$_role_env_value" in "") ;; role-env-none|"$_role_env_own_secret"|"$_role_env_own_token") _role_env_how= ;; esac;
case $_role_env_how in "") \unset -v "_role_env_old_$_role_env_var" ;; s)
\eval "case \"\$_role_env_exported\" in $_role_env_any\" $_role_env_var \"$_role_env_any) _role_env_how=e ;; esac;
_role_env_old_$_role_env_var=\"\$_role_env_how\$_role_env_value\"" ;; esac"""
# Restores the variable from what was saved, which stays until it is forgotten.
BACK = r"""\eval "_role_env_value=\"\${_role_env_old_$_role_env_var-}\""; \unset -v "$_role_env_var"
case "$_role_env_value" in e*) \export "$_role_env_var=${_role_env_value#?}" ;;
s*) \eval "$_role_env_var=\"\${_role_env_value#?}\"" ;; esac"""
RESTORE = r'\eval "$_role_env_back"'
RESTORE_IF_EMPTY = f'{READ}; case "$_role_env_value" in "") {RESTORE} ;; esac'
FORGET = r'\unset -v "_role_env_old_$_role_env_var"'
DROP_OWN = (
    f'{READ}; case "$_role_env_value" in "") ;;'
    r' "$_role_env_own_secret"|"$_role_env_own_token") \unset -v "$_role_env_var" ;; esac'
)
# A pair is NAME=NUMBER.
_ASSIGN = (
    r'\unset -v "${_role_env_pair%%=*}";'
    r' \eval "\\export ${_role_env_pair%%=*}=\"\$_role_env_new_${_role_env_pair#*=}\""'
)
_CHECK = (
    r'\eval "case \"\${${_role_env_pair%%=*}-}\" in \"\$_role_env_new_${_role_env_pair#*=}\") ;;'
    r' *) _role_env_wrong=\"\$_role_env_wrong ${_role_env_pair%%=*}\" ;; esac"'
)
_CHECK_UNSET = rf'{READ}; case $_role_env_how in s) _role_env_wrong="$_role_env_wrong $_role_env_var" ;; esac'
ASSIGN_PAIRS, CHECK_PAIRS = (
    each("$_role_env_pairs", escaped(action), name="_role_env_pair") for action in (_ASSIGN, _CHECK)
)
CHECK_UNSET = each("$_role_env_unset", escaped(_CHECK_UNSET))
# Replaces the variable if its value is the session's: the new ID, secret and token are numbered 1 to 3.
RENEW = rf"""{READ}
case "$_role_env_value" in "") _role_env_pair= ;; "$_role_env_id") _role_env_pair="${NEW}1" ;;
"$_role_env_own_secret") _role_env_pair="${NEW}2" ;; "$_role_env_own_token") _role_env_pair="${NEW}3" ;;
*) _role_env_pair= ;; esac
case "$_role_env_pair" in ?*) \export "$_role_env_var=$_role_env_pair"; {READ}
case "$_role_env_value" in "$_role_env_pair") ;; *) _role_env_wrong="$_role_env_wrong $_role_env_var" ;; esac ;; esac"""

# --- conditions

_SESSION = "${ROLE_ENV_PROFILE:+s}${ROLE_ENV_ACCESS_KEY_ID:+s}"
BEGUN = f'"${{_role_env_saved:+s}}${{ROLE_ENV_NO_ACCOUNT:+s}}{_SESSION}"'
# `p` below `exec --renew`: a profile, and no ID of a key. There the credentials URI is the session's own.
SERVED = '"${ROLE_ENV_ACCESS_KEY_ID:+k}${ROLE_ENV_PROFILE:+p}"'
# Empty in a session of an older version, which left DISABLED as the user had set them.
VERSION = '"${ROLE_ENV_FAMILIES:+f}${ROLE_ENV_NO_ACCOUNT:+n}"'

# --- what all groups share

DISABLED = " ".join(variables.DISABLED)
OWN = " ".join(variables.OWN)
# `left` are the names that a session leaves unset, but for the credentials URI where it is the session's own.
_SUFFIXES = " ".join(suffix for suffix in variables.SUFFIXES if suffix != "CREDENTIALS_URI")
_LEFT = " ".join((*variables.OTHER_OUTRANKING, "ALIBABACLOUD_CREDENTIALS_URI", "ALICLOUD_CREDENTIALS_URI"))
DEFINITIONS = rf"""_role_env_sort='{_SORT}';
_role_env_whose='{_WHOSE}';
_role_env_keep='{_KEEP}';
_role_env_try=: _role_env_wrong="" _role_env_result="" _role_env_left="{_LEFT}";
for _role_env_var in {" ".join(variables.PREFIXES)}; do for _role_env_value in {_SUFFIXES};
do _role_env_left="$_role_env_left ${{_role_env_var}}_$_role_env_value"; done; done;
case {SERVED} in p) ;; ""|k|kp) _role_env_left="$_role_env_left {variables.CREDENTIALS_URI}" ;; esac;"""
EVERYTHING = (
    f"$_role_env_ours $_role_env_theirs $_role_env_left {variables.CREDENTIALS_URI} SECURITY_TOKEN"
    f" {' '.join((*variables.IGNORE_PROFILE, variables.CLI_PROFILE, *variables.DISABLED, *variables.TAKEN_AWAY))}"
)


def _exports() -> str:
    """Set the variables of the no-account state, one loop for each value."""
    return "\n".join(
        f'for _role_env_var in {" ".join(names)}; do if \\eval "$_role_env_try";'
        f' then \\export "$_role_env_var={value}"; fi; done;'
        for value, names in variables.by_value(variables.NO_ACCOUNT).items()
    )


KEEP_THEIRS = each("$_role_env_theirs", "$_role_env_keep")
_KEEP_IF_SET = f"{escaped(READ)}; case {escaped('$_role_env_how')} in s) $_role_env_keep ;; esac"
_UNSET_IF_WRITABLE = escaped(r'if \eval "$_role_env_try"; then \unset -v "$_role_env_var"; fi')
# Takes the session away, if there is one: the shell is left without any account, and with the policy of the session.
# What the user has set is saved, of the keys those that are not the session's. Readonly variables are passed over.
TAKE_AWAY = rf"""case "${{ROLE_ENV_NO_ACCOUNT:+n}}{_SESSION}" in s|ss) \eval "$_role_env_whose";
(\eval "\\unset -v {EVERYTHING}") 2>/dev/null || _role_env_try='(\unset -v "$_role_env_var") 2>/dev/null';
case $_role_env_bare in theirs) _role_env_theirs="$_role_env_theirs SECURITY_TOKEN" ;; esac;
case {VERSION} in "") _role_env_left="$_role_env_left {DISABLED}" ;; esac;
{KEEP_THEIRS};
{each("$_role_env_left", _KEEP_IF_SET)};
{each(EVERYTHING, _UNSET_IF_WRITABLE)};
\unset -v _role_env_token {variables.COLOUR};
{_exports()} ;; esac;"""
