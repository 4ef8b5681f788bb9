"""Read the options of `configure`: the keys of a profile, or the choices for a whole list of profiles."""

import shlex
from collections.abc import Mapping

from role_env.cli import Invocation
from role_env.command_table.commands import COMMANDS
from role_env.errors import UsageError
from role_env.profiles.append import NewProfile
from role_env.profiles.offers import Choices
from role_env.profiles.profile import PROFILE_KEYS
from role_env.sources import rows

# The options that choose the credential source. At most one source may be given.
_KEY_OPTIONS = [one.attribute for one in COMMANDS["configure"].options.values() if one.attribute in rows.CHOOSERS]
SOURCE_OPTIONS = (*_KEY_OPTIONS, "login")
"""The fields of the options that choose the credential source."""
# The credential_source that an option implies.
_IMPLIED = {key: kind for kind, row in rows.NAMED.items() for key in row.keys}
_LISTS = ("--cloud-sso", "--resource-directory")
# The options for a whole list of profiles. Each requires one of the options that add such a list.
_OF_LISTS = {"all": _LISTS, "yes": _LISTS, "no_browser": _LISTS[:1], "role": _LISTS[1:], "site": _LISTS[1:]}
_ARN_HINT = "copy it from the role's page of the RAM console; an example: acs:ram::2222222222222222:role/ops"


def read_options(invocation: Invocation) -> dict[str, str]:
    """Return the keys that the options give, in the order of a section.

    Raises UsageError for an invalid value, and for two sources.
    """
    keys = {key: invocation.source_keys.get(key, "") for key in _KEY_OPTIONS}
    chosen = [*(key for key in keys if keys[key]), *(["login"] if invocation.login else [])]
    sources = {_source_of(name, keys.get(name, "")) for name in chosen}
    if len(sources) > 1:
        named = " and ".join(f"--{option_name(name)}" for name in chosen)
        raise UsageError(f"{named} exclude each other", hint="give one source")
    implied = next((source for name, source in _IMPLIED.items() if name in chosen), "")
    values = {
        "role_arn": invocation.role_arn,
        **keys,
        rows.CREDENTIAL_SOURCE: keys[rows.CREDENTIAL_SOURCE] or implied,
        "region_id": invocation.region,
        "color": invocation.color,
        "expected_account_id": invocation.expected_account_id,
    }
    given = {key: value for key, value in values.items() if value}
    for key, value in given.items():
        try:
            PROFILE_KEYS[key](value)
        except ValueError as error:
            hint = _ARN_HINT if key == "role_arn" else "see role-env configure --help"
            raise UsageError(f"--{option_name(key)} {value} {error}", hint=hint) from None
    return given


def origins_of(invocation: Invocation, given: Mapping[str, str]) -> dict[str, str]:
    """Return the option that gave each key."""
    origins = {key: f"--{option_name(key)}" for key in given}
    for name in _IMPLIED:
        if name in given and rows.CREDENTIAL_SOURCE not in invocation.source_keys:
            origins["credential_source"] = origins[name]
    return origins


def option_name(key: str) -> str:
    """Return the option for the profile key `key`, without its dashes."""
    return ("region" if key == "region_id" else key).replace("_", "-")


def line_of(profile: NewProfile, invocation: Invocation, *, is_login: bool) -> str:
    """Return the line that creates `profile` by its answers or options. With `is_login` it asks for the access key."""
    values = dict(profile.values)
    if any(key in values and source == values.get(rows.CREDENTIAL_SOURCE) for key, source in _IMPLIED.items()):
        del values[rows.CREDENTIAL_SOURCE]
    words = [f"--{option_name(key)} {shlex.quote(value)}" for key, value in values.items()]
    line = " ".join(["role-env configure", profile.name, *words, *(["--login"] if is_login else [])])
    return f"{line}{invocation.config_option}"


def _source_of(name: str, value: str) -> str:
    """Return the source that an option belongs to: the key that chooses it, or that key's value."""
    return _IMPLIED.get(name) or (value if name == rows.CREDENTIAL_SOURCE else rows.CHOOSERS.get(name, name))


def check_list_options(invocation: Invocation) -> None:
    """Raise UsageError for an option of a whole list of profiles without an option that adds one."""
    given = {"--cloud-sso": invocation.cloud_sso, "--resource-directory": invocation.resource_directory}
    for attribute, lists in _OF_LISTS.items():
        if getattr(invocation, attribute) and not any(given[option] for option in lists):
            option, others = f"--{option_name(attribute)}", " or ".join(lists)
            hint = "did you mean --role-arn?" if option == "--role" else f"add {others}, or leave out {option}"
            raise UsageError(f"{option} requires {others}", hint=hint)


def choices_of(invocation: Invocation, origin: str, option: str) -> Choices:
    """Return the choices among the profiles that come from `origin`, as `option` asks.

    Raises UsageError for an option that is for a single profile.
    """
    keys = [key for key in read_options(invocation) if key not in ("region_id", "color")]
    if invocation.profile or invocation.login or invocation.no_verify or keys:
        own = [f"--{option_name(attribute)}" for attribute, lists in _OF_LISTS.items() if option in lists]
        raise UsageError(
            f"with {option}, the profiles come from {origin}",
            hint=f"combine it only with {', '.join(own)}, --dry-run, --region, --color and --config",
        )
    return Choices(
        all=invocation.all,
        yes=invocation.yes,
        dry_run=invocation.dry_run,
        region=invocation.region,
        color=invocation.color,
        config_option=invocation.config_option,
    )
