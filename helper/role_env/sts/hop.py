"""One step of a chain: what a profile with a role calls AssumeRole with."""

from role_env.credentials import RoleArn
from role_env.dataclass import dataclass


@dataclass(frozen=True)
class Hop:
    """The parameters of an AssumeRole call at `endpoint`.

    For messages: `profile`, `where` with the file and line of its section, and `role_where` with those of its role_arn.
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
    role_where: str = ""
