"""The source of a profile: what a section's keys say of where its credentials come from."""

from collections.abc import Mapping
from typing import Any

from role_env import validators as keys
from role_env.credentials import AccessKey
from role_env.errors import ProfileError
from role_env.fingerprint import Origin
from role_env.profiles.ini import Section
from role_env.sources import base as sources
from role_env.sources.base import Source


def fields(section: Section, values: Mapping[str, Any], origin: Origin) -> dict[str, Any]:
    """The one source that the section names, as fields of Profile; `values` are its checked keys.

    Raises ProfileError.
    """
    named = {keys.SOURCES[key]: key for key in values if key in keys.SOURCES}
    if len(named) > 1:
        first, second = sorted(named.values())[:2]
        raise section.error(first, f"and {second} both say where the credentials come from", hint="keep one")
    kind = next(iter(named), "access_key_id")
    if kind == "source_profile":
        if "role_arn" not in values:
            raise section.error("source_profile", "is of no use without role_arn")
        return {"source_profile": values["source_profile"]}
    if kind == "oidc_provider_arn":
        return _oidc(section, values, origin)
    if kind == "credential_process":
        return {"source": sources.Process(section.name, section.where(kind), values[kind])}
    if kind == "credential_source":
        return {"source": _credential_source(section, values, named[kind])}
    return {"source": _access_key(section, values)}


def _credential_source(section: Section, values: Mapping[str, str], named: str) -> Source:
    """environment, ecs_ram_role or aliyun_cli, each with no more than its own key."""
    chosen = values.get("credential_source")
    where = section.where("credential_source")
    own = {"ecs_ram_role": "role_name", "aliyun_cli": "aliyun_profile"}
    if chosen is None:
        raise section.error(named, "is of no use without credential_source")
    for key in own.values():
        if key in values and own.get(chosen) != key:
            raise section.error(key, f"is of no use with credential_source = {chosen}")
    if chosen == "ecs_ram_role":
        return sources.EcsRole(section.name, where, values.get("role_name", ""))
    if chosen == "aliyun_cli":
        return sources.AliyunCliProfile(section.name, where, values.get("aliyun_profile", ""))
    return sources.EnvironmentKey(section.name, where)


def _oidc(section: Section, values: Mapping[str, str], origin: Origin) -> dict[str, Any]:
    """The token's source, and the role; the SDKs' own variables serve where a key is absent."""
    where = section.where(next(key for key in values if key.startswith("oidc_")))
    if "oidc_token" in values and "oidc_token_file" in values:
        raise section.error("oidc_token", "and oidc_token_file are both there", hint="keep one")
    if "oidc_audience" in values and "oidc_token" not in values:
        raise section.error("oidc_audience", "is of no use without oidc_token")
    found = {"role_arn": values["role_arn"]} if "role_arn" in values else {}
    found |= {key: values[key] for key in ("oidc_provider_arn", "oidc_token_file", "oidc_token") if key in values}
    needed = ("role_arn", "oidc_provider_arn", *(() if "oidc_token" in values else ("oidc_token_file",)))
    absent = {key: f"ALIBABA_CLOUD_{key.upper()}" for key in needed if key not in found}
    for key, name in absent.items():
        found[key] = _from_variable(section, key, name, origin)
    token_file = None if "oidc_token" in values else section.file("oidc_token_file", found["oidc_token_file"])
    source = sources.OidcToken(
        section.name,
        where,
        found["oidc_provider_arn"],
        token_file,
        values.get("oidc_audience", ""),
        tuple(absent.values()),
    )
    session_name = "" if "role_session_name" in values else origin.variable("ALIBABA_CLOUD_ROLE_SESSION_NAME")
    fields: dict[str, Any] = {"source": source, "role_arn": found["role_arn"]}
    if session_name:
        fields["role_session_name"] = _checked_variable("role_session_name", session_name)
    return fields


def _from_variable(section: Section, key: str, name: str, origin: Origin) -> str:
    text = origin.variable(name)
    if not text:
        hint = f"add the key, or set {name}"
        if origin.variable("ROLE_ENV_PROFILE"):
            hint = f"add the key: a session unsets {name} in its shell"
        raise ProfileError(f"profile {section.name}: {key} is missing ({section.where()})", hint=hint)
    return _checked_variable(key, text)


def _checked_variable(key: str, text: str) -> str:
    try:
        return str(keys.KEYS[key](text))
    except ValueError as error:
        raise ProfileError(f"the variable ALIBABA_CLOUD_{key.upper()} {error}") from None


def _access_key(section: Section, values: Mapping[str, str]) -> Source:
    """The key in the file or, where its secret is not there, the one in the keyring."""
    if "access_key_secret" in values or "security_token" in values:
        for key in ("access_key_id", "access_key_secret"):
            if key not in values:
                raise ProfileError(
                    f"profile {section.name}: {key} is missing ({section.where()})",
                    hint="an access key is access_key_id and access_key_secret together",
                )
        access_key = AccessKey(values["access_key_id"], values["access_key_secret"], values.get("security_token", ""))
        return sources.FileKey(section.name, section.where("access_key_id"), access_key)
    where = section.where("access_key_id")
    return sources.KeyringKey(section.name, where, section.path, values.get("access_key_id", ""))
