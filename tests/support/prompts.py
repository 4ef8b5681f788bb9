"""The variables of a session, as a prompt, `status` and `renew` find them, and what a prompt shows."""

import time

from cloud.world import ACCOUNT_B
from role_env import variables
from role_env.credentials import Credentials, Session
from role_env.sessions import Request
from role_env.sessions.record import Record
from role_env.sessions.shell_request import session_for
from support.cached_sessions import age
from support.machine import Machine
from support.shell_terminal import LOOK, interactive, texts

ARN = f"acs:ram::{ACCOUNT_B}:role/switchrolesbc"
KEY_ID = "STS.NUexample"
_NAMES = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN")


def record(
    seconds: float = 2550,
    *,
    profile: str = "profileB",
    role_arn: str = ARN,
    account_id: str = ACCOUNT_B,
    policy: str = "",
    color: str = "",
) -> Record:
    """Return a session, of an hour, with so many seconds left."""
    end = int(time.time() + seconds)
    credentials = Credentials(KEY_ID, "x" * 30, "t", issued=end - 3600, expiration=end)
    made = Session(
        profile,
        role_arn,
        credentials,
        account_id=account_id,
        policy_name=policy,
        families=(),
        display_keys={"color": color} if color else {},
    )
    found = Record(
        made,
        endpoint="sts.aliyuncs.com",
        session_name="me",
        policy_digest="",
        chain_digest="",
        base_key_digest="",
        sign_in_id="",
        agents_policy="",
        agents_key="",
        fingerprint=[],
    )
    made.request_words = session_for(Request(profile), "/home/me/profiles.ini", found, {}).request_words
    return found


def session(seconds: float = 2550, **of_session: str) -> dict[str, str]:
    """Return the variables of a whole session, of an hour, with so many seconds left."""
    return variables.assignments(record(seconds, **of_session).session, follows=False)


def shown(machine: Machine, shell: str, *, before: str = "", **environ: str) -> str:
    """Return the text of the first prompt, with N for the minutes."""
    (text,) = texts(interactive(machine, shell, LOOK[shell], "", before, **environ).stdout)
    return text


def begin(machine: Machine, *arguments: str) -> dict[str, str]:
    """Return the variables of a shell in which a session begins, of profileB if no arguments are given."""
    done = machine.succeeds("exec", *(arguments or ("profileB",)), "--", "env", "-0")
    found = dict(line.partition("=")[::2] for line in done.stdout.split("\0"))
    described = {name: value for name, value in found.items() if name.startswith("ROLE_ENV_")}
    return {"ROLE_ENV_POLICY": "", **described} | {name: found[name] for name in _NAMES}


def expired(values: dict[str, str]) -> dict[str, str]:
    """Return `values` with an end that is over."""
    return _ending(values, int(time.time()) - 5)


def due(machine: Machine, seconds: int = 200) -> dict[str, str]:
    """Return the variables of a shell whose session, of an hour, has `seconds` left."""
    values = begin(machine)
    age(machine, 3600 - seconds)
    issued = variables.issue_time(values) - 3600 + seconds
    return changed(_ending(values, int(time.time()) + seconds), {"issued": str(issued)})


def _ending(values: dict[str, str], end: int) -> dict[str, str]:
    return changed(values | {"ROLE_ENV_EXPIRATION": str(end)}, {"expiration": str(end)})


def changed(values: dict[str, str], words: dict[str, str]) -> dict[str, str]:
    """Return `values` with other words in ROLE_ENV_REQUEST, written as role-env writes them."""
    request = variables.request_values(values["ROLE_ENV_REQUEST"]) | words
    return values | {"ROLE_ENV_REQUEST": variables.request_text(request)}
