"""One step of a chain: the role that is requested, and how."""

from role_env.credentials import RoleArn
from role_env.dataclass import dataclass


@dataclass(frozen=True)
class Hop:
    """What one call of AssumeRole requests, and of whom.

    `profile` and `where` name the profile that wants it, and its place, for messages. `endpoint` is the STS to ask.
    """

    profile: str
    where: str
    endpoint: str
    role_arn: RoleArn
    session_name: str
    duration_seconds: int
    policy: str = ""
    external_id: str = ""
    source_identity: str = ""
