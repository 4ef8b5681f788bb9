"""The wizard of `configure` offers every kind of source, and a source that signs in leads to `login`."""

import pytest

from support.machine import Machine
from support.terminal import Person

PROVIDER = "acs:ram::2222222222222222:oidc-provider/ci"
SOURCES = {
    "oauth": (["CN"], ["oauth_site_type = CN"], "sign in with: role-env login new"),
    "cloudsso": (
        ["https://signin-cn-shanghai.alibabacloudsso.com/example/login", "2222222222222222", "ops"],
        ["cloud_sso_account_id = 2222222222222222", "cloud_sso_access_config = ops"],
        "sign in with: role-env login new",
    ),
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_sign_in_needs_no_role_and_is_the_next_step(machine: Machine, source: str) -> None:
    answers, keys, next_step = SOURCES[source]
    person = Person(machine, "configure", "new")
    person.answers("Role to assume", "")
    person.answers("Source of the credentials, by number: ", source)
    for answer in answers:
        person.answers(": ", "")
        person.answers("type a value", answer)
    person.answers("Region", "")
    person.answers("Color", "")
    person.sees(next_step)
    person.ends()
    section = machine.file.read_text().partition("[new]\n")[2].splitlines()
    assert set(keys) <= set(section)
    assert not any(line.startswith("role_arn") for line in section)


def test_a_program_is_asked_for_and_verified(machine: Machine) -> None:
    program = machine.write_program(
        "key", f'#!/bin/sh\necho \'{{"mode":"AK","access_key_id":"{machine.sts.access_key_id}",'
        f'"access_key_secret":"{machine.sts.access_key_secret}"}}\'\n',
    )  # fmt: skip
    person = Person(machine, "configure", "new")
    person.answers("Role to assume", machine.sts.role_arn)
    person.answers("Source of the credentials, by number: ", "a program")
    person.answers("Command that prints the credentials as JSON: ", str(program))
    person.answers("Region", "")
    person.answers("Color", "")
    person.sees("verified: ")
    person.ends()
    program.unlink()


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
