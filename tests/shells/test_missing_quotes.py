"""Without the quotes of `eval "$(role-env …)"`, whatever IFS splits at: no session is half set, no failure hidden."""

import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from role_env import variables
from role_env.shells import export as exporters
from support.shells import COMMANDS, exported, run, session_of

SHELLS = {name: COMMANDS[name] for name in ("bash", "zsh", "dash")} | {"bash -i": (*COMMANDS["bash"], "-i")}
TOKEN = string.ascii_letters + string.digits + "+/=="
NEW = session_of("STS.NewAccessKey", "the-secret", TOKEN, region="cn-hangzhou", request='{"profile":"profileB"}')
SECRETS = (NEW.credentials.access_key_secret, TOKEN)
SEPARATORS = ' \t,.:;-_/|=+@%^~<>&!*?$"(0123456789'
"""What people put into IFS, and what tokens contain besides letters. bash prints the line of a syntax error, which is
all of it if IFS has the line break, where one of the quote, the backslash, `#`, `)` and braces is missing."""


def results(shell: str, characters: str, form: str, folder: Path) -> Iterator[tuple[str, dict[str, str], str]]:
    """Evaluate the text without quotes with each IFS; yield the character, the environment after it and stderr."""
    script = "old=$IFS; IFS=$SPLIT; eval $(cat text); status=$?; IFS=$old; echo status=$status >&2; env -0"
    for character in characters:
        done = run(SHELLS[shell], "-c", script, folder=folder, SPLIT=form.format(character))
        yield character, exported(done.stdout), done.stderr.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("shell", SHELLS)
def test_whatever_ifs_splits_at_the_session_is_whole_or_the_line_fails(shell: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text(exporters.export(NEW, "sh", {}))
    expected = variables.assignments(NEW, follows=None).items()
    for character, found, errors in results(shell, string.printable, "{}", tmp_path):
        if "status=0" in errors:  # the text has no such character
            assert expected <= found.items(), repr(character)
            continue
        assert not [name for name in found if name.startswith(("ALI", "OSS", "ROLE", "_role"))], repr(character)
        assert f"{NEW.profile}: " not in errors, repr(character)
        assert not [secret for secret in SECRETS if secret in errors], repr(character)


@pytest.mark.parametrize("shell", SHELLS)
def test_no_separator_beside_the_line_break_shows_a_secret_or_hides_the_failure(shell: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text(exporters.export(NEW, "sh", {}))
    for character, found, errors in results(shell, SEPARATORS, "\n{}", tmp_path):
        assert "status=0" not in errors, repr(character)
        assert not [name for name in found if name.startswith(("ALI", "OSS", "ROLE", "_role"))], repr(character)
        assert not [secret for secret in SECRETS if secret in errors], repr(character)


@pytest.mark.parametrize("split", ["=", "@"])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_split_at_another_character_keeps_the_session_and_says_why(shell: str, split: str, tmp_path: Path) -> None:
    old = variables.assignments(session_of("STS.old", "old-secret", "old-token"), follows=False)
    for text, line in ((exporters.export(NEW, "sh", old), "profileB || echo false"), (exporters.off("sh", old), "off")):
        (tmp_path / "text").write_text(text)
        script = f"IFS={split}; eval $(cat text); echo status=$? >&2; env -0"
        done = run(SHELLS[shell], "-c", script, folder=tmp_path, **old)
        errors = done.stderr.decode()
        assert "status=1" in errors
        assert f'role-env: hint: type eval "$(role-env {line})"\n' in errors
        assert old.items() <= exported(done.stdout).items()
