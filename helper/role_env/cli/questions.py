"""Ask the questions of `role-env configure` that no option has answered."""

from collections.abc import Callable, Sequence

from role_env import validators
from role_env.aliyun.config import ConfigFile
from role_env.aliyun.entries import is_own
from role_env.sources.rows import ALIYUN_CLI, KEYRING, OIDC, ROWS, SourceRow
from role_env.ui import prompt

# The keys of a profile that say where its credentials come from. A profile whose key is in the keyring has none of
# them.
Source = dict[str, str]

_MODES_WITHOUT_KEY = ("RsaKeyPair", "BearerToken", "Anonymous", "")


def ask_name(check_new: Callable[[str], None]) -> str:
    """Return the name of the new profile; `check_new` raises ValueError for one that cannot be used."""

    def check(name: str) -> str:
        """Return `name` if it can be used. Raises ValueError."""
        if fault := validators.name_fault(name):
            raise ValueError(fault)
        check_new(name)
        return name

    return prompt.ask("Name of the profile", check=check)


def ask_role() -> str:
    """Return the ARN of the role, or an empty text for none."""
    question = "Role to assume (acs:ram::<account>:role/<name>; Enter for none, if the source gives a session)"
    return prompt.ask(question, check=_optional(validators.role_arn))


def ask_source(others: Sequence[str], cli_file: ConfigFile | None, *, stores_key: bool, has_role: bool) -> Source:
    """Ask for the credential source, and return its keys; `others` are the profiles of the profiles file.

    An access key is offered if there is a keyring that `stores_key`. Without a role, the sources are those that give a
    session.
    """
    choices: list[tuple[str, Source]] = []
    for name, entry in cli_file.entries.items() if cli_file else ():
        if not is_own(entry) and entry.get("mode") not in _MODES_WITHOUT_KEY:
            values = {ALIYUN_CLI.chooser: ALIYUN_CLI.kind, "aliyun_profile": name}
            choices.append((f"profile {name} of the aliyun CLI ({entry['mode']})", values))
    choices += [(f"profile {name} of this file", {"source_profile": name}) for name in others if has_role]
    offered = [row for row in ROWS if row.choice and (stores_key or row is not KEYRING)]
    offered = [row for row in offered if has_role or row is KEYRING or (row.gives_session and row is not OIDC)]
    texts = [*(text for text, _ in choices), *(row.choice for row in offered)]
    chosen = prompt.Menu(texts).choose("Source of the credentials, by number")
    return choices[chosen][1] if chosen < len(choices) else _keys_of(offered[chosen - len(choices)])


def _keys_of(row: SourceRow) -> Source:
    """Return the keys that choose the source of `row`, with the answers to its questions."""
    source = {row.chooser: row.kind} if row.is_named else {}
    for key, question in row.questions:
        source[key] = prompt.ask(question, check=_required(row.keys[key]))
    return source


def ask_region(default: str) -> str:
    """Return the region, or an empty text for none."""
    question = "Region" if default else "Region, such as cn-hangzhou (Enter for none)"
    return prompt.ask(question, default=default, check=_optional(validators.region))


def ask_color() -> str:
    """Return the color of the profile in the prompt, or an empty text for none."""
    return prompt.ask("Color in the prompt, such as red (Enter for none)", check=_optional(validators.color))


def _required(check: Callable[[str], str]) -> Callable[[str], str]:
    """Return `check` for an answer that may not be empty."""

    def checked(text: str) -> str:
        """Return the answer, as it is written to the file. Raises ValueError."""
        if not text:
            raise ValueError("type a value")
        check(text)
        return text

    return checked


def _optional(check: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: text and check(text)
