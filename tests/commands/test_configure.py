"""role-env configure: a new profile, by options and by questions; nothing is written that was not verified."""

from pathlib import Path

import pytest

from role_env.files.user_file import UserFile
from support.machine import Machine
from support.terminal import Person


def write_cli_file(machine: Machine) -> None:
    key = {"access_key_id": machine.sts.access_key_id, "access_key_secret": machine.sts.access_key_secret}
    ours = {"name": "role-env", "mode": "External", "process_command": "role-env process --session"}
    default = {"name": "default", "mode": "AK", "region_id": "cn-beijing", **key}
    machine.write_cli_file({"current": "default", "profiles": [default, ours]})


def files_below(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*")]


# ---- by options ----


def test_a_file_that_cannot_be_written_or_that_another_process_writes_leaves_no_key_in_the_keyring(
    machine: Machine,
) -> None:
    command = ("role-env", "configure", "new", "--login", "--no-verify")
    done = machine.run("sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *command, text=machine.key_lines())
    assert (done.returncode, "hint: nothing was changed" in done.stderr) == (3, True)
    with UserFile(str(machine.file), machine.environ).lock():
        machine.fails(*command[1:], text=machine.key_lines(), status=5, said="is being written by another process")
    machine.add("[new]\n")
    assert machine.role_env("whoami", "new").returncode == 3


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
    person.answers("Region", "Tokyo")
    person.answers("is not the ID of a region: did you mean ap-northeast-1?", "cn-hangzou")
    person.answers("unknown region cn-hangzou: did you mean cn-hangzhou? To keep it, type it again", "cn-hangzou")
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
