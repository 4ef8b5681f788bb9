"""The properties that a renewed session must keep, and the errors if it does not."""

from role_env.credentials import RoleArn, Session
from role_env.dataclass import dataclass, replace
from role_env.environ.request import ShellRequest
from role_env.errors import ProfileError, RefusedError, UnreachableError
from role_env.sessions.chain import Chain

RENEWED, REQUESTED_AGAIN = "renewed", "requested again"
"""How a session is requested again: RENEWED replaces it; REQUESTED_AGAIN is for a shell that has lost or left it."""


@dataclass(frozen=True)
class KeptSession:
    """The properties that a session keeps when it is RENEWED or REQUESTED_AGAIN, as `done` says.

    `policy` is its value of ROLE_ENV_POLICY, `policy_digest` the digest of the policy that was sent. `hint` goes into
    the errors.
    """

    profile: str
    account_id: str
    role_arn: RoleArn
    session_name: str
    policy: str
    policy_digest: str
    hint: str
    done: str = RENEWED

    @classmethod
    def of(cls, asked: ShellRequest, hint: str, done: str = RENEWED) -> "KeptSession":
        """Return the properties of the session that was issued for the request `asked`."""
        names = (asked.session_name, asked.policy, asked.policy_digest)
        return cls(asked.profile, asked.account_id, asked.role_arn, *names, hint, done)

    def bind(self, chain: Chain) -> Chain:
        """Return `chain` with the session's own name. Raises RefusedError if it would now give a different session."""
        self._check_role(chain.role_arn)
        if chain.role_arn:
            self._check_account(chain.role_arn.account)
        if chain.target.role_arn:
            named = replace(chain.target, role_session_name=self.session_name)
            chain = chain.with_profile(chain.target, named)
        if chain.session_name != self.session_name:
            raise self.another("another session name")
        if (chain.policy_name, chain.policy_digest) != (self.policy, self.policy_digest):
            raise self.another("another session policy")
        return chain

    def check(self, session: Session) -> None:
        """Raise RefusedError for a different `session`. A passed-through session is known only after the request."""
        self._check_role(session.role_arn)
        self._check_account(session.account_id)
        if session.policy != self.policy:
            raise self.another("another session policy")

    def _check_role(self, role_arn: str) -> None:
        if self.role_arn.lower() != role_arn.lower():  # STS ignores the case of role names
            raise self.another(f"role {role_arn or '(none)'}, not {self.role_arn or '(none)'}")

    def _check_account(self, account_id: str) -> None:
        if account_id != self.account_id:
            raise self.another(f"account {account_id}, not {self.account_id or 'the known one'}")

    def another(self, what: str) -> RefusedError:
        """Return the error for a session of a different `what`, such as another role."""
        return RefusedError(f"the session of {self.profile} is not {self.done}: it would be of {what}", hint=self.hint)

    def impossible(self, why: str, *, hint: str = "") -> ProfileError:
        """Return the error for a session that cannot be requested, with its own hint unless `hint` is given."""
        return ProfileError(f"the session of {self.profile} cannot be {self.done}: {why}", hint=hint or self.hint)

    def failed(self, error: UnreachableError) -> UnreachableError:
        """Return the error for a session whose request failed."""
        why = error.message.removeprefix(f"profile {self.profile}: ")
        return UnreachableError(f"the session of {self.profile} could not be {self.done}: {why}", hint=error.hint)
