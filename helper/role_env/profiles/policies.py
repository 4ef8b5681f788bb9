"""Session policies: what narrows a session, as STS takes it.

STS takes at most 2,048 characters of JSON, and a session policy can only narrow what the role allows (STS 2015-04-01,
AssumeRole, `Policy`). Two policies cannot be intersected in general; a Deny statement narrows any policy.
"""

from role_env.fingerprint import sha256

LONGEST = 2048
# With as much white space as anybody writes.
LARGEST_FILE = 64 * 1024
READ_ONLY = "read-only"

READING = ("*:Describe*", "*:List*", "*:Get*", "*:BatchGet*", "*:Query*", "*:BatchQuery*")
"""How Alibaba Cloud's services name the actions that read."""

REVEALING = (
    # secrets
    "kms:GetSecretValue",
    "kms:Decrypt",
    "kms:GenerateDataKey*",
    "oos:GetSecretParameter*",
    "yundun-cert:GetUserCertificateDetail",  # with the private key
    # data
    "oss:GetObject*",
    "ots:GetRow",
    "ots:GetRange",
    "ots:BatchGetRow",
    "log:GetLogStoreLogs",
    "log:GetCursorOrData",
    "rds:DescribeBackups",  # with addresses for downloads, and so the next one
    "rds:DescribeBinlogFiles",
    "fc:GetFunctionCode",
    # a way in
    "cs:Describe*Kubeconfig",
    "cr:GetAuthorizationToken",
    "ecs:DescribeInstanceVncUrl",
    "ecs:DescribeUserData",
    "ecs:DescribeLaunchTemplateVersions",  # with user data
    "ecs:DescribeInvocationResults",
    "ecs:GetInstanceConsoleOutput",
    "ecs:GetInstanceScreenshot",
)
"""Actions that are named like reading, and give secrets, data or a way in."""


class Narrowing:
    """How a request narrows its session: by the policy `text` from `file` (empty for stdin), or to reading.

    `is_full_allowed` lets a request within a narrowed session be a full one. Without arguments it narrows nothing.
    `name` is what ROLE_ENV_POLICY says of the session: empty for a full one.
    """

    __slots__ = ("file", "is_full_allowed", "is_read_only", "name", "text")

    def __init__(
        self, text: str = "", *, file: str = "", is_read_only: bool = False, is_full_allowed: bool = False
    ) -> None:
        self.text = text
        self.file = file
        self.is_read_only = is_read_only
        self.is_full_allowed = is_full_allowed
        self.name = READ_ONLY if is_read_only else sha256(text) if text else ""


class PolicyError(ValueError):
    """A text that cannot be a session policy; its message completes a sentence about it."""


def compact(text: str) -> str:
    """Return the policy `text` without white space outside its strings. Raises PolicyError."""
    import json  # the fast path needs the names of policies alone
    import re

    try:
        document = json.loads(text)
    except (ValueError, RecursionError):  # nested deeper than any policy is
        document = None
    if not isinstance(document, dict):
        raise PolicyError("is not a policy in JSON")
    policy = re.sub(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', r"\1", text)  # the group is a string, which stays
    if len(policy) > LONGEST:
        raise PolicyError(f"contains {len(policy)} characters, and STS accepts {LONGEST}")
    return policy


def read_only(own: str = "") -> str:
    """Return the read-only policy; with `own`, a profile's policy, one that narrows that to reading.

    Raises PolicyError if the two together are longer than STS accepts.
    """
    import json

    reading = {"Effect": "Allow", "Action": READING, "Resource": "*"}
    if own:
        reading = {"Effect": "Deny", "NotAction": READING, "Resource": "*"}
    revealing = {"Effect": "Deny", "Action": REVEALING, "Resource": "*"}
    document = json.loads(own) if own else {"Version": "1"}
    statements = document.get("Statement", [])
    kept = statements if isinstance(statements, list) else [statements]
    narrowed = {**document, "Statement": [*kept, reading, revealing]}
    policy = json.dumps(narrowed, separators=(",", ":"), ensure_ascii=False)
    if len(policy) > LONGEST:
        raise PolicyError(
            f"and the read-only policy together contain {len(policy)} characters, and STS accepts {LONGEST}"
        )
    return policy
