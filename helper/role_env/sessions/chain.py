"""The chain: the profiles from where credentials come to the one asked for, and what decides who asks for which role.

A chain knows no network. Where it begins with a profile of the `aliyun` CLI, what that profile holds stands in it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from role_env.aliyun.location import config_path
from role_env.context import Context
from role_env.errors import ProfileError
from role_env.fingerprint import Origin
from role_env.keyrings import access_keys
from role_env.keyrings.entry import Entry
from role_env.profiles import file as profiles
from role_env.profiles.file import Profile, ProfilesFile
from role_env.sessions import record
from role_env.sources.base import AliyunCliProfile, KeyringKey, OidcToken, Source


class Chain:
    """The profiles `hops` from where the chain begins to the one asked for, and the `source` that it begins with."""

    def __init__(self, source: Source, hops: list[Profile], origin: Origin) -> None:
        self.source = source
        self.hops = hops
        self.origin = origin

    @property
    def target(self) -> Profile:
        """The profile that was asked for."""
        return self.hops[-1]

    @property
    def role_arn(self) -> str:
        """The role whose session it gives: the target's or, where that has none, the last one before it; empty where
        the source's own session is lent.
        """
        return next((hop.role_arn for hop in reversed(self.hops) if hop.role_arn), "")

    @property
    def gives_session(self) -> bool:
        """Whether there is a session to hand out: temporary credentials, and no long-lived key."""
        return bool(self.role_arn) or self.source.lends

    @property
    def before(self) -> "Chain | None":
        """The chain of the role whose session assumes the target's; None where the source itself does."""
        rest = self.hops[:-1]
        return Chain(self.source, rest, self.origin) if any(hop.role_arn for hop in rest) else None

    def digest(self, context: Context) -> str:
        """A digest of everything that decides who asks for which role. Raises what the source's identity raises."""
        roles = [
            [
                *(hop.role_arn, hop.role_session_name, hop.duration_seconds, hop.external_id, hop.policy),
                *(hop.source_identity, hop.endpoint),
            ]
            for hop in self.hops
            if hop.role_arn
        ]
        begins = [self.source.kind, *self.source.identity(context)]
        if not self.role_arn:
            begins += self.source.lent(context)
        if not self.target.role_arn:  # then the account is asked of the source, once
            begins.append(self.target.expected_account_id)
        return hashlib.sha256(json.dumps([begins, roles]).encode("utf-8", "surrogateescape")).hexdigest()

    def entry(self) -> Entry:
        """The entry of the target's session in the keyring, when it is asked for without options."""
        return record.entry(os.path.realpath(self.target.path), self.target.name, record.NO_OPTIONS)

    def is_in_cli_file(self) -> bool:
        """Whether `setup` has written the target into the CLI's file, whose state becomes part of the origin."""
        try:
            path = config_path(self.origin.variable("HOME"))
        except ProfileError:
            return False
        self.origin.watch(path)
        if not os.path.exists(path):  # noqa: PTH110  Path's raises where the folder cannot be searched
            return False
        from role_env.aliyun import entries as cli_profiles  # only who has the file pays for it

        config = cli_profiles.find(self.target.name, path)
        if config is None:
            return False
        named = Path(config) if config else profiles.usual(self.origin)
        return named is not None and os.path.realpath(named) == os.path.realpath(self.target.path)

    def marks(self) -> list[str]:
        """The profiles as ROLE_ENV_CHAIN names them: by name, and by the file, since two files may share a name."""
        return [mark(hop.path, hop.name) for hop in self.hops]


def mark(path: Path, name: str) -> str:
    """A profile as ROLE_ENV_CHAIN names it."""
    real = os.path.realpath(path).encode("utf-8", "surrogateescape")
    return f"{name}#{hashlib.sha256(real).hexdigest()[:8]}"


def resolve(file: ProfilesFile, name: str, origin: Origin) -> Chain:
    """The chain of the profile `name`. Raises ProfileError."""
    hops = file.chain(name)
    source = hops[0].source
    if isinstance(source, AliyunCliProfile):
        from role_env.sessions import aliyun_hops as aliyun_profiles  # only who needs it pays for it

        found = aliyun_profiles.resolve(source, origin)
        source, hops = found.source, [*found.hops, *hops]
        hops[-1] = hops[-1]._replace(region_id=hops[-1].region_id or found.region_id)
    if source is None:
        raise AssertionError("a chain begins at a source")
    if isinstance(source, OidcToken) and not hops[0].role_arn:
        raise ProfileError(f"profile {hops[0].name}: role_arn is missing ({hops[0].where})")
    if isinstance(source, KeyringKey) and (keys := access_keys.mark(origin.environ)):
        origin.watch(keys)
    return Chain(source, hops, origin)


def check_loop(chain: Chain, environ: Mapping[str, str]) -> None:
    """Refuses a chain of which a profile is on the way already, in a process that asked this one."""
    on_the_way = environ.get("ROLE_ENV_CHAIN", "").split()
    for hop in chain.hops:
        if {hop.name, mark(hop.path, hop.name)} & set(on_the_way):
            names = " -> ".join([*(item.split("#")[0] for item in on_the_way), hop.name])
            raise ProfileError(
                f"profile {hop.name}: its credential process comes back to it, {names} ({hop.where})",
                hint="let one of them have a key or another source",
            )
