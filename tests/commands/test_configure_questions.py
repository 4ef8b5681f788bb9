"""The questions of `configure`: every source, what a missing keyring changes, and how to go on without an end."""

import json
import re

import pytest

from support.machine import Machine
from support.secret_service_bus import KeyringBus
from support.terminal import Person

PROVIDER = "acs:ram::2222222222222222:oidc-provider/ci"
PORTAL = "https://signin-cn-shanghai.alibabacloudsso.com/example/login"
SIGN_INS = {
    "oauth": {"oauth_site_type": "CN"},
    "cloudsso": {
        "cloud_sso_sign_in_url": PORTAL,
        "cloud_sso_account_id": "2222222222222222",
        "cloud_sso_access_config": "ops",
    },
}


@pytest.mark.parametrize("source", SIGN_INS)
def test_a_sign_in_needs_no_role_and_is_the_next_step(machine: Machine, source: str) -> None:
    person = Person(machine, "configure", "new")
    person.answers("Role to assume", "")
    person.answers("Source of the credentials, by number: ", source)
    for answer in SIGN_INS[source].values():
        person.answers(": ", "")
        person.answers("type a value", answer)
    person.answers("Region", "")
    person.answers("Color", "")
    person.sees("sign in with: role-env login new")
    person.ends()
    section = "".join(f"{key} = {value}\n" for key, value in SIGN_INS[source].items())
    assert machine.file.read_text().endswith(f"[new]\n{section}")


def test_a_program_is_asked_for_and_verified(machine: Machine) -> None:
    key = {"access_key_id": machine.sts.access_key_id, "access_key_secret": machine.sts.access_key_secret}
    (machine.home / ".aliyun").mkdir()
    program = machine.write_program(".aliyun/key", f"#!/bin/sh\necho '{json.dumps({'mode': 'AK', **key})}'\n")
    person = Person(machine, "configure", "new", "--role-arn", machine.sts.role_arn, "--region", "cn-x")
    person.answers("Source of the credentials, by number: ", "a program")
    person.answers("Command that prints the credentials as JSON: ", str(program))
    person.answers("Color", "")
    person.sees("verified: ")
    person.ends()


def test_an_oidc_token_is_offered_with_a_role_only(machine: Machine) -> None:
    person = Person(machine, "configure", "new", "--dry-run")
    person.answers("Role to assume", "")
    shown = person.reads("(?s)(.*)Source of the credentials, by number: ")[1]
    assert "OIDC" not in shown
    assert "of this file" not in shown
    person.presses("c")
    person.ends(130)
    person = Person(machine, "configure", "new", "--dry-run")
    person.answers("Role to assume", machine.sts.role_arn)
    person.answers("Source of the credentials, by number: ", "oidc")
    person.answers("ARN of the OIDC provider: ", "nonsense")
    person.answers("an OIDC provider's ARN", PROVIDER)
    person.answers("File with the token: ", "token")
    person.answers("Region", "")
    person.answers("Color", "")
    person.sees(f"oidc_provider_arn = {PROVIDER}")
    person.ends()


# ---- where no keyring can store an access key ----


NO_BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}


def test_it_says_that_there_is_no_keyring_before_the_first_question_and_does_not_offer_one(machine: Machine) -> None:
    person = Person(machine, "configure", columns=200, **NO_BUS)
    person.sees("role-env: no access key can be stored: the keyring cannot be used: there is none")
    person.sees("role-env: hint: for a key in the profiles file, or in another program: role-env help headless")
    person.answers("Name of the profile: ", "new")
    person.answers("Role to assume", machine.sts.role_arn)
    shown = person.reads("(?s)(.*)Source of the credentials, by number: ")[1]
    assert "profile profileA of this file" in shown
    assert "stored in the keyring" not in shown
    person.presses("d")
    person.ends(1)


@pytest.mark.parametrize("environ", [NO_BUS, {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}])
def test_with_login_it_ends_before_the_first_question(machine: Machine, environ: dict[str, str]) -> None:
    before = machine.file.read_bytes()
    person = Person(machine, "configure", "--login", columns=200, **environ)
    shown = person.ends(6)
    assert "Name of the profile" not in shown
    assert "see role-env help headless" in shown
    assert machine.file.read_bytes() == before


def test_a_locked_keyring_is_offered_and_nobody_is_asked_for_its_password_before_it_is_chosen(machine: Machine) -> None:
    with KeyringBus(prompter=True) as bus:
        bus.lock()
        person = Person(machine, "configure", columns=200, **bus.environment, DISPLAY=":0")
        person.answers("Name of the profile: ", "new")
        person.answers("Role to assume", machine.sts.role_arn)
        person.sees("stored in the keyring")
        person.sees("Source of the credentials, by number: ")
        person.presses("d")
        person.ends(1)


# ---- what does not end as wanted ----


NEXT = "Correct it ({}), write it without the check, or stop? "


def begin(machine: Machine, role: str, secret: str) -> Person:
    """Return a person who has answered every question about a profile with a key of its own."""
    person = Person(machine, "configure", columns=300)
    person.answers("Name of the profile: ", "new")
    person.answers("Role to assume", role)
    person.answers("Source of the credentials, by number: ", person.reads(r"(\d+)\W+an access key")[1])
    person.answers("AccessKey ID of new: ", machine.sts.access_key_id)
    person.answers("AccessKey secret of new: ", secret)
    person.answers("Region", "cn-hangzhou")
    person.answers("Color", "red")
    return person


def test_after_a_mistyped_key_and_role_only_those_are_asked_for_again(machine: Machine) -> None:
    person = begin(machine, machine.sts.role_arn.replace("switch", "swich"), "x" * 30)
    person.answers(NEXT.format("key or role"), "k")
    person.answers("AccessKey ID of new: ", machine.sts.access_key_id)
    person.answers("AccessKey secret of new: ", machine.sts.access_key_secret)
    person.answers(NEXT.format("key or role"), "role")
    person.answers("Role to assume", machine.sts.role_arn)
    person.sees("verified: ")
    person.sees("appended to")
    person.ends()
    assert machine.file.read_text("utf-8").endswith(
        f"\n[new]\nrole_arn = {machine.sts.role_arn}\nregion_id = cn-hangzhou\ncolor = red\n"
    )


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("x" * 30, "this is a secret, where the access key ID belongs"),
        ("ＬＴＡＩ５ｔ", "full-width or other letters"),
        ("AKIA5t", "an access key ID begins with LTAI"),
    ],
)
def test_what_is_no_id_is_refused_before_the_secret_is_asked_for(machine: Machine, typed: str, said: str) -> None:
    person = Person(machine, "login", "profileA")
    person.answers("AccessKey ID of profileA", typed)
    person.sees(said)
    person.sees("AccessKey ID of profileA")


def test_a_profile_that_was_not_verified_may_be_written_all_the_same(machine: Machine) -> None:
    person = begin(machine, machine.sts.role_arn.replace("switch", "swich"), machine.sts.access_key_secret)
    person.answers(NEXT.format("key or role"), "w")
    person.sees("appended to")
    person.ends()
    assert "[new]" in machine.file.read_text("utf-8")


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
    person.answers(NEXT.format("role"), "stop")
    shown = person.ends(5)
    assert machine.file.read_bytes() == before
    line = re.findall("hint: nothing was written; .*; without this check: (role-env configure .*--no-verify)", shown)[0]
    assert machine.run("sh", "-c", line, **OFFLINE).returncode == 0
    assert machine.file.read_text().endswith(
        f"\n[new]\nrole_arn = {machine.sts.role_arn}\nsource_profile = profileA\nregion_id = cn-hangzhou\ncolor = red\n"
    )
