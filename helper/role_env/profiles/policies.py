"""Session policies: what narrows a session, as STS takes it.

STS takes at most 2,048 characters of JSON, and a session policy can only narrow what the role allows (STS 2015-04-01,
AssumeRole, `Policy`). Two policies cannot be intersected in general; a Deny statement narrows any policy.
"""

from role_env.fingerprint import sha256
from role_env.variables import READ_ONLY

LONGEST = 2048
# With as much white space as anybody writes.
LARGEST_FILE = 64 * 1024

READING = ("*:Describe*", "*:List*", "*:Get*", "*:BatchGet*", "*:Query*", "*:BatchQuery*")
"""How Alibaba Cloud's services name the actions that read."""

REVEALING = {
    "secrets": (
        "*:*Get*Secret* *:Describe*Secret* *:*PrivateKey *:*Password *:*Credential* *:*Token* *:*Ticket *:*ApiKey* "
        "*:*AppSec* cms:*AccessKey *:*CertificateState *:*UserCert* *:GetCsr* *:*Signatures *:DescribeDomain "
        "*:*Sasl* *:*DataServiceApp* *:GetConn* *:ListConn* *:*EventStream* *:*VpnConn* *:*Ipsec* *:*K8sSecrets "
        "*:*DomainConfigs iot:*Query*"
    ),
    "ways in": (
        "*:*ClientCert* *:*Kube*onfig* *:*UserConfig *:*AttachScripts cs:*Agent cs:*Trigger *:*Terminal* *:*WebShell "
        "*:*Url *:*Upload* *:*Download*"
    ),
    "stored data": (
        "oss:GetObject* ots:*Get*R* *:Get*Records *:Get*Logs log:GetCursorOrData *:*SQLLog* *:*inlog* *:*Backup*s* "
        "vod:*Info* ice:*Info* *:*Send*"
    ),
    "what programs are given and print": (
        "*:*Invocation* *:*Commands *:*ConsoleOutput *:*Screenshot *:*UserData ecs:*LaunchT* ess:*Config* *:*NodePool* "
        "eci:*Groups fc:* sae:*Config* sae:*Web* eas:* mse:*Config*"
    ),
}
"""Patterns of the actions that are named like reading, and reveal something of these classes.

They are spelled as the actions are: RAM compares actions without case "in most cases" (its page on policy elements).
What a pattern takes in without case is denied on purpose too: `*:*inlog*` takes in binlogs and the logs of domains.
"""


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


def revision() -> str:
    """Return what tells this read-only policy from that of another version of role-env."""
    return sha256(" ".join((*READING, *REVEALING.values())))


def read_only(own: str = "") -> str:
    """Return the read-only policy; with `own`, a profile's policy, one that narrows that to reading.

    Raises PolicyError if the two together are longer than STS accepts.
    """
    import json

    reading = {"Effect": "Allow", "Action": READING, "Resource": "*"}
    if own:
        reading = {"Effect": "Deny", "NotAction": READING, "Resource": "*"}
    revealing = {"Effect": "Deny", "Action": " ".join(REVEALING.values()).split(), "Resource": "*"}
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
