"""Declare every credential source in one row of plain data.

To add a source, write its module and add its row to ROWS. No source is imported here: most modules import TLS, and a
profile has one source.
"""

from role_env import validators
from role_env.command_table.commands import NAMED_SOURCES
from role_env.dataclass import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


@dataclass(frozen=True)
class SourceRow:
    """A kind of credential source.

    A profile chooses it by the first of its `keys`, which have their checks, or by `credential_source = kind`.
    `made_by` is its class, `module.Class` in this folder. `hint` names the keys to add where there is no source.
    `choice` is the text with which `configure` offers it, empty if it does not, and `questions` are keys to ask
    for, each with its question.
    """

    kind: str
    """The name of the kind, as `list` and `explain` show it."""

    made_by: str
    keys: "Mapping[str, Callable[[str], Any]]"
    gives_session: bool | None = True
    """Whether its credentials are temporary, so that a profile without a role can pass them through.

    None if another file decides it.
    """

    is_cacheable: bool = True
    """Whether a passed-through session may be cached, because the source's identity also identifies the session."""

    request_name: str = "AssumeRole"
    """The request to STS that assumes a role with its credentials."""

    waits_for: str = ""
    """What the terminal shows during a wait for it; empty if there is no wait."""

    hint: str = ""
    choice: str = ""
    questions: "tuple[tuple[str, str], ...]" = ()

    @property
    def is_named(self) -> bool:
        """Whether `credential_source` names its kind."""
        return self.kind in NAMED_SOURCES

    @property
    def chooser(self) -> str:
        """The key that chooses it; empty for the default source of a profile without such a key."""
        return CREDENTIAL_SOURCE if self.is_named else next(iter(self.keys), "")

    def is_chosen_by(self, values: "Mapping[str, str]") -> bool:
        """Return whether the keys and values of a profile choose it."""
        return self.chooser in values and (not self.is_named or values[self.chooser] == self.kind)


SOURCE_PROFILE, CREDENTIAL_SOURCE = "source_profile", "credential_source"

FILE_KEY = SourceRow(
    "access_key_id",
    "access_key.FileKey",
    {
        "access_key_id": validators.key_id,
        "access_key_secret": validators.key_part,
        "security_token": validators.key_part,
    },
    gives_session=False,
    hint="access_key_id with access_key_secret",
)
KEYRING = SourceRow(
    "keyring",
    "access_key.KeyringKey",
    {},
    gives_session=False,
    choice="an access key, asked for next and stored in the keyring",
)
ENVIRONMENT = SourceRow(
    "environment",
    "environment.EnvironmentKey",
    {},
    gives_session=False,
    hint=CREDENTIAL_SOURCE,
    choice="the access key in the environment's variables",
)
ECS_ROLE = SourceRow(
    "ecs_ram_role",
    "ecs_metadata.EcsRole",
    {"role_name": validators.of_kind(validators.ROLE_NAME)},
    waits_for="this instance's metadata service",
    choice="the RAM role of this ECS instance",
)
ALIYUN_CLI = SourceRow(
    "aliyun_cli",
    "aliyun_cli.AliyunCliProfile",
    {"aliyun_profile": validators.one_line},
    gives_session=None,
)
PROCESS = SourceRow(
    "credential_process",
    "credential_process.Process",
    {"credential_process": validators.command},
    is_cacheable=False,
    waits_for="the credential process",
    hint="credential_process",
    choice="a program that prints credentials",
    questions=(("credential_process", "Command that prints the credentials as JSON"),),
)
CLOUD_SSO = SourceRow(
    "cloud_sso",
    "cloud_sso.CloudSso",
    {
        "cloud_sso_sign_in_url": str,
        "cloud_sso_account_id": validators.account_id,
        "cloud_sso_access_config": validators.access_configuration,
    },
    waits_for="CloudSSO",
    choice="CloudSSO, after a sign-in (role-env configure --cloud-sso URL offers every account)",
    questions=(
        ("cloud_sso_sign_in_url", "Sign-in URL of the portal"),
        ("cloud_sso_account_id", "ID of the account"),
        ("cloud_sso_access_config", "Access configuration, its name or ID"),
    ),
)
OAUTH = SourceRow(
    "oauth",
    "oauth.OAuth",
    {
        "oauth_site_type": validators.site_kind,
        "oauth_client_id": validators.pattern(r"[\w.-]{1,64}", "the ID of an OAuth application"),
    },
    waits_for="the OAuth sign-in",
    choice="OAuth, after a sign-in with your browser",
    questions=(("oauth_site_type", "Site, CN or INTL"),),
)
OIDC = SourceRow(
    "oidc",
    "oidc.OidcToken",
    {
        "oidc_provider_arn": validators.pattern(
            r"acs:ram::[0-9]{1,32}:oidc-provider/[A-Za-z0-9._-]{1,128}",
            "an OIDC provider's ARN, acs:ram::<account>:oidc-provider/<name>",
        ),
        "oidc_token_file": validators.one_line,
        "oidc_token_variable": validators.pattern(r"[A-Za-z_][A-Za-z0-9_]{0,127}", "the name of a variable"),
        "oidc_token": validators.token_kind,
        "oidc_audience": validators.one_line,
    },
    request_name="AssumeRoleWithOIDC",
    hint="oidc_provider_arn",
    choice="an OIDC token in a file, as in Kubernetes",
    questions=(("oidc_provider_arn", "ARN of the OIDC provider"), ("oidc_token_file", "File with the token")),
)
ROWS = (FILE_KEY, KEYRING, ENVIRONMENT, ECS_ROLE, ALIYUN_CLI, PROCESS, CLOUD_SSO, OAUTH, OIDC)
"""The sources that a profile can choose."""
BY_CHOOSER = {row.chooser: row for row in ROWS if not row.is_named}
"""The sources that one of their keys chooses, by that key; and the default source, by an empty text."""
NAMED = {row.kind: row for row in ROWS if row.is_named}
"""The sources that `credential_source` names."""

# The sources that only a profile of the `aliyun` CLI can choose.
ALIYUN_SIGN_IN = SourceRow("aliyun_cli", "aliyun_cli.SignedIn", {})
CREDENTIALS_URI = SourceRow(
    "credentials_uri",
    "credentials_uri.CredentialsUri",
    {},
    is_cacheable=False,
    waits_for="the credentials URI",
)

SOURCE_KEYS: "dict[str, Callable[[str], Any]]" = {
    SOURCE_PROFILE: validators.one_line,
    CREDENTIAL_SOURCE: validators.one_of(tuple(NAMED)),
    **{key: check for row in ROWS for key, check in row.keys.items()},
}
"""The keys of all credential sources, with their checks."""

CHOOSERS = {
    SOURCE_PROFILE: SOURCE_PROFILE,
    CREDENTIAL_SOURCE: CREDENTIAL_SOURCE,
    **{key: row.chooser for row in ROWS for key in row.keys},
}
"""The key that chooses the source of each of these keys. A profile uses the keys of one source."""
