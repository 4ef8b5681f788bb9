"""Read a section of the Alibaba SDKs' own file as the SDKs read it, with role-env's keys.

A section is of one `type`. role-env reads the types that the SDKs' default chains read, and of a section the keys that
they read there, together with keys of its own that no SDK knows. Format:
https://www.alibabacloud.com/help/en/sdk/developer-reference/v2-manage-access-credentials
"""

from role_env.errors import ProfileError
from role_env.profiles.profile import CARRIED, PROFILE_KEYS
from role_env.sources import registry
from role_env.sources.section import Section

# The keys of older SDKs that no SDK of today reads. role-env would fail, or ask elsewhere, where they work.
_UNREAD = {"security_token", "sts_endpoint", "external_id"}
_WITHOUT_SOURCE = PROFILE_KEYS - registry.CHOOSERS.keys() - _UNREAD
_ACCESS_KEY = set(registry.keys_of("access_key_id")) - _UNREAD
_ECS_ROLE = {registry.CREDENTIAL_SOURCE, *registry.keys_of("ecs_ram_role")}
_KEYS_OF_TYPE = {
    "": set(PROFILE_KEYS),  # a section of role-env's own, which the SDKs do not use
    "access_key": _WITHOUT_SOURCE - {"role_arn", *CARRIED} | _ACCESS_KEY,
    "ram_role_arn": _WITHOUT_SOURCE | _ACCESS_KEY,
    "ecs_ram_role": _WITHOUT_SOURCE - {"role_arn", *CARRIED} | _ECS_ROLE,
    "oidc_role_arn": _WITHOUT_SOURCE | {"oidc_provider_arn", "oidc_token_file"},
}
# The types that appear in the SDKs' documents: who reads them, and what to do.
_UNREAD_TYPES = {
    "sts": ("no SDK reads it either", "remove the line type, and role-env uses the section's security_token"),
    "bearer": ("no SDK reads it either", "use an access key; a bearer token signs no request to STS"),
    "rsa_key_pair": (
        "only the SDKs for Python and Java read it",
        "use an access key, or a credential_process that uses the key pair",
    ),
}


def translate_section(section: Section) -> Section:
    """Return `section` with the keys of role-env. A value ends at a #.

    Keys of other programs or of another `type` are ignored. Raises ProfileError for another `type`, and for a role that
    is not named: the section's key must not act instead.
    """
    values = {key: value.split("#")[0].strip() for key, value in section.values.items()}
    kind = values.get("type", "")
    if kind in _UNREAD_TYPES:
        who, hint = _UNREAD_TYPES[kind]
        raise section.error("type", f"= {kind} is not supported; {who}", hint=hint)
    if kind not in _KEYS_OF_TYPE:
        known = ", ".join(filter(None, _KEYS_OF_TYPE))
        raise section.error("type", f"must be one of {known}; no SDK reads another one either", hint="correct it")
    if kind == "ram_role_arn" and not values.get("role_arn"):
        raise section.missing("role_arn", hint="add the role_arn to assume, or write type = access_key")
    if kind == "ecs_ram_role":
        values[registry.CREDENTIAL_SOURCE] = kind
    if kind == "oidc_role_arn" and "oidc_token_file_path" in values:
        values["oidc_token_file"] = values["oidc_token_file_path"]
    used = _KEYS_OF_TYPE[kind]
    return section.with_values({key: value for key, value in values.items() if value and key in used})


def python_fault(path: str) -> ProfileError | None:
    """Return the error of the SDK for Python in the file at `path`, in which it then finds no profile at all.

    It reads the file with `configparser`, whose own errors quote lines, which may contain a secret.
    """
    import configparser  # only for `doctor`

    parser = configparser.ConfigParser()
    what = hint = ""
    try:
        parser.read(path, encoding="utf-8")
        for name in parser.sections():
            parser.items(name)
    except configparser.InterpolationError as error:
        what = f"a value of [{error.section}] contains a %"
        hint = "choose a value without it; for Python alone, write it as %%"
    except configparser.MissingSectionHeaderError:
        what, hint = "it begins with a byte order mark", "save the file as UTF-8 without it"
    except (configparser.Error, UnicodeDecodeError) as error:
        what, hint = f"{type(error).__name__}", "correct the file"
    if not what:
        return None
    return ProfileError(f"{path}: Alibaba's SDK for Python cannot read this file, because {what}", hint=hint)
