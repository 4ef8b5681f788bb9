"""How a command line is read: by one parser, from one set of tables."""

import random
import re

import pytest

from role_env import command_table
from role_env.cli import Invocation, parse
from role_env.command_table import (
    CHOICE,
    COMMAND_LINE,
    DURATION,
    EXIT_STATUSES,
    FORMATS,
    SHELLS,
    TOPICS,
    Command,
    Option,
)
from role_env.command_table.commands import COMMANDS
from role_env.sources import registry


def given(line: str) -> dict[str, object]:
    """The fields that a line sets."""
    invocation = parse(line.split())
    assert invocation.fault == ""
    own = {"command", "is_command_named", "is_alone", "options"}
    return {name: value for name, value in vars(invocation).items() if name not in own}


def fault(line: str) -> tuple[str, str]:
    """What is wrong with a line, and what to do."""
    invocation = parse(line.split())
    assert invocation.fault
    return invocation.fault, invocation.hint


def test_options_stand_before_or_after_the_words_and_the_last_value_wins() -> None:
    expected = {"profile": "p", "region": "cn-x", "refresh": True}
    for line in (
        "p --region cn-x --refresh",
        "--region cn-x --refresh p",
        "--refresh p --region=cn-x",
        "--region cn-y p --refresh --region cn-x",
        "--refresh --region cn-x -- p",
    ):
        assert given(line) == expected
        assert parse(line.split()).command == "export"
        assert given(f"export {line}") == expected
        assert given(f"--refresh export {line}") == expected


def test_a_profile_alone_is_exported_unless_it_is_named_like_a_command() -> None:
    assert (parse(["list"]).command, parse(["list"]).profile) == ("list", "")
    for words in (["export", "list"], ["--", "list"], ["export", "--", "list"]):
        assert (parse(words).command, parse(words).profile) == ("export", "list")
    assert parse(["list"]).is_command_named
    assert not parse(["p"]).is_command_named


@pytest.mark.parametrize(
    ("line", "command_line", "renew"),
    [
        ("exec p", (), False),
        ("exec p --", (), False),
        ("exec p env -0 --refresh -- x", ("env", "-0", "--refresh", "--", "x"), False),
        ("exec p -- --strange", ("--strange",), False),
        ("exec --renew p -- a", ("a",), True),
        ("exec p --renew -- a --renew", ("a", "--renew"), True),
        ("--renew exec p a -- b", ("a", "--", "b"), True),
        ("exec -- p -- a", ("a",), False),
        ("exec -- p a", ("a",), False),
        ("exec p -- -- a", ("--", "a"), False),
        ("exec p a --help", ("a", "--help"), False),
    ],
)
def test_exec_hands_on_every_word_of_its_command(line: str, command_line: tuple[str, ...], renew: bool) -> None:
    invocation = parse(line.split())
    assert (invocation.profile, invocation.command_line, invocation.renew) == ("p", command_line, renew)
    assert (invocation.fault, invocation.help) == ("", False)


@pytest.mark.parametrize(
    ("line", "said", "hint"),
    [
        ("list --format json", "unknown option --format of list", "see `role-env list --help`"),
        ("--nonsense", "unknown option --nonsense", "see `role-env --help`"),
        ("p --reg cn-x", "unknown option --reg of export", "did you mean --region?"),
        ("p -x", "unknown option -x of export", "see `role-env export --help`"),
        ("p --min-ttl=-5", "--min-ttl -5 is not a duration", "give seconds, or 30m or 1h"),
        ("p --config --refresh", "--config requires a value, FILE", "see `role-env export --help`"),
        ("p --refresh=yes", "--refresh takes no value", "see `role-env export --help`"),
        ("p --region=", "--region  is not the ID of a region, such as cn-hangzhou", "see `role-env export --help`"),
        ("p --region CN", "--region CN is not the ID of a region, such as cn-hangzhou", "see `role-env export --help`"),
        ("p --expect-account x", "--expect-account x is not the number of an account", "see `role-env export --help`"),
        ("p --format toml", f"--format toml is none of {', '.join(FORMATS)}", ""),
        ("off --format json", f"--format json is none of {', '.join(SHELLS)}", "see `role-env off --help`"),
        ("export", "export requires PROFILE", "see `role-env export --help`"),
        ("login", "login requires PROFILE", "add the name of a profile; `role-env list` shows them"),
        ("init tcsh", "tcsh is none of bash, zsh, fish", "see `role-env init --help`"),
        ("clear p --all", "clear takes either profiles or --all", "see `role-env clear --help`"),
        ("list --names --json", "--json and --names exclude each other", "see `role-env list --help`"),
        ("p --version", "unknown option --version of export", ""),
    ],
)
def test_an_error_names_the_option_or_word_and_what_it_accepts(line: str, said: str, hint: str) -> None:
    found = fault(line)
    assert found[0] == said
    assert not hint or found[1] == hint


def test_a_line_with_an_error_still_says_which_session_it_was_for() -> None:
    for line in ("--bogus p --format fish", "p --bogus --format fish", "p q --format=fish --bogus"):
        invocation = parse(line.split())
        assert (invocation.command, invocation.profile, invocation.format) == ("export", "p", "fish")


def test_help_is_given_whatever_else_is_wrong_with_the_line() -> None:
    for line in ("list --help", "--help list", "list --bogus -h", "export --help"):
        assert parse(line.split()).help
    assert parse(["--version"]).version
    assert parse(["--help"]).command == ""


NO_DURATIONS = ["", "m", "h", "-1", "+1", "1.5h", "1h30", "1h30m", "1d", "1 h", " 1", "٣", "1_000", "²"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *[("0", 0), ("90", 90), ("030", 30), ("30m", 1800), ("1h", 3600), ("12h", 43200), ("999999999", 999999999)],
        *((text, None) for text in NO_DURATIONS),
    ],
)
def test_a_duration_is_seconds_minutes_or_hours_and_nothing_else(text: str, seconds: int | None) -> None:
    assert command_table.parse_duration(text) == seconds


OPTIONS = [(command, option) for command in COMMANDS.values() for option in command.options.values()]


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=lambda each: each.name)
def test_each_option_sets_the_field_of_its_name(command: Command, option: Option) -> None:
    field = option.attribute
    value = option.choices[-1] if option.choices else "90" if option.kind == DURATION else "22"
    invocation = parse([command.name, f"{option.name}={value}" if option.value else option.name])
    fields = invocation.source_keys if field in registry.CHOOSERS else vars(invocation)
    assert hasattr(Invocation, field) is (field not in registry.CHOOSERS)
    assert fields[field] == (90 if option.kind == DURATION else value if option.value else True)


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=lambda each: each.name)
def test_an_option_states_a_default_only_where_there_is_one_and_a_switch_states_none(
    command: Command, option: Option
) -> None:
    default = re.search(r"\(default: (.*)\)$", option.help)
    assert ("(default: " in option.help) is bool(default)
    assert not default or (option.value and not re.match(r"(none|any|do not|do both|refuse)\b", default[1]))


def test_an_option_takes_a_value_in_every_command_or_in_none() -> None:
    for name in {option.name for _, option in OPTIONS}:
        assert len({bool(option.value) for _, option in OPTIONS if option.name == name}) == 1


def test_each_word_has_a_field_and_each_exit_status_a_meaning() -> None:
    for command in COMMANDS.values():
        assert all(hasattr(Invocation, word.attribute) for word in command.words)
        assert all(bool(word.choices) == (word.kind == CHOICE) for word in command.words)
        assert all(meaning or status in EXIT_STATUSES for status, meaning in command.statuses.items())
        assert [word.kind for word in command.words[:-1] if word.is_repeated] == []
    assert [name for name, command in COMMANDS.items() if any(word.kind == COMMAND_LINE for word in command.words)] == [
        "exec"
    ]
    assert not set(TOPICS) & set(COMMANDS)
    changing = [name for name, command in COMMANDS.items() if command.changes_secrets]
    assert changing == ["configure", "login", "logout", "rotate"]
    reading_none = [name for name, command in COMMANDS.items() if not command.reads_secrets]
    assert reading_none == ["off", "init", "status", "help", "version"]


@pytest.mark.parametrize("seed", range(20))
def test_any_line_at_all_is_read_to_its_end(seed: int) -> None:
    chosen = random.Random(seed)
    words = ["--", "-", "", "-x", "--help", "--no", "é", "\udcff", "=", "--=", "--config=", "1h", *COMMANDS]
    words += [option.name for _, option in OPTIONS] + [f"{option.name}=x" for _, option in OPTIONS]
    for _ in range(300):
        line = chosen.choices(words, k=chosen.randint(0, 7))
        invocation = parse(line)
        assert invocation.command in ("", *COMMANDS)
        assert (
            invocation.fault
            or invocation.command
            or invocation.help
            or invocation.version
            or not "".join(line).strip("-")
        )
