"""role-env configure that does not end as wanted says how to go on without losing the answers."""

import re

from support.machine import ROLE_ENV, Machine
from support.terminal import Person

OFFLINE = {"ALIBABA_CLOUD_STS_ENDPOINT": "localhost:1"}


def test_without_network_the_answers_are_in_the_line_that_leaves_out_the_check(machine: Machine) -> None:
    before = machine.file.read_bytes()
    person = Person(machine, "configure", columns=400, **OFFLINE)
    person.answers("Name of the profile: ", "new")
    person.answers("Role to assume", machine.sts.role_arn)
    number = person.reads(r"(\d+)\W+profile profileA of this file")[1]
    person.answers("Source of the credentials, by number: ", number)
    person.answers("Region", "cn-hangzhou")
    person.answers("Color", "red")
    shown = person.ends(5)
    assert machine.file.read_bytes() == before
    line = re.findall("hint: nothing was written; .*; without this check: (role-env configure .*--no-verify)", shown)[0]
    assert machine.run("sh", "-c", line, **OFFLINE).returncode == 0
    assert machine.file.read_text().endswith(
        f"\n[new]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\nregion_id = cn-hangzhou\ncolor = red\n"
    )


def test_the_line_has_no_secret_and_asks_for_the_key_again(machine: Machine) -> None:
    command = (ROLE_ENV, "configure", "new", "--role-arn", machine.sts.role_arn, "--login")
    done = machine.run(*command, text=machine.key_lines(), **OFFLINE)
    assert f"role-env configure new --role-arn {machine.sts.role_arn} --login --no-verify" in done.stderr
    assert machine.sts.access_key_secret not in done.stderr


def test_a_profile_that_exists_is_changed_by_the_line_that_the_hint_has(machine: Machine) -> None:
    options = ("profileB", "--role-arn", machine.sts.role_arn, "--source-profile", "profileA")
    done = machine.role_env("configure", *options)
    assert done.returncode == 2
    assert "hint: choose another name, or change it with: role-env configure --edit profileB\n" in done.stderr
    done = machine.role_env("configure", *options, "--config", str(machine.file))
    assert f"role-env configure --edit profileB --config {machine.file}\n" in done.stderr


def test_list_names_the_closest_key_as_explain_does(machine: Machine) -> None:
    machine.add(f"[bad]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\ncolr = red\n")
    listed, explained = machine.role_env("list"), machine.role_env("explain", "bad")
    assert "role-env: hint: did you mean color?\n" in explained.stderr
    assert explained.stderr in listed.stderr
