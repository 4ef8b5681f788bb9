"""Chains of roles through the installed command: how each is assumed, and what is cached."""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloud.metadata_server import has_namespaces, in_namespace, relayed
from support.cached_sessions import exports
from support.chains import add_profile, assumed, write_spokes
from support.files import write_private
from support.machine import Machine
from support.profiles_folder import ALIBABAS, ARN, PROVIDER, SECRET


def test_ten_spokes_cost_one_call_for_the_hub_whose_own_session_is_the_same(machine: Machine) -> None:
    write_spokes(machine)
    hub = exports(machine, "hub")
    for number in range(1, 11):
        assert exports(machine, f"spoke{number}")["RoleArn"].endswith(f"spoke{number}")
    assert assumed(machine) == ["hub", *(f"spoke{number}" for number in range(1, 11))]  # one call for the hub
    assert exports(machine, "hub") == hub
    machine.role_env("clear", "hub")
    exports(machine, "spoke2", "--refresh")
    assert exports(machine, "hub") != hub
    assert assumed(machine) == ["hub", "spoke2"]


def test_the_same_file_by_way_of_two_symlinks_names_other_files_beside_it(machine: Machine) -> None:
    text = machine.file.read_text().replace("[profileB]\n", "[profileB]\npolicy_file = policy.json\n")
    machine.write(text)
    asked = []
    for name in ("ecs", "oss"):
        folder = machine.home / name
        folder.mkdir()
        (folder / "profiles.ini").symlink_to(machine.file)
        statement = {"Effect": "Allow", "Action": f"{name}:*", "Resource": "*"}
        (folder / "policy.json").write_text(json.dumps({"Version": "1", "Statement": [statement]}))
        for _ in range(2):
            exports(machine, "profileB", ROLE_ENV_CONFIG=str(folder / "profiles.ini"))
            assert machine.role_env("profileB", ROLE_ENV_CONFIG=str(folder / "profiles.ini")).returncode == 0
        asked += [call.policy for call in machine.sts.calls_of("AssumeRole")]
        machine.sts.clear_calls()
    assert ["ecs" in policy for policy in asked] == [True, False]


def test_refresh_and_options_concern_the_profile_asked_for_and_not_the_roles_on_the_way(machine: Machine) -> None:
    write_spokes(machine)
    exports(machine, "spoke1")
    exports(machine, "spoke1", "--refresh")
    exports(machine, "spoke1", "--duration", "900")
    exports(machine, "spoke1", "--session-name", "other")
    assert assumed(machine) == ["hub", "spoke1", "spoke1", "spoke1", "spoke1"]
    for _ in range(2):  # and without the cache every role is asked for
        exports(machine, "spoke1", "--no-cache")
        assert assumed(machine) == ["hub", "spoke1"]


def test_another_key_at_the_beginning_is_another_session_all_along(machine: Machine) -> None:
    write_spokes(machine)
    exports(machine, "spoke1")
    user = machine.sts.world.key_of("test_user1")
    other = machine.sts.world.add_key(user.account, user.user)
    text = machine.file.read_text("utf-8").replace(machine.sts.access_key_id, other.id)
    machine.write(text.replace(machine.sts.access_key_secret, other.secret))
    exports(machine, "spoke1")
    assert assumed(machine) == ["hub", "spoke1"] * 2


def test_a_role_on_the_way_whose_session_was_ended_is_assumed_anew_once(machine: Machine) -> None:
    write_spokes(machine)
    exports(machine, "spoke1")
    machine.sts.fault("code:InvalidSecurityToken.Expired:403", times=1, action="AssumeRole")
    assumed(machine)
    exports(machine, "spoke2")
    assert assumed(machine) == ["spoke2", "hub", "spoke2"]
    machine.sts.fault("code:InvalidSecurityToken.Expired:403", times=None, action="AssumeRole")
    machine.refuses("spoke3", 4, "InvalidSecurityToken.Expired")
    assert assumed(machine) == ["spoke3", "hub"]


def test_twenty_at_once_of_ten_spokes_make_eleven_calls(machine: Machine) -> None:
    write_spokes(machine)
    machine.sts.fault("delay:0.3", times=None)
    with ThreadPoolExecutor(20) as pool:
        assert len(list(pool.map(lambda number: exports(machine, f"spoke{number % 10 + 1}"), range(20)))) == 20
    assert sorted(assumed(machine)) == sorted(["hub", *(f"spoke{number}" for number in range(1, 11))])


def test_a_chain_of_five_roles_is_assumed_in_order(machine: Machine) -> None:
    source = "profileA"
    for name in (f"chain{number}" for number in range(1, 6)):
        add_profile(machine, name, name, f"source_profile = {source}")
        source = name
    assert exports(machine, "chain5")["RoleArn"].endswith("chain5")
    assert assumed(machine) == [f"chain{number}" for number in range(1, 6)]
    exports(machine, "chain3")
    assert assumed(machine) == []


def test_alibabas_own_file_works_unchanged(machine: Machine) -> None:
    machine.file.unlink()
    token = machine.home / "token"
    token.write_text(machine.sts.oidc_token())
    text = ALIBABAS.replace("LTAI5tExample", machine.sts.access_key_id).replace(SECRET, machine.sts.access_key_secret)
    head, oidc, rest = text.partition("[oidc]")
    rest = rest.replace(ARN, machine.sts.world.role("cideploy").arn).replace(PROVIDER, machine.sts.oidc_provider_arn)
    rest = rest.replace("/run/token", str(token))
    write_private(machine.home / ".alibabacloud" / "credentials.ini", f"{head}{oidc}{rest}")
    exports(machine, "role")
    exports(machine, "oidc")
    assert [call.session_name for call in machine.sts.calls_of("AssumeRole")] == ["session"]
    assert [call.session_name for call in machine.sts.calls_of("AssumeRoleWithOIDC")] == ["pod"]
    machine.refuses("ecs", 3, "profile ecs", "METADATA", ALIBABA_CLOUD_ECS_METADATA_DISABLED="true")


def test_a_service_role_of_an_instance_assumes_the_next_role(machine: Machine, tmp_path: Path) -> None:
    if not has_namespaces():
        pytest.skip("no network namespaces for this user; test_ecs_metadata.py asks one on loopback")
    add_profile(machine, "hub", "hub")
    instance = exports(machine, "hub")
    add_profile(machine, "far", "spoke1", "credential_source = ecs_ram_role")
    machine.add("[instance]\ncredential_source = ecs_ram_role\nrole_name = instance-role\n")
    answer = {key: instance[key] for key in ("AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration")}
    path = "/latest/meta-data/ram/security-credentials/instance-role"
    environ = {"METADATA_ANSWERS": json.dumps({path: [200, json.dumps({"Code": "Success", **answer})]})}
    assumed(machine)
    with relayed(tmp_path, machine.sts.port) as relay:
        done = machine.run(*in_namespace("role-env", "far", "--format", "json", relay=relay), **environ)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["RoleArn"].endswith("spoke1")
        assert assumed(machine) == ["spoke1"]
        done = machine.run(*in_namespace("role-env", "instance", "--format", "json", relay=relay), **environ)
        assert json.loads(done.stdout)["AccessKeyId"] == instance["AccessKeyId"]
    exports(machine, "far")  # a cached session needs no metadata service


def test_the_default_session_name_of_another_user_is_another_session(machine: Machine) -> None:
    for user in ("one", "one", "another"):
        assert exports(machine, "profileB", LOGNAME=user, USER=user)
    names = [call.session_name.partition("@")[0] for call in machine.sts.calls_of("AssumeRole")]
    assert names == ["one", "another"]


WHOLE_SECONDS = """\
import os

class Status:
    def __init__(self, status):
        self.__dict__ |= {name: getattr(status, name) for name in dir(status) if name.startswith("st_")}
        self.st_ctime_ns = self.st_mtime_ns = status.st_mtime_ns // 10**9 * 10**9

for name in ("stat", "fstat"):
    setattr(os, name, lambda *words, real=getattr(os, name), **more: Status(real(*words, **more)))
"""
"""Python's start-up file for a file system whose times are whole seconds, and where nobody waits for the clock."""


def test_where_times_are_whole_seconds_an_edit_of_the_same_length_within_one_is_seen(
    machine: Machine, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(WHOLE_SECONDS)
    machine.environ["PYTHONPATH"] = str(tmp_path)
    roles = [machine.sts.world.role(name).arn for name in ("spoke1", "spoke2")]
    text = machine.standard_profiles().partition("[profileB]")[0]
    text += f"[hub]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = profileA\n"
    now = int(time.time()) + 60  # by the clock of this file system the file stays young
    stats = []
    for role in roles:
        machine.write(f"{text}[profileB]\nrole_arn = {role}\nsource_profile = hub\n")
        os.utime(machine.file, (now, now))
        stats.append(machine.file.stat())
        assert exports(machine, "profileB")["RoleArn"] == role
    # Only a finer clock tells the two files apart.
    names = ("st_ino", "st_size", "st_mode", "st_mtime_ns")
    assert [getattr(stats[0], name) for name in names] == [getattr(stats[1], name) for name in names]
