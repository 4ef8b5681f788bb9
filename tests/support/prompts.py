"""The variables of a session, as a prompt and `status` find them, and what a prompt shows."""

import time

from cloud.world import ACCOUNT_B
from role_env import variables
from role_env.credentials import Credentials, Session
from role_env.sessions import Record, Request
from support.machine import Machine
from support.shell_terminal import LOOK, interactive, texts

ARN = f"acs:ram::{ACCOUNT_B}:role/switchrolesbc"
KEY_ID = "STS.NUexample"


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
    made = Session(profile, role_arn, credentials, account_id=account_id, policy=policy, color=color, variables=())
    found = Record(
        made,
        endpoint="sts.aliyuncs.com",
        session_name="me",
        policy_digest="",
        chain="",
        base="",
        fingerprint_lines=[],
    )
    made.request = Request(profile).text("/home/me/profiles.ini", found)
    return found


def session(seconds: float = 2550, **of_session: str) -> dict[str, str]:
    """Return the variables of a whole session, of an hour, with so many seconds left."""
    return variables.assignments(record(seconds, **of_session).session, follows=False)


def shown(machine: Machine, shell: str, *, before: str = "", **environ: str) -> str:
    """Return the text of the first prompt, with N for the minutes."""
    (text,) = texts(interactive(machine, shell, LOOK[shell], "", before, **environ).stdout)
    return text
