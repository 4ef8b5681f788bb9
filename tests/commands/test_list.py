"""role-env list: the table and the JSON, and that reading cached sessions asks nobody for anything."""

import json
import re

import pytest

from cloud.cloud_sso_portal import CloudSsoPortal
from cloud.world import ACCOUNT_B
from role_env.ui import table as display
from support.files import write_private
from support.machine import Machine
from support.secret_service_bus import KeyringBus
from support.silent_bus import SilentBus
from support.terminal import on_terminal


def cells_of(text: str) -> list[dict[str, str]]:
    """Return the cells of each row of `role-env list` by their headings; its values are of narrow letters."""
    heading, *rows = text.splitlines()
    starts = [(found[0], found.start()) for found in re.finditer(r"\S+", heading)]
    ends = [start for _, start in starts[1:]] + [None]
    return [{name: row[start:end].strip() for (name, start), end in zip(starts, ends, strict=True)} for row in rows]


# ---- the JSON ----


def test_the_account_is_the_roles_and_without_a_role_the_one_that_is_expected(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    machine.write(
        f"[role]\nrole_arn = {machine.sts.role_arn}\ncredential_source = environment\nexpected_account_id = 1\n"
        "[process]\ncredential_process = x\nexpected_account_id = 1\n[any]\ncredential_process = x\n"
    )
    machine.add(portal.section())
    rows = json.loads(machine.succeeds("list", "--json").stdout)
    assert [row["account_id"] for row in rows] == [ACCOUNT_B, "1", None, ACCOUNT_B]
    accounts = [row["ACCOUNT"] for row in cells_of(machine.succeeds("list", COLUMNS="200").stdout)]
    assert accounts == [ACCOUNT_B, "1", "-", ACCOUNT_B]


# ---- the table ----


NAME = "production-administrators-of-the-platform-eu"
CJK = "本番環境の管理者"


def test_a_terminal_of_80_columns_shows_whole_names_and_accounts_in_fewer_words(
    machine: Machine, portal: CloudSsoPortal
) -> None:
    assert len(NAME) == 44
    machine.write(portal.section(NAME) + "region_id = cn-hangzhou\n")
    machine.add(f"[{CJK}]\nsource_profile = {NAME}\nrole_arn = {machine.sts.role_arn}\n")
    machine.succeeds("login", NAME, "--no-browser")
    heading, *rows = on_terminal(machine, "list").lines
    assert all(display.width(line) <= 80 for line in (heading, *rows))
    assert [row.split()[0] for row in rows] == [NAME, CJK]
    assert all(ACCOUNT_B in row and re.search("sign-in 7h5[89]$", row) for row in rows), rows
    whole = on_terminal(machine, "list", columns=200).lines
    assert re.search(" Admin .* signed in, 7 h 5[89] min left$", whole[1])


def test_where_stdout_is_no_terminal_nothing_is_cut(machine: Machine) -> None:
    role = f"acs:ram::{ACCOUNT_B}:role/{'r' * 64}"
    machine.add(f"[{LONG}]\nrole_arn = {role}\nsource_profile = profileA\nregion_id = ap-southeast-1\n")
    (*_, row) = machine.succeeds("list", COLUMNS="40").stdout.splitlines()
    assert row.split() == [LONG, "r" * 64, ACCOUNT_B, "profileA", "ap-southeast-1"]


def test_the_profile_of_the_shells_own_session_has_a_star(machine: Machine) -> None:
    machine.add(f"[c]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    other = machine.home / "other.ini"
    write_private(other, machine.file.read_text("utf-8"))
    assert "*" not in machine.succeeds("list").stdout
    for words in ("", f" --config {other}"):
        done = machine.shell("bash", f"source <(role-env profileB)\nrole-env list{words}\n")
        marked = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("*")]
        assert marked == ([] if words else ["profileB"]), done


def test_a_profile_of_the_cli_shows_the_role_of_the_clis_file(machine: Machine) -> None:
    machine.write_cli_file(
        {
            "current": "rr",
            "profiles": [
                {
                    "name": "rr",
                    "mode": "RamRoleArn",
                    "access_key_id": machine.sts.access_key_id,
                    "access_key_secret": machine.sts.access_key_secret,
                    "ram_role_arn": machine.sts.role_arn,
                    "ram_session_name": "me",
                }
            ],
        }
    )
    machine.write("[cli]\ncredential_source = aliyun_cli\naliyun_profile = rr\n")
    (row,) = cells_of(machine.succeeds("list").stdout)
    assert (row["ROLE"], row["ACCOUNT"]) == ("switchrolesbc", ACCOUNT_B)
    (document,) = json.loads(machine.succeeds("list", "--json").stdout)
    assert (document["role_arn"], document["account_id"]) == (machine.sts.role_arn, ACCOUNT_B)


def test_the_json_has_the_file_the_color_and_what_a_source_is_of(machine: Machine, portal: CloudSsoPortal) -> None:
    machine.write(portal.section("cloud") + "color = red\n[kk]\n")
    machine.log_in("kk")
    cloud, kk = json.loads(machine.succeeds("list", "--json").stdout)
    assert (cloud["access_config"], cloud["color"], cloud["file"]) == ("Admin", "red", str(machine.file))
    assert (kk["access_config"], kk["color"], kk["key_created"]) == (None, None, None)


def test_a_keyring_that_cannot_be_read_says_nothing_of_a_sign_in(machine: Machine, portal: CloudSsoPortal) -> None:
    machine.write(portal.section("cloud"))
    assert cells_of(machine.succeeds("list").stdout)[0]["SESSION"] == "sign in"
    without = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
    assert "sign in" not in machine.succeeds("list", **without).stdout


LONG = "a-very-long-name-for-a-profile-as-generated-by-some-tool-0123456"
WIDE = "生产环境的管理员账号以及测试环境的管理员账号"


@pytest.mark.parametrize("name", [LONG, WIDE, "q\N{COMBINING ACUTE ACCENT}" * 20], ids=["long", "wide", "marks"])
def test_no_line_is_wider_than_the_terminal_whatever_the_names(machine: Machine, name: str) -> None:
    role = f"acs:ram::2222222222222222:role/{'r' * 64}"
    machine.add(f"[{name}]\nrole_arn = {role}\nsource_profile = profileA\nregion_id = ap-southeast-1\n")
    machine.add(f"[last]\nrole_arn = {role}\nsource_profile = {name}\n")
    for columns in (1, 20, 40, 79, 80, 81, 120):
        lines = on_terminal(machine, "list", columns=columns).lines
        assert len(lines) == 5
        assert all(display.width(line) <= columns for line in lines)
    wide = on_terminal(machine, "list", columns=250).lines
    assert name in wide[3]
    assert "…" not in "".join(wide)
    assert display.shorten(WIDE, 5) in ("生产…", "生产~")  # all five columns
    narrow = on_terminal(machine, "list", columns=20, environ={"ROLE_ENV_SIGN": "!="}).lines
    assert "~" in "".join(narrow)
    assert "…" not in "".join(narrow)


def test_colours_are_for_a_terminal_and_no_color_forbids_them(machine: Machine) -> None:
    machine.role_env("profileB")
    assert "\x1b[1mPROFILE" in on_terminal(machine, "list").raw
    for environ in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        assert "\x1b" not in on_terminal(machine, "list", environ=environ).raw
    assert "\x1b[1m" in on_terminal(machine, "list", environ={"NO_COLOR": ""}).raw
    assert "\x1b" not in machine.role_env("list").stdout


def test_values_from_the_file_cannot_act_on_the_terminal(machine: Machine) -> None:
    machine.add("[evil]\nrole_arn = acs:ram::1:role/x\nsource_profile = \x1b]0;owned\x07\x9b2J\u202e\n")
    screen = on_terminal(machine, "list", environ={"NO_COLOR": "1"})
    for character in "\x1b\x07\x9b\u202e":
        assert character not in screen.raw
    assert json.loads(machine.role_env("list", "--json").stdout)[2]["profile"] == "evil"


# ---- cached sessions ----


def test_an_entry_that_cannot_be_read_at_once_hides_no_other(machine: Machine) -> None:
    machine.add(f"[c]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    for profile in ("profileB", "c"):
        machine.role_env(profile)
    service, _ = next(line for line in sessions_index(machine) if line.endswith("\tc")).split("\t")
    machine.bus.put("foreign", {"service": service, "username": "c", "another": "attribute"}, b"shadow")
    rows = json.loads(machine.role_env("list", "--json").stdout)
    assert [bool(row["expiration"]) for row in rows[:2]] == [False, True]


def sessions_index(machine: Machine) -> list[str]:
    """The names of the entries with sessions, as the state folder lists them."""
    return (machine.home / ".local/state/role-env/sessions").read_text().splitlines()


def test_a_locked_keyring_is_neither_asked_nor_waited_for(machine: Machine, locked: KeyringBus) -> None:
    """Though a person at a terminal could unlock it, and for many profiles as for one."""
    for number in range(20):
        machine.add(f"[p{number}]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    machine.role_env("profileB")  # notes that this keyring is the chosen one
    chainer = "keyring.backends.chainer.ChainerBackend"
    for environ in ({}, {"KEYRING_PROPERTY_APPID": "x"}, {"PYTHON_KEYRING_BACKEND": chainer}):
        screen = on_terminal(machine, "list", environ={**locked.environment, "DISPLAY": ":0", **environ})
        assert screen.status == 0
        assert len(screen.lines) == 24
        assert screen.lines[0] == "role-env: sessions in the keyring are not shown: it is locked"
    assert not list((machine.home / ".local/state/role-env").glob("keyring-avoided-*"))


def test_a_keyring_that_hangs_is_waited_for_once(machine: Machine, silent: SilentBus) -> None:
    for number in range(20):
        machine.add(f"[p{number}]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\n")
    machine.role_env("profileB")
    done = machine.role_env("list", **silent.environment)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 23)
    assert done.stderr.count("\n") == 1
