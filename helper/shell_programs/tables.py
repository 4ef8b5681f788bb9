"""Make the tables that the programs and the integrations of all shells share.

They are the only lists of commands, options and variables of families in the shell files.
"""

from collections.abc import Iterable

from role_env import command_table, variables
from role_env.command_table import model
from role_env.command_table.model import Command, Option
from role_env.shells.programs import words

_KINDS = {
    model.PROFILE: "profile",
    model.SESSION_PROFILE: "session",
    model.FILE: "file",
    model.TOPIC: ",".join((*command_table.COMMANDS, *model.TOPICS)),
}
_KEY_IDS = tuple(key.access_key_id for key in variables.exported_keys(variables.DEFAULT_FAMILIES))
_GUARDS = variables.GUARDS
# The guards and the key IDs that keep tools from an account of their own while no key is set.
_WITHOUT_KEY = (*_KEY_IDS, variables.BARE.access_key_id, *_GUARDS)
_OUTRANKING = tuple(name for name in variables.LEFT_UNSET if name not in (variables.CREDENTIALS_URI, *_GUARDS))
# What a session sets or unsets, except secrets. Tools must see each of these as the shell does.
_SEEN_BY_TOOLS = tuple(
    dict.fromkeys((*variables.KEY_IDS, *_GUARDS, variables.CREDENTIALS_URI, *variables.OWN, *_OUTRANKING))
)
# The variables that every prompt compares: all that a session sets, guards or unsets. The values of secrets are not
# read.
_STATE = tuple(
    dict.fromkeys(
        (
            *variables.SAVED,
            *(variables.CREDENTIALS_URI, variables.SHARED_FILE, *variables.OWN, variables.COLOUR),
        )
    )
)
_SECRET = {name for key in (*variables.KEYS, variables.BARE, variables.BASE) for name in key.names[1:]}
# An unasked renewal runs with the values that these variables have when the integration is loaded, so that values
# planted later cannot choose another file, keyring or authority. KEYRING_PROPERTY_… are settings of `keyring` too.
PINNED = (
    *("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "XDG_CURRENT_DESKTOP", "XDG_DATA_DIRS"),
    *("XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "DBUS_SESSION_BUS_ADDRESS"),
    *("PYTHON_KEYRING_BACKEND", "PYTHONPATH", "PYTHONHOME", "ROLE_ENV_CACHE"),
    *("ALIBABA_CLOUD_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"),
)


def of_variables() -> dict[str, str]:
    """Return the lists of variables that every program needs, as words."""
    other_uris = (f"{prefix}_CREDENTIALS_URI" for prefix in variables.PREFIXES[1:])
    return {
        "ABSENT": variables.NO_ACCOUNT_VALUE,
        "OTHER_OUTRANKING": words((*variables.OTHER_OUTRANKING, *other_uris)),
        "PREFIXES": words(variables.PREFIXES),
        "SUFFIXES": words(suffix for suffix in variables.SUFFIXES if suffix != "CREDENTIALS_URI"),
        "CREDENTIALS_URI": variables.CREDENTIALS_URI,
        "DISABLED": words(variables.DISABLED),
        "TAKEN_AWAY": words(variables.TAKEN_AWAY),
        "RENEWED": words((*variables.KEY_NAMES, variables.BARE.security_token)),
    }


def of_integration(value: str, *, key_id: str, separator: str) -> dict[str, str]:
    """Return the tables that all integrations share.

    `value` is the shell's code for the value of the variable `{}`, `key_id` the code for the expected key ID, and
    `separator` the text between patterns.
    """

    def values(names: Iterable[str]) -> list[str]:
        """Return the code for the value of each variable."""
        return [value.format(name) for name in names]

    return {
        "ABSENT": variables.NO_ACCOUNT_VALUE,
        "COMMAND_LIST": ",".join(command_table.COMMANDS),
        "EXPORTED_NAMES": " ".join(_SEEN_BY_TOOLS),
        "EXPECTED_WITHOUT_KEY": separator.join(f"'{expected}'" for expected in _expected_without_key()),
        "SERVED_PROFILE": variables.SERVED_PROFILE,
        "SERVED_FILE_START": variables.SERVED_FILE_START,
        "PINNED_NAMES": " ".join(PINNED),
        "OUTRANKING": "".join(values(_OUTRANKING)),
        "SHOWN": " ".join(values(variables.SHOWN)),
        "KEY_IDS": " ".join(values(_KEY_IDS)),
        "EXPECTED_KEY_IDS": " ".join([key_id] * len(_KEY_IDS)),
        "OTHER_KEY_IDS": '" "'.join(f"{family} {value.format(name)}" for family, name in _other_key_ids()),
        "GUARDS": " ".join(values(_GUARDS)),
        "DESCRIPTION": "".join(values(variables.DESCRIBING)),
        "WITHOUT_KEY": " ".join(values(_WITHOUT_KEY)),
        "COMMANDS": separator.join(command_table.COMMANDS),
        "VALUE_OPTIONS": separator.join(_value_options()),
        "EXPECTED_GUARDS": separator.join(f"'{guards}'" for guards in _expected_guards()),
    }


def state(code: str, of_secret: str) -> str:
    """Return the shell's code for the state, from `code` for the variable `{0}` and `of_secret` for a secret one."""
    return " ".join(filter(None, ((of_secret if name in _SECRET else code).format(name) for name in _STATE)))


def kinds(command: Command) -> Iterable[str]:
    """Yield the kind of each word of the command, with a + if the word can be repeated."""
    for word in command.words:
        yield (",".join(word.choices) or _KINDS.get(word.kind, "-")) + "+" * word.is_repeated


def flag(option: Option) -> str:
    """Return an option, with = and the kind of its value if it takes one."""
    if not option.value:
        return option.name
    return f"{option.name}={','.join(option.choices) or _KINDS.get(option.kind, '')}"


def described_commands() -> list[str]:
    """Return the commands, each with its purpose after a tab."""
    return [f"{command.name}\t{command.summary}" for command in command_table.COMMANDS.values()]


def brief_help(option: Option) -> str:
    """Return the help of an option without what is in parentheses."""
    return option.help.partition(" (")[0]


def option_help() -> dict[str, str]:
    """Return the help of each option, below its name or, where that of another command differs, below both names."""
    found = {"--help": "show this help", "--version": "show the version"}
    for command in command_table.COMMANDS.values():
        for option in command.options.values():
            text = brief_help(option)
            if found.setdefault(option.name, text) != text:
                found[command.name + option.name] = text
    return found


def _value_options() -> Iterable[str]:
    options = (option for command in command_table.COMMANDS.values() for option in command.options.values())
    return dict.fromkeys(option.name for option in options if option.value)


def _other_key_ids() -> Iterable[tuple[str, str]]:
    """Yield the families that a profile can add, with the key IDs that no default family has."""
    for name, family in variables.FAMILIES.items():
        for key in family.keys:
            if key.access_key_id not in _KEY_IDS:
                yield name, key.access_key_id


def _expected_guards() -> Iterable[str]:
    """Yield the values of the guards of a session, joined by spaces."""
    for follows in (False, True):
        guards = variables.guards(follows=follows)
        yield " ".join(guards.get(name, "") for name in _GUARDS)


def _expected_without_key() -> Iterable[str]:
    """Yield the values of _WITHOUT_KEY after the state: `none` for a failed switch, `served` for a served session."""
    states = [("none", variables.NO_ACCOUNT)]
    states += [("served", variables.served_guards(follows=follows) | variables.NO_KEYS) for follows in (False, True)]
    for state, values in states:
        yield " ".join((state, *(values.get(name, "") for name in _WITHOUT_KEY)))
