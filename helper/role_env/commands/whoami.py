"""role-env whoami: who one is, as STS sees it."""

import argparse
import json
from collections.abc import Mapping

from role_env import chain as chains
from role_env import environment, options, output, profiles, sts
from role_env.credentials import AccessKey
from role_env.deadline import Deadline
from role_env.errors import ProfileError, RefusedError
from role_env.origin import Origin
from role_env.profiles import ProfilesFile
from role_env.sources import Asking

SUMMARY = "ask STS who the environment's, or a profile's, credentials are"
EXAMPLES = ("role-env whoami", "role-env whoami profileB --json")
OBTAINS = True

_OFF_HINT = 'eval "$(role-env off)" brings back what was there before'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its own options."""
    parser.add_argument("profile", metavar="PROFILE", nargs="?", default="")
    parser.add_argument("--json", action="store_true", help="STS's own answer")


def run(arguments: argparse.Namespace) -> int:
    """Prints who it is."""
    deadline = options.deadline_of(arguments.environ)
    key, endpoint = _profile_key(arguments, deadline) if arguments.profile else _environment_key(arguments.environ)
    identity = sts.caller_identity(key, endpoint=endpoint, deadline=deadline)
    if arguments.expect_account and arguments.expect_account != identity["AccountId"]:
        raise RefusedError(f"{identity['Arn']} is not of account {arguments.expect_account}")
    if arguments.json:
        output.write(json.dumps(identity, ensure_ascii=False, indent=2) + "\n")
    else:
        output.write(f"{identity['Arn']}\n")
    return 0


def _profile_key(arguments: argparse.Namespace, deadline: Deadline) -> tuple[AccessKey, str]:
    """The profile's own credentials: its session, or the key of a source."""
    origin = Origin(arguments.environ)
    chain = chains.resolve(ProfilesFile(profiles.locate(arguments.config, origin), origin), arguments.profile, origin)
    if chain.target.role_arn or chain.before or chain.source.lends:
        return options.obtain(arguments, deadline).credentials, chain.target.endpoint
    asking = Asking(arguments.environ, deadline, arguments.messages)
    return chain.source.key(asking), chain.target.endpoint


def _environment_key(environ: Mapping[str, str]) -> tuple[AccessKey, str]:
    key = environment.current_key(environ)
    if key is None and environ.get("ROLE_ENV_NO_ACCOUNT"):
        raise ProfileError("a switch to another profile failed, and this shell holds no account", hint=_OFF_HINT)
    if key is None:
        raise ProfileError("the environment holds no credentials", hint="name a profile, or set a session first")
    return key, profiles.checked_endpoint(environ.get("ALIBABA_CLOUD_STS_ENDPOINT") or "sts.aliyuncs.com")
