"""When the cached session is used, when STS is asked, and what happens if STS cannot be reached."""

import os
from pathlib import Path

import pytest

from cloud.local_sts import LocalSts
from cloud.world import ACCOUNT_B, EXTERNAL_ID
from support.cached_sessions import age, asks, kept, put_instead
from support.machine import Machine
from support.waiting import wait_until


def edit(machine: Machine, old: str, new: str) -> None:
    """Replaces a text that the profiles file holds."""
    text = machine.file.read_text()
    assert old in text
    machine.write(text.replace(old, new))


# ---- what asks anew, and what does not ----


def test_a_changed_request_is_never_answered_from_the_old_session(machine: Machine) -> None:
    asks(machine, calls=1)
    for line in (
        'policy = {"Version": "1", "Statement": []}',
        "role_session_name = somebody",
        f"external_id = {EXTERNAL_ID}",
        "source_identity = somebody",
        "duration_seconds = 1800",
    ):
        machine.write(f"{machine.standard_profiles()}{line}\n")  # profileB is the last section
        asks(machine, calls=1)
        asks(machine, calls=0)


def test_a_changed_policy_file_is_never_answered_from_the_old_session(machine: Machine) -> None:
    policy = machine.file.with_name("policy.json")
    policy.write_text('{"Version": "1", "Statement": []}')
    machine.add("policy_file = policy.json\n")
    asks(machine, calls=1)
    asks(machine, calls=0)
    policy.write_text('{"Version": "1", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}')
    asks(machine, calls=1)
    assert "Deny" in machine.sts.issued[-1].policy


def test_another_role_is_never_answered_from_the_old_session(machine: Machine) -> None:
    """tests/sessions/test_chain.py checks the same for another source key."""
    asks(machine, calls=1)
    edit(machine, "role/switchrolesbc", "role/longsession")
    assert "role/longsession" in asks(machine, calls=1)


def test_another_endpoint_is_never_answered_from_the_old_session(machine: Machine, tmp_path: Path) -> None:
    asks(machine, calls=1)
    with LocalSts(tmp_path / "other") as other:
        done = machine.role_env("profileB", ALIBABA_CLOUD_STS_ENDPOINT=other.endpoint, SSL_CERT_FILE=str(other.ca_file))
        assert done.returncode == 4  # the key is not known there
        assert other.requests_seen == 1
    edit(machine, "[profileB]", f"[profileB]\nsts_endpoint = {machine.sts.endpoint}")
    asks(machine, calls=0)


def test_a_touched_file_is_read_once_and_asks_nothing(machine: Machine) -> None:
    asks(machine, calls=1)
    os.utime(machine.file, (1, 1))
    machine.settle()
    assert "what is requested, is the same" in machine.role_env("profileB", "--verbose").stderr
    assert "nothing that it was made from has changed" in machine.role_env("profileB", "--verbose").stderr
    assert len(machine.sts.calls) == 1


def test_what_is_only_exported_asks_nothing_when_it_changes(machine: Machine) -> None:
    asks(machine, calls=1)
    exported = '"RegionId": "ap-southeast-1"'
    for line, word in (("region_id = ap-southeast-1", exported), ("color = red", ""), ("variables = oss", "")):
        machine.write(f"{machine.standard_profiles()}{line}\n")
        for _ in range(2):
            assert word in asks(machine, calls=0), line
    machine.write(f"{machine.standard_profiles()}variables = plain\n")
    assert "\nAccessKeySecret=" in machine.succeeds("exec", "profileB", "env").stdout


def test_the_region_option_is_exported_and_asks_nothing(machine: Machine) -> None:
    asks(machine, calls=1)
    assert '"RegionId": "eu-central-1"' in asks(machine, "--region", "eu-central-1", calls=0)
    assert '"RegionId": null' in asks(machine, calls=0)


def test_sessions_of_other_durations_and_names_are_cached_separately(machine: Machine) -> None:
    asks(machine, calls=1)
    asks(machine, "--duration", "1200", calls=1)
    asks(machine, "--session-name", "somebody", calls=1)
    for options in ((), ("--duration", "1200"), ("--session-name", "somebody")):
        asks(machine, *options, calls=0)
    assert [call.duration for call in machine.sts.calls] == ["3600", "1200", "3600"]


def test_refresh_caches_a_new_session_or_fails(machine: Machine) -> None:
    asks(machine, calls=1)
    asks(machine, "--refresh", calls=1)
    assert machine.sts.issued[-1].token in asks(machine, calls=0)
    machine.sts.fault("503", times=None)
    assert machine.role_env("profileB", "--refresh").returncode == 5


def test_no_cache_neither_reads_nor_writes(machine: Machine) -> None:
    asks(machine, "--no-cache", calls=1)
    asks(machine, calls=1)
    asks(machine, "--no-cache", calls=1)
    first, second, third = machine.sts.issued
    assert second.token in asks(machine, calls=0)
    assert not {first.token, third.token} & {item.secret.decode() for item in machine.bus.items()}


def test_min_ttl_renews_a_session_that_has_less_left(machine: Machine) -> None:
    machine.sts.session_seconds = 1000
    asks(machine, calls=1)
    asks(machine, "--min-ttl", "900", calls=0)
    asks(machine, "--min-ttl", "1001", calls=1)


def test_a_passed_through_session_that_has_less_than_min_ttl_left_is_refused(machine: Machine) -> None:
    machine.sts.session_seconds = 1000
    machine.add("[lent]\ncredential_process = role-env process profileB\n")
    machine.succeeds("lent", "--min-ttl", "900")
    machine.fails("lent", "--min-ttl", "1001", status=3, said="seconds left, and --min-ttl is 1001")


def test_an_impossible_duration_is_a_usage_error_with_and_without_a_cached_session(machine: Machine) -> None:
    for calls in (1, 0):
        for option in (("--min-ttl", "3600"), ("--min-ttl", "99999"), ("--duration", "0")):
            assert machine.role_env("profileB", *option).returncode == 2, option
        asks(machine, calls=calls)


# ---- the renewal window ----


WINDOW = [(3600, 3240, 0, 0), (3600, 3320, 1, 0), (900, 690, 0, 0), (900, 710, 0, 1), (900, 740, 1, 0)]


@pytest.mark.parametrize(("life", "passed", "calls", "of_process"), WINDOW)
def test_a_session_is_renewed_in_its_last_fifth_at_most_five_minutes_and_for_programs_200_seconds_before_its_end(
    machine: Machine, life: int, passed: int, calls: int, of_process: int
) -> None:
    machine.sts.session_seconds = life
    asks(machine, calls=1)
    age(machine, passed)
    asks(machine, calls=calls)
    machine.succeeds("process", "profileB")
    assert len(machine.sts.issued) == 1 + calls + of_process


def test_a_session_of_a_clock_that_was_set_back_is_not_trusted(machine: Machine) -> None:
    asks(machine, calls=1)
    age(machine, -7200)
    asks(machine, calls=1)
    asks(machine, calls=0)


def test_a_changed_region_is_exported_even_while_sts_cannot_be_reached(machine: Machine) -> None:
    asks(machine, calls=1)
    age(machine, 3400)
    machine.add("region_id = ap-southeast-1\n")
    machine.sts.fault("html-200", times=None)
    done = machine.role_env("export", "profileB", "--format", "json")
    assert (done.returncode, '"RegionId": "ap-southeast-1"' in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("passed", "fault", "status"), [(3601, "503", 5), (3400, "code:NoPermission:403", 4)], ids=["expired", "refused"]
)
def test_an_expired_session_is_never_used_and_a_refused_renewal_is_reported_at_once(
    machine: Machine, passed: int, fault: str, status: int
) -> None:
    asks(machine, calls=1)
    age(machine, passed)
    machine.sts.fault(fault, times=None, action="AssumeRole")
    assert machine.role_env("profileB").returncode == status


def test_a_holder_of_a_good_session_does_not_wait_for_another_ones_renewal(machine: Machine) -> None:
    asks(machine, calls=1)
    age(machine, 3400)
    machine.sts.fault("delay:60", times=1)
    first = machine.start("profileB")
    wait_until(lambda: len(machine.sts.calls) == 2)
    assert machine.sts.issued[0].token in asks(machine, calls=0)
    machine.sts.heal()
    first.communicate(timeout=60)
    assert first.returncode == 0


# ---- whose session it may be ----


def test_a_cached_session_that_names_another_role_or_profile_is_not_used(machine: Machine) -> None:
    asks(machine, calls=1)
    for right, wrong in (("role/switchrolesbc", "role/hub"), ("\nprofileB\n", "\nprofileC\n")):
        put_instead(machine, kept(machine).secret.decode().replace(right, wrong))
        asks(machine, calls=1)


def test_a_session_of_another_account_than_expected_is_refused_unasked(machine: Machine) -> None:
    for calls in (0, 1):  # without a cached session, and with one
        said = f"profile profileB is of account {ACCOUNT_B}, "
        machine.fails("profileB", "--expect-account", "9999", status=4, said=f"{said}not of 9999")
        machine.add("expected_account_id = 9999\n")
        machine.fails("profileB", status=4, said=f"{said}not of 9999")
        assert len(machine.sts.calls) == calls
        machine.write(machine.standard_profiles())
        asks(machine, "--expect-account", ACCOUNT_B, calls=1 - calls)


# ---- many at once ----


def test_many_refreshes_at_once_share_calls_and_none_gets_the_old_session(machine: Machine) -> None:
    asks(machine, calls=1)
    machine.sts.fault("delay:1", times=None)
    begun = [machine.start("export", "profileB", "--format", "json", "--refresh") for _ in range(10)]
    for process in begun:
        out, err = process.communicate(timeout=60)
        assert (machine.sts.issued[0].token in out, err) == (False, "")
    assert len(machine.sts.calls) - 1 < 10


@pytest.mark.parametrize(
    ("options", "decision"),
    [
        ((), "the cached session is used: nothing that it was made from has changed"),
        (("--refresh",), "a new session is requested: the cached one was issued before this request"),
        (("--no-cache",), "a new session is requested: the cache is not used"),
        (("--duration", "900"), "a new session is requested: no session is cached"),
    ],
)
def test_verbose_says_what_is_done_about_the_cached_session_and_why(
    machine: Machine, options: tuple[str, ...], decision: str
) -> None:
    machine.settle()
    machine.succeeds("profileB")
    assert f"role-env: profileB: {decision}\n" in machine.succeeds("profileB", "--verbose", *options).stderr
