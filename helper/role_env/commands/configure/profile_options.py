"""The keys of the profile that `configure` creates, each from its option, else from an answer, else left out."""

import shlex
from collections.abc import Mapping, Sequence
from functools import partial

from role_env import validators
from role_env.aliyun.config import ConfigFile
from role_env.aliyun.entries import is_own
from role_env.cli import Invocation
from role_env.command_table.commands import COMMANDS, NAMED_SOURCES
from role_env.errors import UsageError
from role_env.profiles.append import NewProfile
from role_env.profiles.profile import check_of, class_of
from role_env.sources import registry
from role_env.ui import prompt

# The options that choose the credential source. At most one source may be given.
_KEY_OPTIONS = [one.attribute for one in COMMANDS["configure"].options.values() if one.attribute in registry.CHOOSERS]
SOURCE_OPTIONS = (*_KEY_OPTIONS, "login")
"""The fields of the options that choose the credential source."""
# The credential_source that an option implies.
_IMPLIED = {key: kind for key, kind in registry.KIND_OF_KEY.items() if kind in NAMED_SOURCES}
_LISTS = ("--aliyun-cli", "--cloud-sso", "--resource-directory")
OF_LISTS = {"all": _LISTS, "yes": _LISTS, "no_browser": _LISTS[1:2], "role": _LISTS[2:], "site": _LISTS[2:]}
"""The options for a whole list of profiles. Each requires one of the options that add such a list."""
_MODES_WITHOUT_KEY = ("RsaKeyPair", "BearerToken", "Anonymous", "")
_ARN_HINT = "copy it from the role's page of the RAM console; an example: acs:ram::2222222222222222:role/ops"


def read_options(invocation: Invocation) -> dict[str, str]:
    """Return the keys that options give, in a section's order. Raises UsageError for an invalid one or two sources."""
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
        registry.CREDENTIAL_SOURCE: keys[registry.CREDENTIAL_SOURCE] or implied,
        "region_id": invocation.region,
        "color": invocation.color,
        "expected_account_id": invocation.expected_account_id,
    }
    given = {key: value for key, value in values.items() if value}
    for key, value in given.items():
        try:
            _check_value(key, value)
        except ValueError as error:
            hint = _ARN_HINT if key == "role_arn" else "see `role-env configure --help`"
            raise UsageError(f"--{option_name(key)} {value} {error}", hint=hint) from None
    return given


def missing_words(invocation: Invocation, given: Mapping[str, str]) -> list[str]:
    """Return the words and options that a profile lacks with the keys `given`, as they are typed."""
    may_have_role = registry.kind_of(given) == registry.ALIYUN_CLI
    missing = [] if invocation.profile else ["PROFILE"]
    if not (invocation.role_arn or invocation.login or may_have_role):
        missing.append("--role-arn")
    if not has_source(invocation):
        missing.append("one of " + ", ".join(f"--{option_name(name)}" for name in SOURCE_OPTIONS))
    return missing


def has_source(invocation: Invocation) -> bool:
    """Return whether an option gives the credential source."""
    return any(invocation.source_keys.values()) or invocation.login


class Answers:
    """The keys of a new profile: the options `given`, and with `asks` a person's answers, in the order of a section."""

    def __init__(self, invocation: Invocation, given: Mapping[str, str], *, asks: bool) -> None:
        self.values: dict[str, str] = {}
        self._invocation = invocation
        self._given = given
        self._asks = asks

    def take(self, *keys: str) -> None:
        """Add the keys that options give."""
        for key in keys:
            if value := self._given.get(key):
                self.values[key] = value

    def ask(self, key: str, question: str, *, default: str = "", is_required: bool = False) -> str:
        """Add `key`: from its option, else the answer to `question` if it is not empty. Return an answer."""
        self.take(key)
        if key in self.values or not self._asks:
            return ""
        if answer := prompt.ask(question, default=default, check=partial(_check, key, is_required=is_required)):
            self.values[key] = answer
        return answer

    def ask_region(self, *, default: str) -> None:
        """Add the region. One that may be a typo is asked for again, and kept if it is typed twice."""
        doubted = set[str]()

        def check(text: str) -> str:
            _check("region_id", text, is_required=False)
            warning = validators.region_warning(text)
            if warning and text not in doubted:
                doubted.add(text)
                raise ValueError(f"{warning} To keep it, type it again")
            return text

        self.take("region_id")
        if self._asks and "region_id" not in self.values:
            question = "Region" if default else "Region, such as cn-hangzhou (Enter for none)"
            if answer := prompt.ask(question, default=default, check=check):
                self.values["region_id"] = answer

    def ask_source(self, others: Sequence[str], cli_file: ConfigFile | None, *, stores_key: bool) -> None:
        """Add the keys of the credential source; `others` are the profiles of the profiles file.

        An access key, which is in no key, is offered if there is a keyring that `stores_key`. Without a role, the
        sources are those that give a session.
        """
        self.take(*_KEY_OPTIONS, registry.CREDENTIAL_SOURCE)
        if not self._asks or has_source(self._invocation):
            return
        has_role = "role_arn" in self.values
        choices: list[tuple[str, dict[str, str], Sequence[tuple[str, str]]]] = []
        for name, entry in cli_file.entries.items() if cli_file else ():
            if not is_own(entry) and entry.get("mode") not in _MODES_WITHOUT_KEY:
                keys = {registry.CREDENTIAL_SOURCE: registry.ALIYUN_CLI, "aliyun_profile": name}
                choices.append((f"profile {name} of the aliyun CLI ({entry['mode']})", keys, ()))
        choices += [
            (f"profile {name} of this file", {registry.SOURCE_PROFILE: name}, ()) for name in others if has_role
        ]
        for source in map(class_of, registry.SOURCES):
            gives_session = source.kind not in registry.LONG_LIVED and not source.requires_role
            is_offered = stores_key if source.kind == registry.DEFAULT else has_role or gives_session
            if source.choice and is_offered:
                keys = {registry.CREDENTIAL_SOURCE: source.kind} if source.kind in NAMED_SOURCES else {}
                choices.append((source.choice, keys, source.questions))
        chosen = prompt.Menu([text for text, *_ in choices]).choose("Source of the credentials, by number")
        _, keys, questions = choices[chosen]
        self.values |= keys
        for key, question in questions:
            self.ask(key, question, is_required=True)


def with_other_role(values: Mapping[str, str], invocation: Invocation) -> dict[str, str]:
    """Return the keys of a profile with the role that a person types instead of theirs."""
    answers = Answers(invocation, {}, asks=True)
    answers.ask("role_arn", "Role to assume", default=values["role_arn"], is_required=True)
    return {**values, **answers.values}


def _check(key: str, text: str, *, is_required: bool) -> str:
    if is_required and not text:
        raise ValueError("type a value")
    if text:
        _check_value(key, text)
    return text


def _check_value(key: str, text: str) -> None:
    """Raise ValueError for an invalid value, and for a region that can be none, which a file may still have."""
    if key == "region_id" and (fault := validators.region_fault(text)):
        raise ValueError(fault)
    check_of(key)(text)


def option_name(key: str) -> str:
    """Return the option for the profile key `key`, without its dashes."""
    return ("region" if key == "region_id" else key).replace("_", "-")


def line_of(profile: NewProfile, *, is_login: bool) -> str:
    """Return the line that creates `profile` by its answers or options. With `is_login` it asks for the access key."""
    words = [f"--{option_name(key)} {shlex.quote(value)}" for key, value in profile.values.items()]
    return " ".join(["role-env configure", profile.name, *words, *(["--login"] if is_login else [])])


def _source_of(name: str, value: str) -> str:
    return _IMPLIED.get(name) or (value if name == registry.CREDENTIAL_SOURCE else registry.CHOOSERS.get(name, name))


def check_list_options(invocation: Invocation) -> None:
    """Raise UsageError for an option of a whole list of profiles without an option that adds one."""
    given = {
        "--aliyun-cli": invocation.aliyun_cli,
        "--cloud-sso": invocation.cloud_sso,
        "--resource-directory": invocation.resource_directory,
    }
    for attribute, lists in OF_LISTS.items():
        if getattr(invocation, attribute) and not any(given[option] for option in lists):
            option, others = f"--{option_name(attribute)}", " or ".join(lists)
            hint = "did you mean --role-arn?" if option == "--role" else f"add {others}, or leave out {option}"
            raise UsageError(f"{option} requires {others}", hint=hint)
