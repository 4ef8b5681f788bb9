"""role-env configure: a new profile, by options and by questions; nothing is written that was not verified."""

import json
import stat
from pathlib import Path

import pytest

from role_env.files.locks import hold_folder
from role_env.variables import RESERVED_PROFILES
from support.machine import Machine
from support.terminal import Person


def configure(machine: Machine, *arguments: str, text: str = "", **environ: str) -> tuple[int, str, str]:
    done = machine.role_env("configure", *arguments, text=text, **environ)
    return done.returncode, done.stdout, done.stderr


def write_cli_file(machine: Machine) -> None:
    key = {"access_key_id": machine.sts.access_key_id, "access_key_secret": machine.sts.access_key_secret}
    ours = {"name": "role-env", "mode": "External", "process_command": "role-env process --session"}
    default = {"name": "default", "mode": "AK", "region_id": "cn-beijing", **key}
    machine.write_cli_file({"current": "default", "profiles": [default, ours]})


def files_below(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*")]


# ---- by options ----


@pytest.mark.parametrize("name", RESERVED_PROFILES)
def test_the_names_that_role_env_uses_itself_are_refused(machine: Machine, name: str) -> None:
    before = machine.file.read_bytes()
    options = ("--role-arn", machine.sts.role_arn, "--source-profile", "profileA")
    machine.fails("configure", name, *options, status=2, said=f"the name {name} is reserved for role-env itself")
    assert machine.file.read_bytes() == before


def test_a_profile_is_shown_verified_by_one_request_and_appended(machine: Machine) -> None:
    before = machine.file.read_text()
    role = machine.sts.role_arn
    status, out, err = configure(
        machine, "new", "--role-arn", role, "--source-profile", "profileA", "--region", "cn-beijing"
    )
    assert (status, err) == (0, "")
    section = f"[new]\nrole_arn = {role}\nsource_profile = profileA\nregion_id = cn-beijing\n"
    assert out.startswith(section)
    assert f"verified: {role}\n" in out
    assert f"appended to {machine.file}; type: " in out
    assert machine.file.read_text() == f"{before}\n{section}"
    assert [call.action for call in machine.sts.calls] == ["AssumeRole"]
    done = machine.role_env("new", "--format", "json")
    assert json.loads(done.stdout)["RegionId"] == "cn-beijing"
    assert len(machine.sts.calls) == 1  # the session that verified it is cached


def test_the_first_profile_makes_a_file_for_the_user_alone(machine: Machine) -> None:
    write_cli_file(machine)
    machine.file.unlink()
    machine.file.parent.rmdir()
    done = machine.succeeds("configure", "first", "--role-arn", machine.sts.role_arn, "--aliyun-profile", "default")
    assert done.stderr == ""
    assert stat.S_IMODE(machine.file.stat().st_mode) == 0o600
    assert machine.file.read_text() == (
        f"[first]\nrole_arn = {machine.sts.role_arn}\ncredential_source = aliyun_cli\naliyun_profile = default\n"
    )
    done = machine.role_env("first", "--format", "json")
    assert json.loads(done.stdout)["RegionId"] == "cn-beijing"


@pytest.mark.parametrize("role", ["acs:ram::2222222222222222:role/nothere", "acs:ram::2222222222222222:role/hub"])
def test_what_sts_refuses_is_not_written(machine: Machine, role: str) -> None:
    machine.file.unlink()
    options = ("new", "--role-arn", role, "--credential-source", "environment")
    key = machine.sts.world.key_of("test_user2")
    environ = {"ALIBABA_CLOUD_ACCESS_KEY_ID": key.id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "wrong"}
    machine.fails("configure", *options, status=4, said="SignatureDoesNotMatch", **environ)
    assert not machine.file.exists()
    assert configure(machine, *options, **environ, ALIBABA_CLOUD_STS_ENDPOINT="127.0.0.1:9")[0] == 5
    assert not machine.file.exists()


def test_without_verification_there_is_no_request_and_with_dry_run_no_file(machine: Machine) -> None:
    machine.file.unlink()
    options = ("new", "--role-arn", machine.sts.role_arn, "--credential-source", "ecs_ram_role")
    status, out, _ = configure(machine, *options, "--dry-run")
    assert (status, out) == (0, f"[new]\nrole_arn = {machine.sts.role_arn}\ncredential_source = ecs_ram_role\n")
    assert not machine.file.exists()
    machine.succeeds("configure", *options, "--no-verify", "--color", "red")
    assert machine.file.read_text().endswith("\ncolor = red\n")
    assert not machine.sts.calls


def test_a_new_file_that_would_hide_the_profiles_of_an_sdk_is_refused_with_their_names(machine: Machine) -> None:
    sdk_file = machine.home / ".alibabacloud" / "credentials.ini"
    sdk_file.parent.mkdir()
    machine.file.rename(sdk_file)
    options = ("new", "--role-arn", machine.sts.role_arn, "--source-profile", "profileA")
    status, out, err = configure(machine, *options)
    assert (status, out) == (2, "")
    assert f"would hide the profiles of {sdk_file}: profileA, profileB" in err
    assert not machine.file.exists()
    machine.succeeds("configure", *options, "--config", str(sdk_file))
    machine.succeeds("new")
    other = ("other", *options[1:3], "--credential-source", "ecs_ram_role", "--no-verify")
    machine.succeeds("configure", *other, "--config", str(machine.file))
    assert machine.file.read_text().startswith("[other]")


def test_the_file_is_the_one_that_role_env_config_names(machine: Machine) -> None:
    path = machine.home / "deep" / "mine.ini"
    options = ("new", "--role-arn", machine.sts.role_arn, "--credential-source", "environment", "--no-verify")
    machine.succeeds("configure", *options, ROLE_ENV_CONFIG=str(path))
    assert path.read_text().startswith("[new]\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "[new]" not in machine.file.read_text()


def test_a_key_from_two_lines_is_verified_with_the_role_and_stored_in_the_keyring(machine: Machine) -> None:
    options = ("new", "--role-arn", machine.sts.role_arn, "--login")
    status, _, err = configure(machine, *options, text=machine.key_lines())
    assert (status, err) == (0, "")
    assert machine.file.read_text().endswith(f"\n[new]\nrole_arn = {machine.sts.role_arn}\n")
    machine.succeeds("new")
    assert len(machine.sts.calls_of("AssumeRole")) == 1
    machine.role_env("new", "--refresh")
    assert len(machine.sts.calls_of("AssumeRole")) == 2


def test_a_key_that_is_refused_is_neither_stored_nor_written(machine: Machine) -> None:
    before = machine.file.read_bytes()
    options = ("new", "--role-arn", machine.sts.role_arn, "--login")
    status, out, err = configure(machine, *options, text=f"{machine.sts.access_key_id}\nwrongsecret\n")
    assert (status, machine.file.read_bytes()) == (4, before)
    assert "verified" not in out
    assert "role-env: hint: nothing was written; check access_key_secret: " in err
    assert configure(machine, *options, "--no-verify", text=machine.key_lines(), **NO_KEYRING)[0] == 6
    assert machine.file.read_bytes() == before


NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}


def test_a_file_that_cannot_be_written_or_that_another_process_writes_leaves_no_key_in_the_keyring(
    machine: Machine,
) -> None:
    command = ("role-env", "configure", "new", "--login", "--no-verify")
    done = machine.run("sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *command, text=machine.key_lines())
    assert (done.returncode, "hint: nothing was changed" in done.stderr) == (3, True)
    with hold_folder(machine.file.parent, seconds=0):
        machine.fails(*command[1:], text=machine.key_lines(), status=5, said="is being written by another process")
    machine.add("[new]\n")
    assert machine.role_env("whoami", "new").returncode == 3


def test_a_source_without_a_role_is_verified_by_its_identity(machine: Machine) -> None:
    done = machine.succeeds("configure", "key", "--login", text=machine.key_lines())
    assert "; add a role: role-env configure PROFILE --role-arn ARN --source-profile key\n" in done.stdout
    assert f"verified: {machine.sts.user_arn}\n" in done.stdout
    assert machine.file.read_text().endswith("\n[key]\n")
    assert machine.sts.user_arn in machine.role_env("whoami", "key").stdout
    machine.succeeds("configure", "ops", "--role-arn", machine.sts.role_arn, "--source-profile", "key")


NO_PROFILES: list[tuple[list[str], str]] = [
    (["new"], "configure requires PROFILE, --role-arn and a source"),
    (["new"], "hint: add --role-arn and one of --source-profile, --credential-source, --aliyun-profile, "),
    (["--role-arn", "acs:ram::1:role/x", "--login"], "hint: add PROFILE\n"),
    (["new", "--role-arn", "nonsense", "--login"], "--role-arn nonsense is not a role's ARN"),
    (["new", "--role-arn", "arn:acs:x", "--login"], "an example: acs:ram::2222222222222222:role/ops"),
    (["new", "--role-arn", "acs:ram::1:role/x", "--login", "--source-profile", "a"], "exclude each other"),
    (["new", "--role-arn", "acs:ram::1:role/x", "--aliyun-profile", "a", "--role-name", "b"], "exclude each other"),
    (["new", "--role-arn", "acs:ram::1:role/x", "--login", "--color", "Mauve!"], "--color Mauve!"),
    (["new", "--role-arn", "acs:ram::1:role/x", "--login", "--region", "Beijing!"], "--region Beijing!"),
    (["a b", "--role-arn", "acs:ram::1:role/x", "--login"], "'a b' is not a profile name"),
    (["new", "--credential-source", "environment"], "hint: add --role-arn\n"),
    (["new", "--role", "acs:ram::1:role/x", "--login"], "hint: did you mean --role-arn?\n"),
]


def test_an_invalid_profile_is_a_usage_error_and_changes_nothing(machine: Machine) -> None:
    before = machine.file.read_bytes()
    for arguments, said in NO_PROFILES:
        assert machine.fails("configure", *arguments, status=2, said=said).stdout == ""
    assert machine.file.read_bytes() == before
    assert not machine.sts.calls


def test_a_region_that_may_be_a_typo_is_reported_with_the_closest_and_any_other_is_taken(machine: Machine) -> None:
    machine.role_env("profileB")  # so that a session is cached
    options = ("--role-arn", machine.sts.role_arn, "--source-profile", "profileA", "--no-verify", "--region")
    for region, meant in (("cn-hangzou", "cn-hangzhou"), ("us-est-1", "us-east-1"), ("my-own", ""), ("cn-beijing", "")):
        said = f"role-env: unknown region {region}: did you mean {meant}?\n" if meant else ""
        for words in (["profileB"], ["configure", f"in-{region}", *options[:-1]]):
            done = machine.role_env(*words, "--region", region)
            assert (done.returncode, done.stderr) == (0, said)
        assert (f"unknown region {region}" in machine.role_env("doctor").stdout) == bool(meant)
    person = Person(machine, "configure", "asked", *options[2:-1], TERM="dumb")
    person.answers("Role to assume", machine.sts.role_arn)
    person.answers("Region", "cn-hangzou")
    person.sees("unknown region cn-hangzou: did you mean cn-hangzhou?")


def test_an_error_of_the_new_profile_names_the_option_and_no_line_of_the_file(machine: Machine) -> None:
    before = machine.file.read_bytes()
    options = ("new", "--role-arn", machine.sts.role_arn, "--source-profile", "profielA")
    assert configure(machine, *options) == (
        3,
        "",
        "role-env: profile new: source_profile names no profile of the file (--source-profile)\n"
        "role-env: hint: did you mean profileA?\n",
    )
    options = ("new", "--role-arn", machine.sts.role_arn, "--aliyun-profile", "nobody")
    write_cli_file(machine)
    machine.fails("configure", *options, status=3, said="profile nobody does not exist (--aliyun-profile)\n")
    options = ("new", "--role-arn", machine.sts.role_arn.replace("/", "/no"), "--source-profile", "profileA")
    machine.fails("configure", *options, status=4, said=f"(not yet in {machine.file})\n")
    assert machine.file.read_bytes() == before


def test_an_error_in_the_file_itself_keeps_its_line(machine: Machine) -> None:
    machine.write(f"[DEFAULT]\ncolor = pink\n{machine.standard_profiles()}")
    status, _, err = configure(machine, "new", "--role-arn", machine.sts.role_arn, "--credential-source", "environment")
    assert (status, "color must be one of" in err, f"({machine.file}, line 2)" in err) == (3, True, True)


# ---- by questions ----


def test_a_person_is_asked_for_everything_and_asked_again_after_a_wrong_answer(machine: Machine) -> None:
    write_cli_file(machine)
    person = Person(machine, "configure", TERM="dumb")
    person.answers("Name of the profile: ", "profileB")
    person.answers("already exists", "new")
    person.answers("Role to assume", "switchrolesbc")
    person.answers("is not a role's ARN", machine.sts.role_arn)
    person.sees("1  profile default of the aliyun CLI (AK)")
    person.sees("2  profile profileA of this file")
    person.answers("Source of the credentials, by number: ", "99")
    person.answers("type a number from 1 to", "1")
    person.answers("Region [cn-beijing]: ", "")
    person.answers("Color in the prompt", "")
    person.sees("[new]")
    person.sees("verified: ")
    person.sees(f"appended to {machine.file}; type: ")
    person.ends()
    assert machine.file.read_text().endswith(
        f"[new]\nrole_arn = {machine.sts.role_arn}\ncredential_source = aliyun_cli\naliyun_profile = default\n"
        "region_id = cn-beijing\n"
    )
    assert len(machine.sts.calls) == 1
    machine.succeeds("new")


def test_a_key_is_asked_for_with_its_id_shown_and_its_secret_hidden(machine: Machine) -> None:
    machine.file.unlink()
    person = Person(machine, "configure", "new", "--role-arn", machine.sts.role_arn)
    person.answers("Source of the credentials, by number: ", "1")
    person.answers("AccessKey ID of new: ", machine.sts.access_key_id)
    person.sees(machine.sts.access_key_id)
    person.answers("AccessKey secret of new: ", machine.sts.access_key_secret)
    person.answers("Region", "")
    person.answers("Color", "red")
    person.sees("verified: ")
    person.ends()
    assert machine.sts.access_key_secret not in machine.file.read_text()
    machine.succeeds("new")


@pytest.mark.parametrize(("control", "status"), [("c", 130), ("d", 1)])
def test_a_person_who_leaves_changes_nothing(machine: Machine, control: str, status: int) -> None:
    before, files = machine.file.read_bytes(), files_below(machine.home)
    person = Person(machine, "configure", "new")
    person.sees("Role to assume")
    person.presses(control)
    person.ends(status)
    assert machine.file.read_bytes() == before
    # The state folder notes which keyring there is, and nothing else.
    assert {path for path in files_below(machine.home) if not path.startswith(".local")} == set(files)
    machine.fails("clear", "new", status=3, said="new")


def test_options_that_say_everything_leave_no_question(machine: Machine) -> None:
    options = ("--role-arn", machine.sts.role_arn, "--source-profile", "profileA")
    Person(machine, "configure", "new", *options).ends()
    assert "[new]" in machine.file.read_text()
