"""Each source that a profile can choose keeps what every source promises."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud.cloud_sso_portal import CloudSsoPortal
from cloud.metadata_server import has_namespaces, in_namespace, relayed
from cloud.oauth_server import OAuthServer
from cloud.world import ACCOUNT_B
from role_env.profiles.profile import class_of
from role_env.sources import registry
from support.chains import key_document
from support.machine import ROLE_ENV, Machine

Deed = Callable[[], object]


def add_profile(machine: Machine, *keys: str, role: str = "switchRoleSbc") -> None:
    """Add the profile p, which assumes the role from the source that the keys choose."""
    machine.add("\n".join(("[p]", f"role_arn = {machine.sts.world.role(role).arn}", *keys, "")))


class SourcePromises:
    """What every credential source promises through the installed command.

    A class that inherits it has the kind of its source, and a fixture `lose`: it makes the profile p of that source,
    and gives what takes the source's credentials away, which ends p with `status`.
    """

    kind: str
    status = 3

    @pytest.fixture
    def prefix(self) -> tuple[str, ...]:
        """Return what goes before a command that asks the source."""
        return ()

    @pytest.mark.usefixtures("lose")
    def test_its_role_is_assumed_once_and_the_session_cached(self, machine: Machine, prefix: tuple[str, ...]) -> None:
        first, second = (machine.run(*prefix, ROLE_ENV, "export", "p", "--format", "json") for _ in range(2))
        assert (first.returncode, first.stderr) == (second.returncode, second.stderr) == (0, "")
        issued = machine.sts.issued[-1]
        assert json.loads(first.stdout)["AccessKeyId"] == json.loads(second.stdout)["AccessKeyId"] == issued.id
        (call,) = machine.sts.calls_of(class_of(self.kind).request_name)
        assert call.role_arn.lower() == json.loads(first.stdout)["RoleArn"].lower()

    @pytest.mark.usefixtures("lose")
    def test_list_shows_its_kind(self, machine: Machine) -> None:
        (shown,) = (row for row in json.loads(machine.succeeds("list", "--json").stdout) if row["profile"] == "p")
        assert shown["source"] == self.kind

    def test_what_takes_its_credentials_away_is_reported_with_the_profile_and_its_line(
        self, machine: Machine, lose: Deed
    ) -> None:
        lose()
        before = len(machine.sts.issued)
        machine.refuses("p", self.status, "profile p", f"{machine.file}, line ", ROLE_ENV_CACHE="none")
        assert len(machine.sts.issued) == before


class TestFileKey(SourcePromises):
    """An access key in the profiles file, until its secret is another one's."""

    kind, status = "access_key_id", 4

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        sts = machine.sts
        add_profile(machine, f"access_key_id = {sts.access_key_id}", f"access_key_secret = {sts.access_key_secret}")
        return lambda: machine.write(machine.file.read_text().replace(sts.access_key_secret, "another"))


class TestKeyring(SourcePromises):
    """An access key in the keyring, until `logout`."""

    kind = "keyring"

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        add_profile(machine)
        machine.log_in("p")
        return lambda: machine.succeeds("logout", "p")


class TestEnvironment(SourcePromises):
    """An access key in variables, until they are unset."""

    kind = "environment"

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

    kind = "ecs_ram_role"

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

    kind = "aliyun_cli"

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        add_profile(machine, "credential_source = aliyun_cli")
        key = json.loads(key_document(machine, name="default"))
        return machine.write_cli_file({"current": "default", "profiles": [key]}).unlink


class TestProcess(SourcePromises):
    """A program that prints a key, until it fails."""

    kind = "credential_process"

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        machine.environ["KEY"] = key_document(machine)
        program = machine.write_program("program", '#!/bin/sh\necho "$KEY"\n')
        add_profile(machine, f"credential_process = {program}")
        return lambda: machine.write_program("program", "#!/bin/sh\nexit 7\n")


class TestCloudSso(SourcePromises):
    """A CloudSSO portal, until `logout`."""

    kind = "cloud_sso"

    @pytest.fixture
    def lose(self, machine: Machine, portal: CloudSsoPortal) -> Deed:
        machine.sts.world.role("switchRoleSbc").trusts.add(f"acs:ram::{ACCOUNT_B}:root")
        add_profile(machine, *portal.section().splitlines()[1:])
        machine.succeeds("login", "p")
        return lambda: machine.succeeds("logout", "p")


class TestOAuth(SourcePromises):
    """An OAuth sign-in, until `logout`."""

    kind = "oauth"

    @pytest.fixture
    def lose(self, machine: Machine, oauth: OAuthServer) -> Deed:
        machine.use_curl_as_browser()
        add_profile(machine, "oauth_site_type = CN")
        machine.succeeds("login", "p")
        machine.sts.clear_calls()
        return lambda: machine.succeeds("logout", "p")


class TestOidc(SourcePromises):
    """An OIDC token in a file, until that is gone."""

    kind = "oidc"

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        token = machine.home / "token"
        token.write_text(machine.sts.oidc_token())
        provider = f"oidc_provider_arn = {machine.sts.oidc_provider_arn}"
        add_profile(machine, provider, f"oidc_token_file = {token}", role="ciDeploy")
        return token.unlink


class TestSaml(SourcePromises):
    """A program that prints a SAML response."""

    kind = "saml"

    @pytest.fixture
    def lose(self, machine: Machine) -> Deed:
        (provider,) = machine.sts.world.saml_providers.values()
        response = provider.response([machine.sts.world.role("employees").arn])
        program = machine.write_program("sign-in", f"#!/bin/sh\necho {response}\n")
        add_profile(machine, f"saml_provider_arn = {provider.arn}", f"saml_process = {program}", role="employees")
        return lambda: machine.write_program("sign-in", "#!/bin/sh\nexit 7\n")


def test_no_source_is_without_its_promises() -> None:
    promising = [one.kind for one in SourcePromises.__subclasses__()]
    assert promising == list(registry.SOURCES), "add a class with the kind of the source here, in the registry's order"
