"""Find the key that each tool reads from the environment. Each tool has its own order of variables.

A tool looks for each field by itself, so it can combine the ID of one family with the secret or token of another. The
orders are from aliyun-cli 3 `config/profile.go`; terraform-provider-alicloud 1.2 `alicloud/provider.go`;
alibabacloud-credentials 1.0 `provider/env.py`; aliyun-log-cli 0.2 `aliyunlogcli/config.py`; ossutil 2 (own names only).
"""

from collections.abc import Mapping

from role_env import validators, variables
from role_env.credentials import AccessKey
from role_env.environ.keys import ALICLOUD, CLOUD, OLDER, TERRAFORM
from role_env.environ.session import NO_ACCOUNT, ShellState, changed_without_key, incomplete_keys
from role_env.variables import Key

_TOOLS = {
    "aliyun": (CLOUD, OLDER, ALICLOUD, variables.BARE),
    "Terraform, Pulumi": (TERRAFORM, CLOUD, OLDER),
    "SDKs": (CLOUD,),
    "ossutil 2": variables.FAMILIES["oss"].keys,
    "aliyunlog": (*variables.FAMILIES["aliyun_log"].keys, CLOUD),
}


class ToolKey:
    """The key that one tool finds in the environment.

    `key` is None if there is none or it is not complete; then `fault` may say why. `variables` are the variables that
    it comes from: that of its ID, and those of secret and token if they are not of the ID's family.
    """

    def __init__(self, tool: str, order: tuple[Key, ...], environ: Mapping[str, str]) -> None:
        self.tool = tool
        self.key: AccessKey | None = None
        fields = ("access_key_id", "access_key_secret", "security_token")
        names = [_first_set(environ, field, order) for field in fields]
        if _is_stopped(environ, order):
            names = ["", "", ""]
        self.variables = [name for name in names if name]
        if any(set(names) <= {*key.names, ""} for key in order):
            del self.variables[1:]  # the ID's name shows the family
        self.fault = _fault(names, environ)
        if names[0] and not self.fault:
            self.key = AccessKey(*(environ.get(name, "") for name in names))


def conflicting_tool_keys(environ: Mapping[str, str]) -> list[ToolKey]:
    """Return the key of each tool if two tools find different keys, else an empty list."""
    found = tool_keys(environ)
    ids = {environ[tool.variables[0]] for tool in found if tool.variables}
    keys = [tool.key for tool in found if tool.key]
    complete = {(key.access_key_id, key.access_key_secret, key.security_token) for key in keys}
    return found if len(ids) > 1 or len(complete) > 1 else []


def no_account(environ: Mapping[str, str]) -> str:
    """Return the message for a shell without an account. It names the variables that were set or unset after that."""
    text, state = NO_ACCOUNT, ShellState(environ)
    if acting := ", ".join(tool.tool for tool in tool_keys(environ) if tool.key):
        text += f"; a key has been set since, which {acting} {'use' if ', ' in acting else 'uses'}"
    if incomplete := incomplete_keys(environ):
        text += f"; {incomplete}"
    if changed := [*changed_without_key(environ), *state.outranking()]:
        text += (
            f"; {', '.join(changed)} {'has' if len(changed) == 1 else 'have'} changed since: some tools find an account"
        )
    return text


def tool_keys(environ: Mapping[str, str]) -> list[ToolKey]:
    """Return what each tool finds in the environment."""
    return [ToolKey(tool, order, environ) for tool, order in _TOOLS.items()]


def _first_set(environ: Mapping[str, str], field: str, order: tuple[Key, ...]) -> str:
    names = (getattr(key, field) for key in order)
    return next((name for name in names if environ.get(name) not in (None, "", variables.NO_ACCOUNT_VALUE)), "")


def _is_stopped(environ: Mapping[str, str], order: tuple[Key, ...]) -> bool:
    """Return whether the first ID or the first secret that the tool reads is the invalid one: the tool stops there."""
    ids = (environ.get(key.access_key_id, "") for key in order)
    secrets = (environ.get(key.access_key_secret, "") for key in order)
    return variables.NO_ACCOUNT_VALUE in (next(filter(None, ids), ""), next(filter(None, secrets), ""))


def _fault(names: list[str], environ: Mapping[str, str]) -> str:
    key_id, secret, token = names
    if bool(key_id) != bool(secret):
        return f"finds {key_id or secret} without its {'secret' if key_id else 'ID'}"
    checks = ((key_id, validators.key_id), (secret, validators.key_part), (token, validators.key_part))
    for name, check in checks:
        try:
            check(environ[name]) if name else None
        except ValueError as error:
            return f"finds {name}, which {error}"
    return ""
