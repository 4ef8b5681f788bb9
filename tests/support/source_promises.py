"""What every credential source promises through the installed command; the tests of each source inherit it."""

import json
from collections.abc import Callable

import pytest

from role_env.sources.rows import SourceRow
from support.machine import ROLE_ENV, Machine


def add_profile(machine: Machine, *keys: str, role: str = "switchRoleSbc") -> None:
    """Add the profile p, which assumes the role from the source that the keys choose."""
    machine.add("\n".join(("[p]", f"role_arn = {machine.sts.world.role(role).arn}", *keys, "")))


class SourcePromises:
    """The promises.

    A class that inherits them has the row of its source, and a fixture `lose`: it makes the profile p of that source,
    and gives what takes the source's credentials away, which ends p with `status`.
    """

    row: SourceRow
    status = 3

    @pytest.fixture
    def prefix(self) -> tuple[str, ...]:
        """Return what goes before a command that asks the source."""
        return ()

    @pytest.mark.usefixtures("lose")
    def test_its_role_is_assumed_once_and_the_session_cached(self, machine: Machine, prefix: tuple[str, ...]) -> None:
        first, second = (machine.run(*prefix, ROLE_ENV, "export", "p", "--format", "json") for _ in range(2))
        assert (first.returncode, first.stderr) == (second.returncode, second.stderr) == (0, "")
        issued = machine.sts.issued[-1]
        assert json.loads(first.stdout)["AccessKeyId"] == json.loads(second.stdout)["AccessKeyId"] == issued.id
        (call,) = machine.sts.calls_of(self.row.request_name)
        assert call.role_arn.lower() == json.loads(first.stdout)["RoleArn"].lower()

    @pytest.mark.usefixtures("lose")
    def test_list_shows_its_kind(self, machine: Machine) -> None:
        (shown,) = (row for row in json.loads(machine.succeeds("list", "--json").stdout) if row["profile"] == "p")
        assert shown["source"] == self.row.kind

    def test_what_takes_its_credentials_away_is_reported_with_the_profile_and_its_line(
        self, machine: Machine, lose: Callable[[], object]
    ) -> None:
        lose()
        before = len(machine.sts.issued)
        machine.refuses("p", self.status, "profile p", f"{machine.file}, line ", ROLE_ENV_CACHE="none")
        assert len(machine.sts.issued) == before
