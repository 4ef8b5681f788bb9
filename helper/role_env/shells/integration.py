"""The shell integration: files that a linter reads and the wheel carries, and the tables that `init` fills in.

A name between two @, such as `@COMMANDS@`, stands for a table of the command line or of the variables: the shell files
themselves list no command, no option and no variable of a family.
"""

from role_env import __version__, command_table, variables
from role_env.command_table import model
from role_env.shells import fish, posix, programs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from role_env.command_table.model import Command, Option

_FILES = {
    "bash": ("role-env.sh", "role-env.bash"),
    "zsh": ("role-env.sh", "role-env.zsh"),
    "fish": ("role-env.fish",),
}
# zsh's own emulation for the text and, whatever the shell's options are, for each call of its functions.
_ZSH = "\\builtin emulate zsh -o no_xtrace -o no_verbose -o no_err_exit -o no_err_return -c"
# In POSIX mode bash refuses the name of our function.
_BASH = "case :$SHELLOPTS: in *:posix:*) _role_env_posix=posix; \\set +o posix ;; *) _role_env_posix= ;; esac"
_BASH_END = "case $_role_env_posix in posix) \\set -o posix ;; esac; \\unset -v _role_env_posix"
_KINDS = {
    model.PROFILE: "profile",
    model.SESSION_PROFILE: "session",
    model.FILE: "file",
    model.TOPIC: ",".join((*command_table.COMMANDS, *model.TOPICS)),
}
_KEY_IDS = tuple(key.access_key_id for key in variables.exported_keys(variables.DEFAULT_FAMILIES))
_GUARDS = tuple(variables.guards())
# What keeps tools from an account of their own while no key is set, and the key IDs that would be one.
_WITHOUT_KEY = (*_KEY_IDS, variables.BARE.access_key_id, *_GUARDS)
_OUTRANKING = tuple(name for name in variables.LEFT_UNSET if name != variables.CREDENTIALS_URI)
# What a prompt looks at each time: the rest is looked at once a minute.
_STATE = (
    *("ROLE_ENV_ACCESS_KEY_ID", "ROLE_ENV_PROFILE", "ROLE_ENV_EXPIRATION", "ROLE_ENV_POLICY", "ROLE_ENV_NO_ACCOUNT"),
    *(*variables.KEY_IDS, *_GUARDS, variables.CREDENTIALS_URI, variables.SERVER, "ROLE_ENV_PROMPT"),
)
# An unasked renewal runs with the values that these have when the integration is loaded: what is planted later leads to
# no other file, keyring or authority. `keyring` has settings in KEYRING_PROPERTY_… too.
_PINNED = (
    *("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "XDG_CURRENT_DESKTOP", "XDG_DATA_DIRS"),
    *("XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "DBUS_SESSION_BUS_ADDRESS"),
    *("PYTHON_KEYRING_BACKEND", "ROLE_ENV_CACHE"),
    *("ALIBABA_CLOUD_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"),
)
# `off` is the same text for all; it restores as exported what it has to save on the way to the no-account state.
_EXPORTED = (*variables.KEY_NAMES, *variables.BARE.names, *variables.REST)


def integration(shell: str, options: str = "") -> str:
    """Return the text of `role-env init SHELL [OPTIONS]`, which depends on nothing else but the version.

    It is one group, like everything that a shell reads from us: cut off anywhere, it does nothing.
    """
    text = "".join(programs.read(name) for name in _FILES[shell])
    tables = _fish_tables() if shell == "fish" else _posix_tables()
    given = {"SHELL": shell, "OPTIONS": f"{__version__} {options}".rstrip(), **tables}
    for name, table in given.items():
        text = text.replace(f"@{name}@", table)
    return {
        "bash": f"{{ {_BASH}\n{text}{_BASH_END}\n}}\n",
        "zsh": f"{{ {_ZSH} {posix.quote(text)}\n}}\n",
        "fish": f"begin\n{text}end\n",
    }[shell]


# --- the tables


def _shared_tables(value: str, *, key_id: str, request: str, separator: str) -> dict[str, str]:
    """Return the tables that all shells share.

    `value` is the shell's code for the value of the variable `{}`, `key_id` that for the expected key ID, and `request`
    code that says whether ROLE_ENV_REQUEST is set. `separator` goes between patterns.
    """

    def values(names: "Iterable[str]") -> list[str]:
        return [value.format(name) for name in names]

    return {
        "ABSENT": variables.NO_ACCOUNT_VALUE,
        "COMMAND_LIST": ",".join(command_table.COMMANDS),
        "KEY_ID_NAMES": " ".join(_KEY_IDS),
        "GUARD_NAMES": " ".join(_GUARDS),
        "EXPECTED_WITHOUT_KEY": " ".join(variables.NO_ACCOUNT.get(name, "") for name in _WITHOUT_KEY),
        "PINNED_NAMES": " ".join(_PINNED),
        "OUTRANKING": "".join(values(_OUTRANKING)),
        "SHOWN": " ".join(values(variables.SHOWN)),
        "KEY_IDS": " ".join(values(_KEY_IDS)),
        "EXPECTED_KEY_IDS": " ".join([key_id] * len(_KEY_IDS)),
        "OTHER_KEY_IDS": '" "'.join(f"{family} {value.format(name)}" for family, name in _other_key_ids()),
        "GUARDS": " ".join(values(_GUARDS)),
        "WITHOUT_KEY": " ".join(values(_WITHOUT_KEY)),
        "STATE": " ".join([*values(_STATE), request]),
        "COMMANDS": separator.join(command_table.COMMANDS),
        "VALUE_OPTIONS": separator.join(_value_options()),
        "EXPECTED_GUARDS": separator.join(f"'{guards}'" for guards in _expected_guards()),
    }


def _posix_tables() -> dict[str, str]:
    shared = _shared_tables("${{{}-}}", key_id="${_role_env_own_id}", request="${ROLE_ENV_REQUEST:+1}", separator=" | ")
    return shared | {
        "PINNED": " ".join(f'${{{name}+"{name}=${{{name}}}"}}' for name in _PINNED),
        "COLORS": "".join(f"{name}) _role_env_sgr='{code}' ;;\n\t" for name, code in variables.COLORS.items()) + "''",
        "OFF": posix.off(dict.fromkeys(_EXPORTED, ""), integrated=True).rstrip("\n").replace("'", "'\\''"),
        "COMMAND_TABLE": "".join(map(_posix_case, command_table.COMMANDS.values())) + "''",
    }


def _fish_tables() -> dict[str, str]:
    shared = _shared_tables("${}", key_id="$id", request="$ROLE_ENV_REQUEST", separator=" ")
    return shared | {
        "COLOR_NAMES": " ".join(variables.COLORS),
        "COLOR_CODES": " ".join(f"'{code}'" for code in variables.COLORS.values()),
        "OFF": fish.off({}).rstrip("\n"),
        "COMMAND_TABLE": "case ".join(map(_fish_case, command_table.COMMANDS.values())),
    }


def _posix_case(command: "Command") -> str:
    flags = "".join(f"{_flag(option)} " for option in command.options.values())
    return f"{command.name}) _role_env_kinds='{' '.join(_kinds(command))}' _role_env_flags='{flags}' ;;\n\t"


def _fish_case(command: "Command") -> str:
    flags = (fish.quote(f"{_flag(option)}\t{option.help.partition(' (')[0]}") for option in command.options.values())
    return f"{command.name}\nset kinds {' '.join(_kinds(command))}\nset flags {' '.join(flags)}\n"


def _value_options() -> "Iterable[str]":
    options = (option for command in command_table.COMMANDS.values() for option in command.options.values())
    return dict.fromkeys(option.name for option in options if option.value)


def _kinds(command: "Command") -> "Iterable[str]":
    """Yield the kind of each word of the command, with a + if the word can be repeated."""
    for word in command.words:
        yield (",".join(word.choices) or _KINDS.get(word.kind, "-")) + "+" * word.is_repeated


def _flag(option: "Option") -> str:
    """Return an option, with = and the kind of its value if it takes one."""
    if not option.value:
        return option.name
    return f"{option.name}={','.join(option.choices) or _KINDS.get(option.kind, '')}"


def _other_key_ids() -> "Iterable[tuple[str, str]]":
    """Yield the families that a profile can add, with the key IDs that no default family has."""
    for name, family in variables.FAMILIES.items():
        for key in family.keys:
            if key.access_key_id not in _KEY_IDS:
                yield name, key.access_key_id


def _expected_guards() -> "Iterable[str]":
    """Yield the values of the guards of a session, joined by spaces."""
    for follows in (False, True):
        guards = variables.guards(follows=follows)
        yield " ".join(guards.get(name, "") for name in _GUARDS)
