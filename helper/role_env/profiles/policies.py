"""Session policies, which narrow a session.

STS accepts at most 2,048 characters of JSON, and a session policy can only narrow what the role allows (STS 2015-04-01,
AssumeRole, `Policy`). In general two policies cannot be intersected, but a Deny statement narrows any policy.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST = 2048
# The limit before white space is removed; it leaves enough room for formatting.
LARGEST_FILE = 64 * 1024

READING = ("*:Describe*", "*:List*", "*:Get*", "*:BatchGet*", "*:Query*", "*:BatchQuery*")
"""Patterns of the actions that read, by the names that Alibaba Cloud's services use."""

# After a change of these lists, raise the number of a cached session's format: those with the former policy must miss.
REVEALING = {
    "secrets": (
        "*:*e*Secret* *:*sSecrets *:*etVal* *:*vateKey *:*ssw*d *:*Crede* *:*Token* *:*Ticket *:*Ap?Key* *:*s?Key "
        "*:*AppSec* *:*teState *:*UserC* *:GetCsr* *:*natures *:*beDomain *:*Sasl* *:*iceApp* *:GetConn* *:ListConn* "
        "*:*ntStream* *:*ceAccount amqp:*Acc* *:*VpnCo* *:*Ipsec* *:*BgpG* *:*nConfigs iot:*"
    ),
    "ways in": (
        "*:*ntCert* *:*Kube?on* *:*AttachS* cs:*Agent cs:*gger *:*minal* *:*Shell *:*Url *:*pload* *:*nload* *:*yAuth"
    ),
    "stored data": (
        "oss:GetObject* oss:*tors ots:*Get*R* *:*tRecords *:*gRecor* *:*Log *:*t*Logs *:*Slow* *:*rorL* log:*OrData "
        "*:*SQLLog* *:*nlog* *:*Backup*s* dms:*File *:*tResult vod:*Info* ice:*Info* *:*ording* *:*Send* *:*Mess* *:*Kv"
    ),
    "what programs are given and print": (
        "*:*Invoc* *:*mmands *:*utput *:*eens* *:*UserData ecs:*nchT* ess:*Conf* *:*dePool* eci:*ups fc:* sae:*Conf* "
        "sae:*Web* eas:* mse:*Conf*"
    ),
}
"""Patterns of the actions that are named like reading but reveal something of these classes.

The policy alone has at most 1,100 characters, so that it fits beside a profile's own of 900.

They use the case of the actions: RAM ignores the case of actions "in most cases" (its page on policy elements). Matches
that ignore the case are denied on purpose too: `*:*nlog*` matches binlogs and the logs of domains. Many begin in the
middle of a word, which costs fewer characters: `*:*pload*` matches uploads. `*:*t*Logs` leaves `vpc:DescribeFlowLogs`.
"""


class PolicyError(ValueError):
    """A text is not a valid session policy; the message completes a sentence about it."""


def compact(text: str) -> str:
    """Return the policy `text` without white space outside strings. Raises PolicyError."""
    import re

    _parse(text)
    policy = re.sub(r'("(?:[^"\\]|\\.)*")|[ \t\r\n]+', r"\1", text)  # the group is a string, which is kept
    if len(policy) > LONGEST:
        raise PolicyError(f"contains {len(policy)} characters, and STS accepts {LONGEST}")
    return policy


def _parse(text: str) -> "dict[str, Any]":
    import json

    from role_env import json_reader

    try:
        document = json_reader.json_value(text)
        json.dumps(document, ensure_ascii=False).encode()
    except json_reader.JsonError as error:
        raise PolicyError(str(error)) from None
    except UnicodeEncodeError:
        raise PolicyError("contains half of a character") from None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise PolicyError("is not a policy in JSON")
    return document


def read_only(own: str = "") -> str:
    """Return the policy for reading, which narrows `own` if given. Raises PolicyError for one that is too long."""
    import json

    document = _parse(own) if own else {"Version": "1"}
    if other := [key for key in document if key != "Statement" and key.lower() == "statement"]:
        raise PolicyError(f"has the key {other[0]}, which may replace Statement")
    reading = {"Effect": "Allow", "Action": READING, "Resource": "*"}
    if own:
        reading = {"Effect": "Deny", "NotAction": READING, "Resource": "*"}
    revealing = {"Effect": "Deny", "Action": " ".join(REVEALING.values()).split(), "Resource": "*"}
    found: object = document.get("Statement", [])
    statements = found if isinstance(found, list) else [found]
    narrowed = {**document, "Statement": [*statements, reading, revealing]}
    policy = json.dumps(narrowed, separators=(",", ":"), ensure_ascii=False)
    if len(policy) > LONGEST:
        raise PolicyError(
            f"and the read-only policy together contain {len(policy)} characters, and STS accepts {LONGEST}"
        )
    return policy
