"""The input of a check and its result."""

from collections.abc import Callable, Mapping

from role_env.context import Context
from role_env.context.messages import Messages
from role_env.dataclass import dataclass
from role_env.deadline import Deadline
from role_env.errors import ProfileError
from role_env.profiles import file as profiles
from role_env.sessions import chain as chains
from role_env.sessions.chain import Chain

OK, WARN, FAIL = "ok", "warn", "fail"

# All checks together end within ten seconds. A check that takes longer than this is reported as hanging (seconds).
LONGEST_CHECK = 8.0
LONGEST_CALL = 6.0


@dataclass(frozen=True)
class Finding:
    """The result of a check: `status` is OK, WARN or FAIL; `fix` is an instruction, empty if all is well."""

    check: str
    status: str
    message: str
    fix: str = ""


@dataclass(frozen=True)
class Surroundings:
    """The input of a check: the environment, and the profiles file that the command line names (or an empty text).

    With `is_verbose` a message also has what only a developer wants to know.
    """

    environ: Mapping[str, str]
    config: str
    is_verbose: bool = False

    def context(self, seconds: float = LONGEST_CALL) -> Context:
        """Return a silent context with a deadline in `seconds`, in which no person is asked to unlock a keyring."""
        return Context(self.environ, Deadline(seconds), Messages(silent=True), prompts=False)

    def chains(self) -> list[Chain]:
        """Return the chains of the valid profiles; another check reports on the others."""
        try:
            return list(chains.resolve_valid(profiles.load(self.config, self.environ)))
        except ProfileError:
            return []


Check = Callable[[Surroundings], list[Finding]]
