"""What a request for a role needs of a profile."""

from typing import Protocol

from role_env.credentials import RoleArn


class Hop(Protocol):
    """A role to assume, with the parameters of the request, and the file and line that ask for it."""

    @property
    def name(self) -> str:
        """The name of the profile."""

    @property
    def where(self) -> str:
        """The file and line of the profile."""

    @property
    def role_arn(self) -> RoleArn:
        """The role; empty for a source."""

    @property
    def role_session_name(self) -> str:
        """The session name."""

    @property
    def duration_seconds(self) -> int:
        """How long the session lasts."""

    @property
    def external_id(self) -> str:
        """The external ID; may be empty."""

    @property
    def policy(self) -> str:
        """The session policy in JSON; may be empty."""

    @property
    def source_identity(self) -> str:
        """The source identity; may be empty."""

    @property
    def endpoint(self) -> str:
        """`host[:port]` of STS."""
