"""explain: the chain and the decision, without asking anyone; what it announces is what then happens."""

import json
from typing import Any

import pytest

from support.cached_sessions import age
from support.machine import Machine


def explained(machine: Machine, *arguments: str, **environ: str) -> dict[str, Any]:
    """Return what `explain --json` prints; it sends STS nothing."""
    calls = len(machine.sts.calls)
    done = machine.role_env("explain", *arguments, "--json", **environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(machine.sts.calls) == calls
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def uses_cache(machine: Machine, profile: str, *options: str, **environ: str) -> bool:
    """Whether explain says that the cached session is used; checks that a request then shows the same."""
    valid: bool = explained(machine, profile, *options, **environ)["cached"]["valid"]
    calls = len(machine.sts.calls_of("AssumeRole"))
    machine.succeeds(profile, *options, **environ)
    assert (len(machine.sts.calls_of("AssumeRole")) == calls) is valid
    return valid


def test_the_hops_are_in_the_order_in_which_they_are_called(machine: Machine) -> None:
    hub = machine.sts.world.role("hub").arn
    machine.add(f"[hub]\nrole_arn = {hub}\nsource_profile = profileA\n")
    spoke = machine.sts.world.role("spoke1").arn
    machine.add(f"[spoke]\nrole_arn = {spoke}\nsource_profile = hub\n")
    assert explained(machine, "spoke") == {
        "profile": "spoke",
        "hops": [
            {"profile": "profileA", "kind": "access_key_id", "role_arn": None, "from": f"{machine.file}, line 2"},
            {
                "profile": "hub",
                "kind": "source_profile",
                "role_arn": hub,
                "from": f"profileA ({machine.file}, line 9)",
            },
            {
                "profile": "spoke",
                "kind": "source_profile",
                "role_arn": spoke,
                "from": f"hub ({machine.file}, line 13)",
            },
        ],
        "cached": {"valid": False, "expiration": None, "why": "no session is cached"},
    }


def test_a_person_reads_each_request_and_the_decision(machine: Machine) -> None:
    done = machine.role_env("explain", "profileB", "--session-name", "me", "--duration", "900")
    assert done.stdout.splitlines() == [
        f"profileB: its credentials come from access_key_id of profileA ({machine.file}, line 2)",
        f"profileB: AssumeRole of {machine.sts.role_arn} for 900 s ({machine.file}, line 5)",
        f"  as me at {machine.sts.endpoint}",
        "a new session is requested: no session is cached",
    ]


def test_what_is_announced_happens(machine: Machine) -> None:
    assert not uses_cache(machine, "profileB")
    assert uses_cache(machine, "profileB")
    machine.file.touch()
    why = "who requests it, and what is requested, is the same"
    assert explained(machine, "profileB")["cached"]["why"] == why
    assert uses_cache(machine, "profileB")
    machine.add("[other]\n")
    assert uses_cache(machine, "profileB")
    assert not uses_cache(machine, "profileB", "--refresh")
    age(machine, 5)
    assert not uses_cache(machine, "profileB", "--min-ttl", "3599")
    assert not uses_cache(machine, "profileB", "--no-cache")
    assert not uses_cache(machine, "profileB", "--duration", "1200")
    assert uses_cache(machine, "profileB", "--duration", "1200")
    machine.write(machine.file.read_text("utf-8").replace("[profileB]", "[profileB]\nexternal_id = xy"))
    assert not uses_cache(machine, "profileB")
    assert uses_cache(machine, "profileB")
    machine.role_env("clear", "profileB")
    assert not uses_cache(machine, "profileB")


def test_each_source_is_explained_without_being_asked(machine: Machine) -> None:
    arn = machine.sts.role_arn
    key = {"access_key_id": machine.sts.access_key_id, "access_key_secret": machine.sts.access_key_secret}
    role = {"ram_role_arn": machine.sts.world.role("hub").arn, "ram_session_name": "cli"}
    profile = {"name": "default", "mode": "RamRoleArn", **key, **role}
    config = machine.write_cli_file({"current": "default", "profiles": [profile]})
    provider = machine.sts.oidc_provider_arn
    machine.add(
        f"[ecs]\nrole_arn = {arn}\ncredential_source = ecs_ram_role\n"
        f"[ci]\nrole_arn = {arn}\noidc_provider_arn = {provider}\noidc_token = github\n"
        f"[program]\nrole_arn = {arn}\ncredential_process = touch {machine.home}/ran\n"
        f"[environment]\nrole_arn = {arn}\ncredential_source = environment\n"
        f"[cli]\nrole_arn = {arn}\ncredential_source = aliyun_cli\n"
    )
    environ = {"ALIBABA_CLOUD_ACCESS_KEY_ID": key["access_key_id"]}
    environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = key["access_key_secret"]
    for name, kind in {
        "ecs": "ecs_ram_role",
        "ci": "oidc",
        "program": "credential_process",
        "environment": "environment",
    }.items():
        document = explained(machine, name, **environ)
        assert [(hop["profile"], hop["kind"], hop["role_arn"]) for hop in document["hops"]] == [(name, kind, arn)]
        assert str(machine.file) in document["hops"][0]["from"]
    assert explained(machine, "environment", **environ)["hops"][0]["from"].endswith("; ALIBABA_CLOUD_ACCESS_KEY_ID")
    machine.add("[job]\noidc_token = github\n")
    given = {"ALIBABA_CLOUD_ROLE_ARN": arn, "ALIBABA_CLOUD_OIDC_PROVIDER_ARN": provider}
    place = explained(machine, "job", **given)["hops"][0]["from"]
    assert place.endswith("; ALIBABA_CLOUD_ROLE_ARN; ALIBABA_CLOUD_OIDC_PROVIDER_ARN")
    hops = explained(machine, "cli")["hops"]
    assert [(hop["profile"], hop["kind"], hop["role_arn"]) for hop in hops] == [
        ("default", "access_key_id", role["ram_role_arn"]),
        ("cli", "source_profile", arn),
    ]
    assert str(config) in hops[0]["from"]
    assert not (machine.home / "ran").exists()
    assert not uses_cache(machine, "environment", **environ)
    assert uses_cache(machine, "environment", **environ)
    cached = explained(machine, "environment")["cached"]
    assert (cached["valid"], "the environment has no access key" in cached["why"]) == (False, True)


@pytest.mark.parametrize(
    ("profile", "status", "reported"),
    [("profileA", 3, "only a source"), ("profileX", 3, "there is no profile profileX"), ("-", 2, "")],
)
def test_what_cannot_be_asked_for_is_reported_as_when_it_is_asked_for(
    machine: Machine, profile: str, status: int, reported: str
) -> None:
    done = machine.role_env("explain", profile)
    assert (done.returncode, done.stdout, reported in done.stderr) == (status, "", True)
