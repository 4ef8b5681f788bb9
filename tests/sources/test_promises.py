"""Each source that a profile can choose keeps what every source promises."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud.cloud_sso_portal import CloudSsoPortal
from cloud.metadata_server import has_namespaces, in_namespace, relayed
from cloud.oauth_server import OAuthServer
from cloud.world import ACCOUNT_B
from role_env.sources import rows
from support.chains import key_document
from support.machine import Machine
from support.source_promises import SourcePromises, add_profile

Deed = Callable[[], object]


class TestFileKey(SourcePromises):
    """An access key in the profiles file, until its secret is another one's."""

    row, status = rows.FILE_KEY, 4

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        sts = machine.sts
        add_profile(machine, f"access_key_id = {sts.access_key_id}", f"access_key_secret = {sts.access_key_secret}")
        return lambda: machine.write(machine.file.read_text().replace(sts.access_key_secret, "another"))


class TestKeyring(SourcePromises):
    """An access key in the keyring, until `logout`."""

    row = rows.KEYRING

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        add_profile(machine)
        machine.log_in("p")
        return lambda: machine.succeeds("logout", "p")


class TestEnvironment(SourcePromises):
    """An access key in variables, until they are unset."""

    row = rows.ENVIRONMENT

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        add_profile(machine, "credential_source = environment")
        key = {"ID": machine.sts.access_key_id, "SECRET": machine.sts.access_key_secret}
        variables = {f"ALIBABA_CLOUD_ACCESS_KEY_{part}": value for part, value in key.items()}
        machine.environ |= variables
        return lambda: [machine.environ.pop(name) for name in variables]


@pytest.mark.skipif(not has_namespaces(), reason="no network namespaces for this user")
class TestEcsRole(SourcePromises):
    """The role of an instance, until its metadata service is switched off."""

    row = rows.ECS_ROLE

    @pytest.fixture
    def prefix(self, machine: Machine, tmp_path: Path) -> Iterator[tuple[str, ...]]:
        """Yield what puts a command into a network where the service is at its real address."""
        with relayed(tmp_path, machine.sts.port) as relay:
            yield tuple(in_namespace(relay=relay))

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        add_profile(machine, "credential_source = ecs_ram_role", "role_name = instance", role="spoke1")
        machine.add(f"[hub]\nrole_arn = {machine.sts.world.role('hub').arn}\nsource_profile = profileA\n")
        found = json.loads(machine.succeeds("export", "hub", "--format", "json").stdout)
        machine.sts.clear_calls()
        path, answer = "/latest/meta-data/ram/security-credentials/instance", {"Code": "Success", **found}
        machine.environ["METADATA_ANSWERS"] = json.dumps({path: [200, json.dumps(answer)]})
        return lambda: machine.environ.update(ALIBABA_CLOUD_ECS_METADATA_DISABLED="true")


class TestAliyunCli(SourcePromises):
    """A profile of the `aliyun` CLI, until its file is gone."""

    row = rows.ALIYUN_CLI

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        add_profile(machine, "credential_source = aliyun_cli")
        key = json.loads(key_document(machine, name="default"))
        return machine.write_cli_file({"current": "default", "profiles": [key]}).unlink


class TestProcess(SourcePromises):
    """A program that prints a key, until it fails."""

    row = rows.PROCESS

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        machine.environ["KEY"] = key_document(machine)
        program = machine.write_program("program", '#!/bin/sh\necho "$KEY"\n')
        add_profile(machine, f"credential_process = {program}")
        return lambda: machine.write_program("program", "#!/bin/sh\nexit 7\n")


class TestCloudSso(SourcePromises):
    """A CloudSSO portal, until `logout`."""

    row = rows.CLOUD_SSO

    @pytest.fixture
    def lose(self, machine: Machine, portal: CloudSsoPortal) -> Deed:
        machine.sts.world.role("switchRoleSbc").trusts.add(f"acs:ram::{ACCOUNT_B}:root")
        add_profile(machine, *portal.section().splitlines()[1:])
        machine.succeeds("login", "p")
        return lambda: machine.succeeds("logout", "p")


class TestOAuth(SourcePromises):
    """An OAuth sign-in, until `logout`."""

    row = rows.OAUTH

    @pytest.fixture
    def lose(self, machine: Machine, oauth: OAuthServer) -> Deed:
        machine.use_curl_as_browser()
        add_profile(machine, "oauth_site_type = CN")
        machine.succeeds("login", "p")
        machine.sts.clear_calls()
        return lambda: machine.succeeds("logout", "p")


class TestOidc(SourcePromises):
    """An OIDC token in a file, until that is gone."""

    row = rows.OIDC

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        token = machine.home / "token"
        token.write_text(machine.sts.oidc_token())
        provider = f"oidc_provider_arn = {machine.sts.oidc_provider_arn}"
        add_profile(machine, provider, f"oidc_token_file = {token}", role="ciDeploy")
        return token.unlink


def test_no_source_is_without_its_promises() -> None:
    assert [one.row for one in SourcePromises.__subclasses__()] == list(rows.ROWS)
