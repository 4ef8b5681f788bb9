"""`configure --resource-directory`: add a profile for each account of an organization."""

import json
from collections.abc import Sequence

from role_env import validators
from role_env.cli import Invocation, line_checks
from role_env.commands.configure import offers
from role_env.commands.configure.offers import Offer
from role_env.context import Context
from role_env.credentials import AccessKey, RoleArn
from role_env.dataclass import dataclass
from role_env.errors import RefusedError, UsageError
from role_env.files.dependencies import Dependencies
from role_env.profiles.endpoint import directory_endpoint
from role_env.profiles.file import ProfilesFile
from role_env.profiles.new_names import UnusedNames, sanitize
from role_env.sessions import Narrowing, Request
from role_env.sessions import chain as chains
from role_env.sessions.obtain import obtain
from role_env.sts import client as sts
from role_env.sts import resource_directory
from role_env.sts.resource_directory import Member

DEFAULT_ROLE = "ResourceDirectoryAccountAccessRole"
"""The role that every account of an organization has. It is an administrator's by default."""

_SIGNS = "._@+:/-"
_NO_PERMISSION = ("NoPermission", "Forbidden.RAM")


@dataclass(frozen=True)
class Caller:
    """The identity that lists the accounts: its key, its account, and its name in messages."""

    key: AccessKey
    account_id: str
    name: str


class Organization:
    """The organization that the profile of --resource-directory may list; its accounts have the role of --role."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._source = invocation.resource_directory
        self._role = DEFAULT_ROLE if invocation.role is None else invocation.role  # an empty one is refused

    def configure(self, path: str, context: Context) -> None:
        """Append a profile to the file for every account that has none there. Raises any RoleEnvError."""
        offers.check_line(self._invocation, "--resource-directory", "the organization")
        line_checks.check_profile_name(self._source)
        if validators.value_fault(validators.ROLE_NAME, self._role):
            raise UsageError(f"--role {self._role} is not a role's name", hint="give the name alone, without its ARN")
        endpoint = directory_endpoint(context.environ, self._invocation.site or "china")
        file = ProfilesFile(path, Dependencies(context.environ))
        caller = self._caller(file, context)
        members, missing = self._list(caller, endpoint, context)
        known = self._known(file)
        if missing:
            total = len(members) + missing
            context.messages.say(f"{missing} accounts are missing: {endpoint} listed {len(members)} of {total}")
        else:
            self._report_gone(file, caller, members, context)
        ready = [member for member in members if member.is_ready and member.account_id != caller.account_id]
        new = [member for member in ready if member.account_id not in known]
        if new and self._role == DEFAULT_ROLE:
            context.messages.say(
                f"{DEFAULT_ROLE} is an administrator's role by default; --role NAME names a narrower one"
            )
        summary = _summarize(members, ready=len(ready), new=len(new), missing=missing, caller=caller)
        offers.add(self._offers(new, file), path, context, self._invocation, summary=summary)

    def _caller(self, file: ProfilesFile, context: Context) -> Caller:
        name = self._source
        chain = chains.resolve(file, name)
        if chain.gives_session:
            narrowing = Narrowing(is_full_allowed=self._invocation.full)
            session = obtain(Request(name, config=file.path, narrowing=narrowing), context)
            return Caller(session.credentials, session.account_id, session.role_arn or f"the session of {name}")
        key = chain.source.key(context)
        try:
            with context.messages.waiting_for(f"STS at {chain.target.endpoint}"):
                identity = sts.caller_identity(key, endpoint=chain.target.endpoint, context=context)
        except sts.StsError as refusal:
            refusal.message = f"profile {name}: {refusal.message} ({file.profile(name).where})"
            raise
        return Caller(key, identity["AccountId"], identity["Arn"])

    def _list(self, caller: Caller, endpoint: str, context: Context) -> tuple[list[Member], int]:
        try:
            return resource_directory.list_accounts(caller.key, endpoint, context)
        except sts.StsError as refusal:
            message = f"profile {self._source}: {caller.name} could not list the accounts: {refusal.message}"
            hint = refusal.hint or "name a profile of the organization's management account or delegated administrator"
            if refusal.code in _NO_PERMISSION:
                statement = {"Effect": "Allow", "Action": resource_directory.LIST_ACTION, "Resource": "*"}
                policy = json.dumps({"Version": "1", "Statement": [statement]})
                hint = f"attach the policy {policy} to it"
            raise RefusedError(message, hint=hint) from None

    def _known(self, file: ProfilesFile) -> set[str]:
        roles = [RoleArn(file.role_arn(name)) for name in file.names()]
        return {role.account for role in roles if self._is_role(role)}

    def _is_role(self, role: RoleArn) -> bool:
        """Return whether `role` has the role's name. Like STS, ignore the case."""
        return role.name.lower() == self._role.lower()

    def _report_gone(self, file: ProfilesFile, caller: Caller, members: Sequence[Member], context: Context) -> None:
        listed = {caller.account_id, *(member.account_id for member in members)}
        for name in file.users(self._source):
            role = RoleArn(file.role_arn(name))
            if self._is_role(role) and role.account not in listed:
                lines = file.lines(name, ("role_arn",))
                where = f"{file.path}, line {lines[0]}"
                context.messages.say(f"profile {name}: account {role.account} has left the organization ({where})")

    def _offers(self, new: Sequence[Member], file: ProfilesFile) -> list[Offer]:
        unused = UnusedNames(file.names())
        agents = file.own_value(self._source, "agents")
        found = []
        for member in new:
            name = unused.take(sanitize(member.display_name, signs=_SIGNS) or member.account_id, member.account_id)
            values = {
                "role_arn": f"acs:ram::{member.account_id}:role/{self._role}",
                "source_profile": self._source,
                "expected_account_id": member.account_id,
                **({"agents": agents} if agents else {}),
            }
            found.append(Offer(name, member.account_id, member.display_name, values))
        return found


def _summarize(members: Sequence[Member], *, ready: int, new: int, missing: int, caller: Caller) -> str:
    own = sum(member.account_id == caller.account_id for member in members)
    counts = {
        "new": new,
        "with a profile": ready - new,
        "the management account itself": own,
        "not yet or no longer members": len(members) - ready - own,
        "missing from the list": missing,
    }
    return f"the organization has {len(members) + missing} accounts, " + ", ".join(
        f"{count} {what}" for what, count in counts.items() if count or what == "new"
    )
