"""Nothing that role-env writes contains a control character, whoever the value comes from: it would add a line."""

import shutil
from pathlib import Path

import pytest

from cloud.cloud_sso_portal import CloudSsoPortal
from cloud.oauth_server import OAuthServer
from cloud.world import Role
from role_env import paths, variables
from role_env.command_table import DOCUMENT_FORMATS
from role_env.credentials import Credentials, Session
from role_env.errors import ProfileError
from role_env.profiles.append import NewProfile, append
from role_env.shells import export as exporters
from role_env.shells import github
from support.machine import INSTALLED, Machine
from support.terminal import Person

EVIL = "\n[evil]\ncredential_process = touch owned\n"
ODD = [f"x{EVIL}", f"x{EVIL}".replace("\n", "\r"), "x\x1b[2J", "x\x85y", "x\u2028y", "x\udcff", f"x{EVIL.rstrip()}"]
IDS = ["lines", "returns", "an escape", "NEL", "a separator", "a byte", "lines without an end"]


@pytest.mark.parametrize("odd", ODD, ids=IDS)
@pytest.mark.parametrize(
    "option",
    ["--source-profile", "--aliyun-profile", "--role-name", "--credential-source", "--region", "--color", "--role-arn"],
)
def test_no_option_of_configure_adds_a_line_to_the_profiles_file(machine: Machine, option: str, odd: str) -> None:
    before = machine.file.read_bytes()
    role = [] if option == "--role-arn" else ["--role-arn", machine.sts.role_arn]
    source = ["--source-profile", "profileA"] if option in ("--region", "--color", "--role-arn") else []
    done = machine.fails("configure", "new", *role, *source, option, odd, "--no-verify", status=2, said=option)
    assert done.stderr.replace("\n", "").isprintable()
    assert machine.file.read_bytes() == before


def test_a_cli_profile_whose_name_has_lines_is_not_written_when_it_is_chosen(machine: Machine) -> None:
    key = {"access_key_id": machine.sts.access_key_id, "access_key_secret": machine.sts.access_key_secret}
    name = f"default{EVIL}"
    machine.write_cli_file({"current": name, "profiles": [{"name": name, "mode": "AK", **key}]})
    before = machine.file.read_bytes()
    person = Person(machine, "configure", "new", "--role-arn", machine.sts.role_arn, "--color", "red", "--no-verify")
    person.answers("Source of the credentials", "1")
    person.answers("Region", "cn-beijing")
    assert "aliyun_profile contains a control character, and nothing was written" in person.ends(3)
    assert machine.file.read_bytes() == before


@pytest.mark.parametrize(
    "new",
    [
        *[NewProfile("new", {"source_profile": odd}) for odd in ODD],
        *[NewProfile(odd, {"region_id": "cn-beijing"}) for odd in ODD],
        NewProfile("new] # ", {}),
        NewProfile("DEFAULT", {"source_profile": "a"}),
        NewProfile("new", {"aliyun_profile": " other"}),
    ],
)
def test_what_would_change_more_than_its_own_profile_is_not_appended(tmp_path: Path, new: NewProfile) -> None:
    path = tmp_path / "profiles.ini"
    with pytest.raises(ProfileError):
        append(str(path), [NewProfile("first", {"region_id": "cn-beijing"}), new], {"HOME": str(tmp_path)})
    assert not path.exists()


def test_a_portals_names_and_ids_add_no_line(machine: Machine, portal: CloudSsoPortal) -> None:
    machine.use_curl_as_browser()
    portal.accounts[0].name = f"Team{EVIL}"
    portal.accounts[0].configurations[0].name = f"Admin{EVIL}"
    machine.succeeds("configure", "--cloud-sso", portal.url, "--yes")
    assert not [line for line in machine.file.read_text().splitlines() if line.startswith(("credential_", "[evil]"))]
    before = machine.file.read_bytes()
    for place in (portal.accounts[0], portal.accounts[0].configurations[0]):
        place.id += EVIL
        machine.fails("configure", "--cloud-sso", portal.url, "--yes", status=5, said="missing or invalid")
    assert machine.file.read_bytes() == before


def test_setup_writes_no_command_with_a_path_of_several_lines(machine: Machine) -> None:
    folder = machine.home / f"a{EVIL.replace('/', '')}"
    folder.mkdir()
    elsewhere = str(shutil.copy(machine.file, folder / "profiles.ini"))
    said = "its command contains a control character"
    machine.fails("setup", "aliyun-cli", "profileB", "--config", elsewhere, status=3, said=said)
    program = folder / "role-env"
    program.symlink_to(INSTALLED / "role-env")
    done = machine.run(str(program), "setup", "aliyun-cli", PATH="/usr/bin:/bin")
    assert (done.returncode, said in done.stderr) == (3, True), done.stderr
    assert not (machine.home / ".aliyun").exists()


@pytest.mark.parametrize("form", sorted({*DOCUMENT_FORMATS} - {"json"}))  # a reader of JSON refuses it by itself
@pytest.mark.parametrize("odd", ODD, ids=IDS)
def test_no_document_for_others_is_made_of_a_value_with_a_control_character(
    odd: str, form: str, tmp_path: Path
) -> None:
    credentials = Credentials("STS.x", "secret", "token", issued=0, expiration=1)
    session = Session("p", "acs:ram::1:role/r", credentials, account_id="1", region_id=odd, families=())
    environ = {"GITHUB_ENV": str(tmp_path / "github")}
    with pytest.raises(ProfileError):
        github.export(lambda: session, environ) if form == "github" else exporters.export(session, form, environ)
    assert not any(file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize("command", ["whoami profileA", "login profileB"])
@pytest.mark.parametrize("field", ["name", "account"])
def test_an_identity_with_a_control_character_is_none(machine: Machine, command: str, field: str) -> None:
    if command.startswith("login"):
        machine.write("[profileB]\n")
    user, lines = machine.sts.world.key_of("test_user1").user, machine.key_lines()
    assert user
    setattr(user, field, f"{getattr(user, field)}\n\x1b[2J")
    done = machine.role_env(*command.split(), text=lines)
    assert (done.returncode, done.stdout) == (5, ""), done.stderr
    assert done.stderr.replace("\n", "").isprintable()


def test_an_account_with_a_line_break_reaches_neither_a_session_nor_the_state_folder(
    machine: Machine, oauth: OAuthServer
) -> None:
    machine.use_curl_as_browser()
    machine.add("[me]\noauth_site_type = CN\n")
    machine.succeeds("login", "me")
    oauth.after["/v1/exchange"] = lambda: _move(oauth.sessions[-1].role)
    machine.fails("export", "me", "--format", "json", status=5, said="did not answer like STS")
    state = machine.home / ".local" / "state" / "role-env"
    assert "9999999999999999" not in "".join(path.read_text() for path in state.iterdir())


def _move(role: Role) -> None:
    role.account = f"1111111111111111\n{'0' * 64} 9999999999999999"


def test_a_line_of_state_is_one_line(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    for odd in ("one\ntwo", "one\rtwo"):
        with pytest.raises(OSError, match="line break"):
            paths.append_line(environ, "index", odd)
    assert paths.state_lines(environ, "index") == []


def test_the_request_of_a_session_is_one_line_whatever_the_path_is(machine: Machine) -> None:
    elsewhere = machine.home / f"a{EVIL.replace('/', '')}.ini"
    shutil.copy(machine.file, elsewhere)
    done = machine.succeeds("exec", "profileB", "--config", str(elsewhere), "--", "printenv", "ROLE_ENV_REQUEST")
    assert variables.request_values(done.stdout.rstrip("\n"))["config"] == str(elsewhere)
    assert done.stdout.count("\n") == 1
