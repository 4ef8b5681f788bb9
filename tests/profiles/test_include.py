"""[include]: a team's file of profiles beside one's own, through the installed command."""

import json
import os
from pathlib import Path

import pytest

from support.cached_sessions import exports
from support.chains import assumed
from support.files import settle, write_private
from support.machine import Machine

ROLE = "acs:ram::2222222222222222:role/hub"


@pytest.fixture
def team(machine: Machine) -> Path:
    """Return the path of a shared file with [shared], whose source is a profile of the including file."""
    path = machine.home / "team" / "profiles.ini"
    path.parent.mkdir()
    write_shared(path, f"[shared]\nrole_arn = {ROLE}\nsource_profile = profileA\n")
    return path


def write_shared(path: Path, text: str) -> None:
    """Write a file that everybody may read."""
    path.write_text(text, "utf-8")
    path.chmod(0o644)


def include(machine: Machine, *lines: str) -> None:
    """Let the profiles file include files, between its two profiles."""
    section = "".join(["[include]\n", *(f"path = {line}\n" for line in lines), "\n[profileB]"])
    machine.write(machine.standard_profiles().replace("[profileB]", section))


@pytest.mark.parametrize("spelling", ["relative", "home", "absolute", "optional", "link"])
def test_its_profiles_are_read_where_the_section_stands(machine: Machine, team: Path, spelling: str) -> None:
    link = machine.home / "link.ini"
    link.symlink_to(team)
    relative = os.path.relpath(team, machine.file.parent)
    found = {"relative": relative, "home": "~/team/profiles.ini", "optional": f"? {team}", "link": str(link)}
    include(machine, found.get(spelling, str(team)))
    assert machine.succeeds("list", "--names").stdout.split() == ["profileA", "shared", "profileB"]
    assert exports(machine, "shared")["RoleArn"] == ROLE
    source = f"{link if spelling == 'link' else team}, line 1"
    assert source in machine.succeeds("explain", "shared").stdout


def test_two_files_are_read_in_their_order_with_any_line_ending_and_a_mark(machine: Machine, team: Path) -> None:
    other = team.with_name("other.ini")
    other.write_bytes(b"\xef\xbb\xbf[second]\r\nrole_arn = acs:ram::1:role/x\r\nsource_profile = shared\r\n")
    include(machine, str(other), str(team), "?nosuch.ini")
    assert machine.succeeds("list", "--names").stdout.split() == ["profileA", "second", "shared", "profileB"]
    hops = json.loads(machine.succeeds("explain", "second", "--json").stdout)["hops"]
    assert [hop["profile"] for hop in hops] == ["profileA", "shared", "second"]


def test_the_defaults_of_the_including_file_do_not_reach_it(machine: Machine, team: Path) -> None:
    include(machine, str(team))
    machine.write("[DEFAULT]\nregion_id = cn-beijing\n\n" + machine.file.read_text())
    assert exports(machine, "profileB")["RegionId"] == "cn-beijing"
    assert not exports(machine, "shared")["RegionId"]


def test_paths_in_it_start_at_its_own_folder(machine: Machine, team: Path) -> None:
    policy = '{"Version":"1","Statement":[]}'
    write_shared(team.with_name("policy.json"), policy)
    write_shared(team, f"{team.read_text()}policy_file = policy.json\n")
    include(machine, str(team))
    exports(machine, "shared")
    assert machine.sts.calls_of("AssumeRole")[-1].policy == policy


def test_one_that_is_missing_or_no_file_is_an_error_of_its_line_for_all_profiles(machine: Machine, team: Path) -> None:
    os.mkfifo(machine.home / "pipe")
    for path, words in (
        (machine.home / "nosuch.ini", ("does not exist", "path = ?")),
        (team.parent, ("not a regular file",)),
        (machine.home / "pipe", ("not a regular file",)),
        (Path("~nobodyatall/x.ini"), ("home folder of ~nobodyatall is unknown",)),
        (machine.file, ("includes itself",)),
    ):
        include(machine, str(path))
        machine.refuses("profileB", 3, f"{machine.file}, line 6: ", *words)
    include(machine, "")
    machine.refuses("profileB", 3, f"{machine.file}, line 6: path is empty")


def test_a_file_is_included_once_by_whatever_path(machine: Machine, team: Path) -> None:
    (machine.home / "link.ini").symlink_to(team)
    include(machine, str(team), "~/link.ini")
    machine.refuses("profileB", 3, f"{machine.file}, line 7: ", "is included already", "line 6")


def test_one_that_others_can_write_or_that_is_another_users_is_refused(machine: Machine, team: Path) -> None:
    include(machine, str(team))
    team.chmod(0o664)
    machine.refuses("profileB", 3, "others can write the included file", f"chmod go-w {team}")
    team.chmod(0o644)
    exports(machine, "shared")
    if os.geteuid() == 0:
        os.chown(team, 12345, -1)
        machine.refuses("profileB", 3, "the included file", "belongs to another user")


def test_a_name_is_in_one_file_only_and_the_error_has_both_lines(machine: Machine, team: Path) -> None:
    write_shared(team, f"{team.read_text()}\n[profileB]\nrole_arn = {ROLE}\nsource_profile = profileA\n")
    include(machine, str(team))
    for name in ("profileB", "profileA"):
        machine.refuses(name, 3, f"{machine.file}, line 8: profile profileB already exists", f"({team}, line 5)")
    other = team.with_name("other.ini")
    write_shared(other, "[shared]\n")
    write_shared(team, "[shared]\n")
    include(machine, str(team), str(other))
    machine.refuses("profileB", 3, f"{other}, line 1: profile shared already exists ({team}, line 1)")


@pytest.mark.parametrize(
    ("section", "words"), [("[DEFAULT]", "has no [DEFAULT]"), ("[include]\npath = x", "includes no other")]
)
def test_it_has_no_defaults_and_includes_nothing(machine: Machine, team: Path, section: str, words: str) -> None:
    write_shared(team, f"{team.read_text()}\n{section}\n")
    include(machine, str(team))
    machine.refuses("profileB", 3, f"{team}, line 5: an included file {words}")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("access_key_id = LTAIx\naccess_key_secret = y", "access_key_secret is a secret"),
        ("security_token = y", "security_token is a secret"),
        ("credential_process = touch ran", "credential_process runs a program"),
        ("saml_process = touch ran", "saml_process runs a program"),
    ],
)
def test_its_profile_with_a_secret_or_a_program_is_refused_and_the_others_work(
    machine: Machine, team: Path, keys: str, words: str
) -> None:
    write_shared(team, f"{team.read_text()}\n[evil]\n{keys}\n")
    include(machine, str(team))
    line = 5 + len(keys.splitlines())
    machine.refuses("evil", 3, f"profile evil: {words}", f"{team}, line {line}")
    exports(machine, "shared")
    assert "invalid" in machine.succeeds("list").stdout
    assert not (machine.home / "ran").exists()


def test_another_key_in_the_section_is_an_error_and_include_names_no_profile(machine: Machine, team: Path) -> None:
    include(machine, str(team))
    machine.write(machine.file.read_text().replace("path =", "pth ="))
    machine.refuses("profileB", 3, f"{machine.file}, line 6: [include] has no key pth", "path = FILE")
    include(machine, str(team))
    source = ("--source-profile", "profileA", "--no-verify")
    machine.fails("configure", "include", "--role-arn", ROLE, *source, status=2, said="[include] is where other files")
    machine.fails("export", "include", "--format", "sh", status=2, said="'include' is not a profile name")


# -- what a cached session depends on --


def calls_of(machine: Machine, profile: str) -> list[str]:
    """Return the roles that a session of `profile` costs now, twice in a row: the second time none."""
    exports(machine, profile)
    found = assumed(machine)
    exports(machine, profile)
    assert not assumed(machine)
    return found


def test_a_session_depends_on_the_files_of_its_chain_and_on_no_other(machine: Machine, team: Path) -> None:
    other = team.with_name("other.ini")
    write_shared(other, "[other]\nrole_arn = acs:ram::1:role/x\nsource_profile = profileA\n")
    include(machine, str(team), str(other))
    assert calls_of(machine, "shared") == ["hub"]
    assert calls_of(machine, "profileB") == ["switchrolesbc"]
    write_shared(other, f"{other.read_text()}region_id = cn-beijing\n")
    write_shared(team, f"{team.read_text()}\n[unused]\nrole_arn = {ROLE}\nsource_profile = profileA\n")
    assert calls_of(machine, "shared") == []
    assert calls_of(machine, "profileB") == []
    write_shared(team, team.read_text().replace("role/hub", "role/switchRoleSbc", 1))
    assert calls_of(machine, "shared") == ["switchrolesbc"]
    assert calls_of(machine, "profileB") == []


def test_a_name_that_is_now_in_another_file_is_noticed(machine: Machine, team: Path) -> None:
    other = team.with_name("other.ini")
    include(machine, str(team), f"?{other}")
    assert calls_of(machine, "shared") == ["hub"]
    write_shared(other, team.read_text().replace("role/hub", "role/switchRoleSbc"))
    write_shared(team, "")
    assert calls_of(machine, "shared") == ["switchrolesbc"]
    machine.add(f"[shared]\nrole_arn = {ROLE}\nsource_profile = profileA\n")
    machine.refuses("shared", 3, "profile shared already exists")
    other.unlink()
    assert calls_of(machine, "shared") == ["hub"]


@pytest.mark.parametrize(("profile", "more"), [("profileB", 0), ("shared", 1)])
def test_a_warm_call_looks_at_the_included_file_only_for_a_chain_with_it(
    machine: Machine, team: Path, profile: str, more: int
) -> None:
    include(machine, str(team), f"?{team.with_name('nosuch.ini')}")
    settle(team)
    machine.settle()
    exports(machine, profile)
    trace = machine.home / "trace"
    done = machine.run("strace", "-f", "-e", "trace=file", "-o", str(trace), "role-env", profile, "--format", "sh")
    assert done.returncode == 0, done.stderr
    assert trace.read_text().count(str(team.parent)) == more
    trace.unlink()


def test_fifty_files_of_two_hundred_profiles_are_read_at_once(machine: Machine, team: Path) -> None:
    for number in range(50):
        profiles = (
            f"[p{number}.{n}]\nrole_arn = {ROLE}\nsource_profile = profileA\nregion_id = cn-beijing\n"
            for n in range(200)
        )
        write_shared(team.with_name(f"{number}.ini"), "\n".join(profiles))
    include(machine, *(str(team.with_name(f"{number}.ini")) for number in range(50)))
    assert len(machine.succeeds("list", "--names").stdout.split()) == 10_002
    assert calls_of(machine, "p49.199") == ["hub"]


# -- what names the file --


def test_errors_name_the_included_file_and_its_line(machine: Machine, team: Path) -> None:
    write_shared(team, f"{team.read_text()}\n[wrong]\nrole_arn = x\nsource_profile = profileA\n")
    include(machine, str(team))
    machine.refuses("wrong", 3, "profile wrong: role_arn", f"({team}, line 6)")
    assert "(~/team/profiles.ini, line 6)" in machine.role_env("doctor", COLUMNS="300").stdout
    write_shared(team, "nonsense\n")
    machine.refuses("profileB", 3, f"{team}, line 1: this is neither")


def test_its_key_is_in_the_keyring_of_the_profiles_file_in_use(machine: Machine, team: Path) -> None:
    write_shared(team, f"[keyed]\n\n[shared]\nrole_arn = {ROLE}\nsource_profile = keyed\n")
    include(machine, str(team))
    machine.refuses("shared", 3, "keyed is not in the keyring", f"{team}, line 1", "role-env login keyed")
    machine.log_in("keyed")
    assert exports(machine, "shared")["RoleArn"] == ROLE


def test_configure_appends_to_the_profiles_file_and_knows_the_names_of_the_included_ones(
    machine: Machine, team: Path
) -> None:
    include(machine, str(team))
    line = ("--role-arn", ROLE, "--source-profile", "profileA", "--no-verify")
    machine.fails("configure", "shared", *line, status=2, said="profile shared already exists")
    shared = team.read_text()
    machine.succeeds("configure", "new", *line)
    assert machine.succeeds("list", "--names").stdout.split() == ["profileA", "shared", "profileB", "new"]
    assert team.read_text() == shared


def test_tab_offers_its_profiles(machine: Machine, team: Path) -> None:
    include(machine, str(team))
    assert machine.succeeds("list", "--names", "--sessions").stdout.split() == ["shared", "profileB"]


def test_a_file_of_the_sdks_includes_nothing(machine: Machine, team: Path) -> None:
    path = machine.home / ".alibabacloud" / "credentials.ini"
    key = machine.standard_profiles().split("\n\n")[0]
    write_private(path, f"{key}\ntype = access_key\n\n[include]\npath = {team}\n")
    machine.file.unlink()
    assert machine.succeeds("list", "--names").stdout.split() == ["profileA"]
