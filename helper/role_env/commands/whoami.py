"""role-env whoami: ask STS for the identity of credentials."""

import json
from typing import Any

from role_env import ui, variables
from role_env.cli import Invocation, obtaining
from role_env.commands.status import find_faults
from role_env.context import Context
from role_env.credentials import AccessKey
from role_env.environ import tools
from role_env.environ.keys import current_key
from role_env.environ.session import ShellState
from role_env.environ.tools import ToolKey
from role_env.errors import ProfileError, RefusedError, RoleEnvError, printable
from role_env.files.dependencies import Dependencies
from role_env.profiles import file as profiles
from role_env.profiles.endpoint import sts_endpoint
from role_env.sessions import chain as chains
from role_env.sessions.shell_request import request_of_shell
from role_env.sources import credentials_uri
from role_env.sources.base import key_digest
from role_env.sts import client as sts
from role_env.ui import table

_KINDS = {"AssumedRoleUser": "a session of a role", "RAMUser": "a RAM user", "Account": "the account itself"}


def run(invocation: Invocation, context: Context) -> int:
    """Print the identity; if the environment's variables disagree, also print the identity of each tool."""
    identities = _Identities(context)
    if invocation.profile:
        _write(identities.identity(*_key_of_profile(invocation, context)), invocation)
        return 0
    key, endpoint = _key_of_environment(context)
    if key is None:
        each = tools.tool_keys(context.environ)
        if any(tool.variables for tool in each) and not invocation.json:
            ui.write(f"what each tool finds:\n{_tools(each, endpoint, identities, context)}")
        raise _no_credentials(each, context)
    found = tools.conflicting_tool_keys(context.environ)
    if found and not invocation.json:
        shown = _tools(found, endpoint, identities, context)
        try:
            _write(identities.identity(key, endpoint), invocation)
        finally:  # even if STS refuses this key
            ui.write(f"\nthe variables disagree:\n{shown}")
        context.messages.say("tools act as different identities")
        return 0
    _write(identities.identity(key, endpoint), invocation)
    if found:
        context.messages.say(
            "the variables disagree, so tools act as different identities; `role-env whoami` shows them"
        )
    return 0


class _Identities:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, dict[str, Any] | RoleEnvError] = {}

    def identity(self, key: AccessKey, endpoint: str) -> dict[str, Any]:
        """Return STS's answer. Raises RefusedError, UnreachableError."""
        digest = key_digest(key)
        if digest not in self._known:
            try:
                with self._context.messages.waiting_for(f"STS at {endpoint}"):
                    self._known[digest] = sts.caller_identity(key, endpoint=endpoint, context=self._context)
            except RoleEnvError as error:
                state = ShellState(self._context.environ)
                if key.access_key_id == state.access_key_id and not state.is_valid():
                    error.hint = ""  # that about the session, which was reported first, has the way on
                self._known[digest] = error
        answer = self._known[digest]
        if isinstance(answer, RoleEnvError):
            raise answer
        return answer


def _write(identity: dict[str, Any], invocation: Invocation) -> None:
    if invocation.expect_account and invocation.expect_account != identity["AccountId"]:
        raise RefusedError(f"{identity['Arn']} is not of account {invocation.expect_account}")
    if invocation.json:
        ui.write(json.dumps(identity, indent=2) + "\n")
    else:
        ui.write(_plain(identity))


def _plain(identity: dict[str, Any]) -> str:
    kind = str(identity.get("IdentityType") or "unknown")
    kind = f"{kind}, {_KINDS[kind]}" if kind in _KINDS else kind
    lines = (("account", identity["AccountId"]), ("identity", identity["Arn"]), ("kind", kind))
    return "".join(f"{name:8}  {printable(value)}\n" for name, value in lines)


def _tools(found: list[ToolKey], endpoint: str, identities: _Identities, context: Context) -> str:
    shown = ""
    for tool in found:
        first = f"  {tool.tool:18}  "
        most = max(table.columns(context.environ), 2 * len(first))
        shown += ui.wrapped(_acts(tool, endpoint, identities), most, first=first, others=" " * len(first))
    return shown


def _acts(tool: ToolKey, endpoint: str, identities: _Identities) -> str:
    if not tool.key:
        return tool.fault or "finds no key in the variables"
    try:
        identity = str(identities.identity(tool.key, endpoint)["Arn"])
    except RoleEnvError as error:
        identity = f"nobody: {error.message}"
    return f"{printable(identity)} ({', '.join(tool.variables)})"


def _key_of_profile(invocation: Invocation, context: Context) -> tuple[AccessKey, str]:
    chain = chains.resolve(profiles.load(invocation.config, context.environ), invocation.profile)
    if chain.gives_session:
        return obtaining.session_of(invocation, context).credentials, chain.target.endpoint
    return chain.source.key(context), chain.target.endpoint


def _no_credentials(found: list[ToolKey], context: Context) -> ProfileError:
    acting = ", ".join(tool.tool for tool in found if tool.key)
    what = f"the environment has credentials for {acting} only" if acting else "the environment has no credentials"
    hint = "name a profile, or begin a session with: `role-env use PROFILE`"
    return ProfileError(what, hint=hint)


def _key_of_environment(context: Context) -> tuple[AccessKey | None, str]:
    """Return the key that SDKs or the `aliyun` CLI read first, if there is one, and the endpoint to ask.

    Raises ProfileError for an incomplete key, and in a shell without an account.
    """
    environ, state = context.environ, ShellState(context.environ)
    key = current_key(environ)
    if key is None and (uri := environ.get(variables.CREDENTIALS_URI)):
        key = credentials_uri.fetch(uri, context, is_served=state.is_served and state.is_valid())
    for fault in (
        find_faults(environ, asks_who=False)[:1] if state.has_no_account or state.has_session_variables else ()
    ):
        if key is None and state.has_no_account:
            raise ProfileError(fault.message, hint=fault.hint)
        context.messages.say(f"{fault.message}; {fault.hint}")
    asked = None if environ.get("ALIBABA_CLOUD_STS_ENDPOINT") else request_of_shell(environ)
    return key, asked.endpoint if asked else sts_endpoint(Dependencies(environ))
