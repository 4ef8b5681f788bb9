"""Translate sections of the Alibaba SDKs' own file into role-env's keys.

Format: https://www.alibabacloud.com/help/en/sdk/developer-reference/v2-manage-access-credentials
"""

from role_env.profiles.profile import PROFILE_KEYS
from role_env.sources import rows
from role_env.sources.section import Section

_WITHOUT_SOURCE = PROFILE_KEYS.keys() - rows.SOURCE_KEYS.keys()
# The keys that are used, by the section's `type`.
_KEYS_OF_TYPE = {
    "": set(PROFILE_KEYS),
    "access_key": _WITHOUT_SOURCE - {"role_arn"} | rows.FILE_KEY.keys.keys(),
    "ram_role_arn": _WITHOUT_SOURCE | rows.FILE_KEY.keys.keys(),
    "ecs_ram_role": _WITHOUT_SOURCE - {"role_arn"} | {rows.CREDENTIAL_SOURCE, *rows.ECS_ROLE.keys},
    "oidc_role_arn": _WITHOUT_SOURCE | {"oidc_provider_arn", "oidc_token_file"},
}


def translate(section: Section) -> Section:
    """Return the section with role-env's keys, read as the SDKs read it.

    A value ends at a #. Keys of other programs or of another `type` are ignored. Raises ProfileError for an unknown
    `type`.
    """
    values = {key: value.split("#")[0].strip() for key, value in section.values.items()}
    kind = values.get("type", "")
    if kind not in _KEYS_OF_TYPE:
        raise section.error("type", f"must be one of {', '.join(filter(None, _KEYS_OF_TYPE))}")
    if kind == "ecs_ram_role":
        values["credential_source"] = kind
    if kind == "oidc_role_arn" and "oidc_token_file_path" in values:
        values["oidc_token_file"] = values["oidc_token_file_path"]
    used = _KEYS_OF_TYPE[kind]
    return section.with_values({key: value for key, value in values.items() if value and key in used})
