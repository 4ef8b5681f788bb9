"""The keys of a section that choose the credential source.

Each source's module is imported where it is used: most bring TLS along, and a profile has one.
"""

from role_env import validators
from role_env.credentials import AccessKey
from role_env.errors import ProfileError
from role_env.fingerprint import Fingerprint
from role_env.sources.base import Source
from role_env.sources.section import Section

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def parse(section: Section, values: "Mapping[str, Any]", fingerprint: Fingerprint) -> "dict[str, Any]":
    """Return the one source that the section chooses, as fields of Profile; `values` are its checked keys.

    Raises ProfileError.
    """
    chosen = {validators.SOURCES[key]: key for key in values if key in validators.SOURCES}
    if len(chosen) > 1:
        first, second = sorted(chosen.values())[:2]
        raise section.error(first, f"and {second} both choose a credential source", hint="keep one")
    kind = next(iter(chosen), "access_key_id")
    if kind == "source_profile":
        if "role_arn" not in values:
            raise section.error("source_profile", "requires role_arn", hint="add the role_arn to assume")
        return {"source_profile": values["source_profile"]}
    if kind == "oidc_provider_arn":
        return _oidc(section, values, fingerprint)
    if kind == "cloud_sso_sign_in_url":
        return _cloud_sso(section, values, fingerprint)
    if kind == "oauth_site_type":
        return {"source": _oauth(section, values, fingerprint)}
    if kind == "credential_process":
        from role_env.sources.credential_process import Process

        return {"source": Process(section.name, section.where_is(kind), values[kind])}
    if kind == "credential_source":
        return {"source": _credential_source(section, values, chosen[kind])}
    return {"source": _access_key(section, values)}


def _credential_source(section: Section, values: "Mapping[str, str]", first: str) -> Source:
    """Return the source of environment, ecs_ram_role or aliyun_cli, each with no more than its own key."""
    chosen = values.get("credential_source")
    where = section.where_is("credential_source")
    own_keys = {"ecs_ram_role": "role_name", "aliyun_cli": "aliyun_profile"}
    if chosen is None:
        raise section.error(first, "requires credential_source", hint="add credential_source")
    for owner, key in own_keys.items():
        if key in values and chosen != owner:
            raise section.error(key, f"requires credential_source = {owner}", hint="remove one of the two")
    if chosen == "ecs_ram_role":
        from role_env.sources.ecs_metadata import EcsRole

        return EcsRole(section.name, where, values.get("role_name", ""))
    if chosen == "aliyun_cli":
        from role_env.sources.aliyun_cli import AliyunCliProfile

        settings = values.get("sts_endpoint", ""), values.get("sts_region", "")
        return AliyunCliProfile(section.name, where, values.get("aliyun_profile", ""), sts_settings=settings)
    from role_env.sources.environment import EnvironmentKey

    return EnvironmentKey(section.name, where)


def _cloud_sso(section: Section, values: "Mapping[str, str]", fingerprint: Fingerprint) -> "dict[str, Any]":
    """Return the access configuration; without a role, a session of another account than its own is refused."""
    from role_env.sources.cloud_sso import CloudSso
    from role_env.sources.sign_in_hosts import ALLOWED_HOST, check_url

    for key in ("cloud_sso_sign_in_url", "cloud_sso_account_id", "cloud_sso_access_config"):
        if key not in values:
            raise _missing(section, key, "add it, or run: role-env configure --cloud-sso URL")
    key = "cloud_sso_sign_in_url"
    try:
        url = check_url(values[key], fingerprint.variable(ALLOWED_HOST))
    except ValueError as error:
        raise section.error(key, str(error)) from None
    account = values["cloud_sso_account_id"]
    source = CloudSso(section.name, section.where_is(key), url, account, values["cloud_sso_access_config"])
    checked = {} if "role_arn" in values else {"expected_account_id": values.get("expected_account_id", account)}
    return {"source": source, **checked}


def _oauth(section: Section, values: "Mapping[str, str]", fingerprint: Fingerprint) -> Source:
    """Return the user's own session."""
    from role_env.sources.oauth import OAuth
    from role_env.sources.sign_in_hosts import ENDPOINTS, find_site

    if "oauth_site_type" not in values:
        raise section.error("oauth_client_id", "requires oauth_site_type", hint="add oauth_site_type = CN or INTL")
    endpoints = fingerprint.variable(ENDPOINTS)
    site = find_site(values["oauth_site_type"], values.get("oauth_client_id", ""), endpoints)
    return OAuth(section.name, section.where_is("oauth_site_type"), section.path, site)


def _oidc(section: Section, values: "Mapping[str, Any]", fingerprint: Fingerprint) -> "dict[str, Any]":
    """Return the token's source and the role. The SDKs' own variables serve where a key is absent."""
    from role_env.sources.oidc import OidcToken

    tokens = [key for key in ("oidc_token", "oidc_token_file", "oidc_token_variable") if key in values]
    if len(tokens) > 1:
        raise section.error(tokens[0], f"and {tokens[1]} are both set", hint="keep one")
    if "oidc_audience" in values and "oidc_token" not in values:
        raise section.error("oidc_audience", "requires oidc_token", hint="add oidc_token = github, or remove it")
    required = ("role_arn", "oidc_provider_arn", *(tokens or ["oidc_token_file"]))
    absent = {key: f"ALIBABA_CLOUD_{key.upper()}" for key in required if key not in values}
    found = dict(values)
    for key, name in absent.items():
        found[key] = _from_variable(section, key, name, fingerprint)
    source = OidcToken(
        section.name,
        section.where_is(next(key for key in values if key.startswith("oidc_"))),
        found["oidc_provider_arn"],
        section.resolve_path("oidc_token_file", found["oidc_token_file"]) if "oidc_token_file" in found else None,
        audience=values.get("oidc_audience", ""),
        variables=tuple(absent.values()),
        token_variable=values.get("oidc_token_variable", ""),
    )
    fields: dict[str, Any] = {"source": source, "role_arn": found["role_arn"]}
    name = "" if "role_session_name" in values else fingerprint.variable("ALIBABA_CLOUD_ROLE_SESSION_NAME")
    if name:
        fields["role_session_name"] = _check_variable("role_session_name", name)
    return fields


def _from_variable(section: Section, key: str, name: str, fingerprint: Fingerprint) -> "Any":
    text = fingerprint.variable(name)
    if not text:
        hint = f"add the key, or set {name}"
        if fingerprint.variable("ROLE_ENV_PROFILE"):
            hint = f"add the key: a session unsets {name} in its shell"
        raise _missing(section, key, hint)
    return _check_variable(key, text)


def _check_variable(key: str, text: str) -> "Any":
    try:
        return validators.KEYS[key](text)
    except ValueError as error:
        raise ProfileError(f"the variable ALIBABA_CLOUD_{key.upper()} {error}") from None


def _access_key(section: Section, values: "Mapping[str, str]") -> Source:
    """Return the key in the file or, if its secret is not there, the one in the keyring."""
    if "access_key_secret" in values or "security_token" in values:
        for name in ("access_key_id", "access_key_secret"):
            if name not in values:
                raise _missing(section, name, "give access_key_id and access_key_secret together")
        from role_env.sources.access_key import FileKey

        key = AccessKey(values["access_key_id"], values["access_key_secret"], values.get("security_token", ""))
        return FileKey(section.name, section.where_is("access_key_id"), key)
    from role_env.sources.keyring import KeyringKey

    return KeyringKey(section.name, section.where_is("access_key_id"), section.path, values.get("access_key_id", ""))


def _missing(section: Section, key: str, hint: str) -> ProfileError:
    return ProfileError(f"profile {section.name}: {key} is missing ({section.where})", hint=hint)
