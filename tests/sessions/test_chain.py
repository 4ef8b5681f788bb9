"""Chains of roles through the installed command: how each is assumed, and what is cached."""

import json
from concurrent.futures import ThreadPoolExecutor

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


def test_sections_of_alibabas_own_file_give_sessions(machine: Machine) -> None:
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


def test_the_default_session_name_of_another_user_is_another_session(machine: Machine) -> None:
    for user in ("one", "one", "another"):
        assert exports(machine, "profileB", LOGNAME=user, USER=user)
    names = [call.session_name.partition("@")[0] for call in machine.sts.calls_of("AssumeRole")]
    assert names == ["one", "another"]
