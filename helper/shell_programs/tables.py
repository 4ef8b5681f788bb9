"""Make the tables that fill in the programs and the integrations of all shells.

They are the only lists of commands, options and variables of families in the shell files.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from role_env import command_table, validators, variables
from role_env.command_table import Command, Option
from role_env.command_table.commands import COMMANDS
from role_env.shells.programs import by_value, words

Tables = Mapping[str, str | Sequence[str] | Sequence[Mapping[str, str]]]
"""Values, lists, and lists of rows by column, by the names that stand for them in the files."""

_KINDS = {
    command_table.PROFILE: "profile",
    command_table.SESSION_PROFILE: "session",
    command_table.FILE: "file",
    command_table.TOPIC: ",".join((*COMMANDS, *command_table.TOPICS)),
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
_COMPARED = dict.fromkeys(
    (*variables.SAVED, variables.CREDENTIALS_URI, variables.SHARED_FILE, *variables.OWN, variables.COLOUR)
)
_SECRET = {name for key in (*variables.KEYS, variables.BARE, variables.BASE) for name in key.names[1:]}
# An unasked renewal runs with the values that these variables have when the integration is loaded, so that values
# planted later cannot choose another file, keyring or authority. KEYRING_PROPERTY_… are settings of `keyring` too.
_PINNED = (
    *("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "XDG_CURRENT_DESKTOP", "XDG_DATA_DIRS"),
    *("XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_STATE_HOME", "DBUS_SESSION_BUS_ADDRESS"),
    *("PYTHON_KEYRING_BACKEND", "PYTHONPATH", "PYTHONHOME", "ROLE_ENV_CACHE"),
    *("ALIBABA_CLOUD_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"),
)


def of_programs(quote: Callable[[str], str]) -> Tables:
    """Return the lists of variables that the programs need; `quote` returns a text as one word of the shell."""
    keys = [words(key.names) for key in (*variables.KEYS, variables.BARE_PAIR)]
    other_uris = (f"{prefix}_CREDENTIALS_URI" for prefix in variables.PREFIXES[1:])
    profile_guards = (*variables.IGNORE_PROFILE, variables.CLI_PROFILE)
    no_account = by_value(variables.NO_ACCOUNT).items()
    return {
        "ABSENT": variables.NO_ACCOUNT_VALUE,
        "OTHER_OUTRANKING": (*variables.OTHER_OUTRANKING, *other_uris),
        "PREFIXES": variables.PREFIXES,
        "SUFFIXES": [suffix for suffix in variables.SUFFIXES if suffix != "CREDENTIALS_URI"],
        "CREDENTIALS_URI": variables.CREDENTIALS_URI,
        "SHARED_FILE": variables.SHARED_FILE,
        "POLICY": variables.POLICY,
        "OWN": variables.OWN,
        "TAKEN_AWAY": variables.TAKEN_AWAY,
        "RESERVED": variables.RESERVED_PROFILES,
        "KEYS": keys,
        "QUOTED_KEYS": list(map(quote, keys)),
        "RENEWED_KEYS": list(map(quote, keys[:-1])),
        "RENEWED": (*variables.KEY_NAMES, variables.BARE.security_token),
        "NO_ACCOUNT": [{"VALUE": value, "NAMES": words(names)} for value, names in no_account],
        "REGIONS": variables.REGIONS,
        "DISABLED": variables.DISABLED,
        "IGNORE_PROFILE": variables.IGNORE_PROFILE,
        "PROFILE_GUARDS": profile_guards,
        "GUARDS": (*profile_guards, *variables.DISABLED),
        "FORCED": variables.FORCED,
        "RESTORED": [name for name in variables.FORCED if name not in variables.DISABLED],
    }


def of_integration(quote: Callable[[str], str]) -> Tables:
    """Return the tables of the integrations; `quote` returns a text as one word of the shell."""
    return {
        "ABSENT": variables.NO_ACCOUNT_VALUE,
        "SEEN_BY_TOOLS": _SEEN_BY_TOOLS,
        "SERVED_PROFILE": variables.SERVED_PROFILE,
        "SERVED_FILE_START": variables.SERVED_FILE_START,
        "PINNED": _PINNED,
        "COMPARED": [name for name in _COMPARED if name not in _SECRET],
        "COMPARED_SECRETS": [name for name in _COMPARED if name in _SECRET],
        "OUTRANKING": _OUTRANKING,
        "SHOWN": variables.SHOWN,
        "DESCRIBING": variables.DESCRIBING,
        "KEY_IDS": _KEY_IDS,
        "OTHER_KEY_IDS": list(_other_key_ids()),
        "GUARDS": _GUARDS,
        "EXPECTED_GUARDS": list(map(quote, _expected_guards())),
        "WITHOUT_KEY": _WITHOUT_KEY,
        "EXPECTED_WITHOUT_KEY": list(map(quote, _expected_without_key())),
        "COLORS": [{"NAME": name, "CODE": quote(code)} for name, code in validators.COLORS.items()],
        "COMMANDS": list(COMMANDS),
        "COMMAND_TABLE": [_row(command, quote) for command in COMMANDS.values()],
        "DESCRIBED_COMMANDS": [quote(f"{one.name}\t{one.summary}") for one in COMMANDS.values()],
        "HELP": [quote(text) for pair in _option_help().items() for text in pair],
        "VALUE_OPTIONS": list(_value_options()),
    }


def _row(command: Command, quote: Callable[[str], str]) -> dict[str, str]:
    """Return the kinds of a command's words and its options, which are also quoted with their help."""
    options = command.options.values()
    return {
        "NAME": command.name,
        "KINDS": words(_kinds(command)),
        "FLAGS": "".join(f"{_flag(option)} " for option in options),
        "DESCRIBED_FLAGS": words(quote(f"{_flag(option)}\t{_brief_help(option)}") for option in options),
    }


def _kinds(command: Command) -> Iterable[str]:
    """Yield the kind of each word of the command, with a + if the word can be repeated."""
    for word in command.words:
        yield (",".join(word.choices) or _KINDS.get(word.kind, "-")) + "+" * word.is_repeated


def _flag(option: Option) -> str:
    """Return an option, with = and the kind of its value if it takes one."""
    if not option.value:
        return option.name
    return f"{option.name}={','.join(option.choices) or _KINDS.get(option.kind, '')}"


def _brief_help(option: Option) -> str:
    """Return the help of an option without what is in parentheses."""
    return option.help.partition(" (")[0]


def _option_help() -> dict[str, str]:
    """Return the help of each option, below its name or, where that of another command differs, below both names."""
    found = {"--help": "show this help", "--version": "show the version"}
    for command in COMMANDS.values():
        for option in command.options.values():
            text = _brief_help(option)
            if found.setdefault(option.name, text) != text:
                found[command.name + option.name] = text
    return found


def _value_options() -> Iterable[str]:
    options = (option for command in COMMANDS.values() for option in command.options.values())
    return dict.fromkeys(option.name for option in options if option.value)


def _other_key_ids() -> Iterable[dict[str, str]]:
    """Yield the families that a profile can add, with the key IDs that no default family has."""
    for name, family in variables.FAMILIES.items():
        for key in family.keys:
            if key.access_key_id not in _KEY_IDS:
                yield {"FAMILY": name, "KEY_ID": key.access_key_id}


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
