"""Which tool finds which key in the environment: each has its own order of variables.

Each field is looked for by itself, so that an id of one family can meet the secret or the token of another. Orders:
aliyun-cli 3 `config/profile.go`; terraform-provider-alicloud 1.2 `alicloud/provider.go`; alibabacloud-credentials 1.0
`provider/env.py`; ossutil 2, whose names are its own alone.
"""

from collections.abc import Mapping

from role_env import validators as keys
from role_env import variables
from role_env.credentials import AccessKey
from role_env.variables import Key

_CLOUD = variables.FAMILIES["alibaba_cloud"].keys[0]
_OLDER = variables.FAMILIES["alibabacloud"].keys[0]
_OSS = variables.FAMILIES["oss"].keys[0]
_TERRAFORM = variables.FAMILIES["alicloud"].keys[0]
_ALICLOUD = Key("ALICLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY_SECRET", "ALICLOUD_SECURITY_TOKEN")
_TOOLS = {
    "aliyun": (_CLOUD, _OLDER, _ALICLOUD, variables.BARE),
    "Terraform, Pulumi": (_TERRAFORM, _CLOUD, _OLDER),
    "SDKs": (_CLOUD,),
    "ossutil": (_OSS,),
}


class Reader:
    """A tool, the key that it finds (None when there is none that is whole, and then `fault` may say why), and the
    variables that it is from: that of its id, and the others where they are not of the same family.
    """

    __slots__ = ("fault", "key", "tool", "variables")

    def __init__(self, tool: str, order: tuple[Key, ...], environ: Mapping[str, str]) -> None:
        self.tool = tool
        self.key: AccessKey | None = None
        names = [_first(environ, field, order) for field in Key.__slots__]
        self.variables = [name for name in names if name]
        if any(set(names) <= {*key.names(), ""} for key in order):
            del self.variables[1:]  # its id tells the family
        self.fault = _fault(names, environ)
        if names[0] and not self.fault:
            self.key = AccessKey(*(environ.get(name, "") for name in names))


def disagreeing(environ: Mapping[str, str]) -> list[Reader]:
    """Every tool with what it finds, where two of them find different keys; else none."""
    found = [Reader(tool, order, environ) for tool, order in _TOOLS.items()]
    ids = {environ[reader.variables[0]] for reader in found if reader.variables}
    whole = {(key.access_key_id, key.access_key_secret, key.security_token) for key in (r.key for r in found) if key}
    return found if len(ids) > 1 or len(whole) > 1 else []


def _first(environ: Mapping[str, str], field: str, order: tuple[Key, ...]) -> str:
    """The first of the names of `field` that is set, or an empty text."""
    return next((name for name in (getattr(key, field) for key in order) if environ.get(name)), "")


def _fault(names: list[str], environ: Mapping[str, str]) -> str:
    """What keeps the variables `names` (of id, secret and token) from being a key."""
    key_id, secret, _ = names
    if bool(key_id) != bool(secret):
        return f"finds {key_id or secret} without its {'secret' if key_id else 'id'}"
    for name in filter(None, names):
        try:
            keys.key_part(environ[name])
        except ValueError as error:
            return f"finds {name}, which {error}"
    return ""
