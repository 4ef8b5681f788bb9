"""Say which class of credential source the keys of a profile choose, without an import of any.

To add a source, write its class, a subclass of `Source`, in a module of this folder, and add its line to SOURCES. The
class has everything else. `profiles.profile` imports it when a profile chooses it: all of them import 70 modules.
"""

from role_env.command_table.commands import NAMED_SOURCES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCES = {
    "access_key_id": ("access_key.FileKey", "access_key_id", "access_key_secret", "security_token"),
    "keyring": ("access_key.KeyringKey",),
    "environment": ("environment.EnvironmentKey",),
    "ecs_ram_role": ("ecs_metadata.EcsRole", "role_name"),
    "aliyun_cli": ("aliyun_cli.AliyunCliProfile", "aliyun_profile"),
    "credential_process": ("credential_process.Process", "credential_process"),
    "cloud_sso": ("cloud_sso.CloudSso", "cloud_sso_sign_in_url", "cloud_sso_account_id", "cloud_sso_access_config"),
    "oauth": ("oauth.OAuth", "oauth_site_type", "oauth_client_id"),
    "oidc": (
        "oidc.OidcToken",
        "oidc_provider_arn",
        "oidc_token_file",
        "oidc_token_variable",
        "oidc_token",
        "oidc_audience",
    ),
    "saml": ("saml.SamlAssertion", "saml_provider_arn", "saml_process"),
}
"""Each kind of source: its class, `module.Class` in this folder, and the keys of a profile that choose it."""
DEFAULT = "keyring"
"""The kind of a profile that chooses no source: its access key is in the keyring, or nowhere."""
ALIYUN_CLI = "aliyun_cli"
"""The kind that another file decides: whether its profile gives a session is not known by its keys."""
LONG_LIVED = ("access_key_id", DEFAULT, "environment")
"""The kinds whose credentials do not expire, so that a profile without a role does not hand them out."""

SOURCE_PROFILE, CREDENTIAL_SOURCE = "source_profile", "credential_source"
KIND_OF_KEY = {key: kind for kind, (_, *keys) in SOURCES.items() for key in keys}
"""The kind of source that each key belongs to, apart from the two keys above."""


def keys_of(kind: str) -> "tuple[str, ...]":
    """Return the keys of a profile that belong to the sources `kind`."""
    return SOURCES[kind][1:]


def chooser_of(kind: str) -> str:
    """Return the key that chooses the source `kind`; empty for DEFAULT, which is chosen by the absence of all keys."""
    if kind in NAMED_SOURCES:
        return CREDENTIAL_SOURCE
    return "".join(keys_of(kind)[:1])


CHOOSERS = {
    SOURCE_PROFILE: SOURCE_PROFILE,
    CREDENTIAL_SOURCE: CREDENTIAL_SOURCE,
    **{key: chooser_of(kind) for key, kind in KIND_OF_KEY.items()},
}
"""The key that chooses the source of each of these keys. A profile uses the keys of one source."""


def kind_of(values: "Mapping[str, str]") -> str:
    """Return the kind of source that the keys and values of a profile without `source_profile` choose."""
    return values.get(CREDENTIAL_SOURCE) or next((KIND_OF_KEY[key] for key in values if key in KIND_OF_KEY), DEFAULT)
