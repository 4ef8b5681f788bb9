"""Names that look alike are one name: they are compared after NFKC, in files and on the command line."""

import unicodedata

import pytest

from support.cached_sessions import exports
from support.chains import assumed
from support.machine import Machine
from support.profiles_folder import Folder, failure

KEY = "access_key_id = LTAIx\naccess_key_secret = y\n"
PAIRS = [("本番3", "本番３"), ("がぎ", unicodedata.normalize("NFD", "がぎ")), ("ﾃｽﾄ", "テスト"), ("café", "cafe\u0301")]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_two_sections_whose_names_look_alike_are_a_duplicate(folder: Folder, one: str, other: str) -> None:
    reported = failure(lambda: folder.read(f"[{one}]\n{KEY}\n[{other}]\n{KEY}"))
    assert f"{folder.file}, line 5: this section already exists in line 1" in reported


@pytest.mark.parametrize(("one", "other"), [*PAIRS, *(pair[::-1] for pair in PAIRS)])
def test_a_name_may_be_typed_and_referred_to_in_either_form(machine: Machine, one: str, other: str) -> None:
    machine.spare_the_keyring()
    machine.write(
        f"{machine.standard_profiles().replace('profileB', one)}\n"
        f"[far]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = {other}\n"
    )
    exports(machine, one)
    exports(machine, other)
    assert assumed(machine) == ["switchrolesbc"]
    machine.succeeds("explain", "far")
    shown = unicodedata.normalize("NFKC", one)
    assert machine.succeeds("list", "--names").stdout.split() == ["profileA", shown, "far"]
    assert f"of {shown}" in machine.succeeds("clear", other).stdout


def test_a_suggestion_is_found_in_either_form(machine: Machine) -> None:
    machine.write(machine.standard_profiles().replace("profileB", "本番環境3"))
    machine.fails("export", "本番環境１", "--format", "sh", status=3, said="did you mean 本番環境3?")
