"""What a command of the command line is: its words and its options."""

# What a word or an option's value is, for the parser and for completion. The choices of CHOICE are all its values;
# TEXT is any other text.
TEXT = "text"
CHOICE = "choice"
PROFILE = "profile"
SESSION_PROFILE = "profile that gives a session"
COMMAND_LINE = "command line"
FILE = "file"
DURATION = "duration"
REGION = "region"
ACCOUNT = "account"
SESSION_NAME = "session name"
TOPIC = "command or help topic"
CHECKED_KINDS = (REGION, ACCOUNT, SESSION_NAME)
"""The kinds of values that have a rule, in `names`."""

EXIT_STATUSES = {
    0: "success",
    1: "a bug",
    2: "usage error",
    3: "an error in the profile, its file or an environment setting; or no credentials to make the request with",
    4: "STS refused, or the session is not for the requested account, role and session name",
    5: "STS could not be reached, throttled the request or returned an invalid response; retryable",
    6: "the keyring was needed and could not be used",
}

TOPICS = {
    "profiles": "the profiles file and its keys",
    "sources": "where a chain of roles gets its first credentials",
    "shells": "sessions in bash, zsh, fish and POSIX shells",
    "prompt": "the session in the prompt",
    "programs": "the aliyun CLI, SDKs, Terraform and other programs",
    "ci": "GitHub Actions, GitLab and other CI",
    "variables": "the variables that are set, read and unset",
    "cache": "where sessions are cached, and when they are renewed",
    "exit-statuses": "what an exit status means",
    "uninstall": "how to remove everything",
    "security": "what is protected, and from whom",
}
"""The topics of `role-env help`, each a file in `help/`, with what they are about."""


class Option:
    """An option of a command.

    `value` is the placeholder of its value, empty for a switch; `kind` says what the value is; `choices` are all its
    values, where they are few. `attribute` is the name of its field in an Invocation.
    """

    __slots__ = ("attribute", "choices", "help", "kind", "name", "value")

    def __init__(self, name: str, value: str, help: str, *, kind: str = TEXT, choices: "tuple[str, ...]" = ()) -> None:
        self.name = name
        self.value = value
        self.help = help
        self.kind = CHOICE if choices else kind
        self.choices = choices
        self.attribute = name[2:].replace("-", "_")


class Word:
    """A word of a command line that is not an option: its placeholder, what it is, and the field that it fills."""

    __slots__ = ("attribute", "choices", "is_optional", "is_repeated", "kind", "name")

    def __init__(
        self,
        name: str,
        kind: str,
        attribute: str,
        *,
        choices: "tuple[str, ...]" = (),
        is_optional: bool = False,
        is_repeated: bool = False,
    ) -> None:
        self.name = name
        self.kind = kind
        self.attribute = attribute
        self.choices = choices
        self.is_optional = is_optional
        self.is_repeated = is_repeated


class Command:
    """A command.

    `summary` says what it is for, without a period; `options` has its options by their names; `examples` are lines
    to type; `statuses` are its exit statuses, an empty text standing for the meaning in EXIT_STATUSES. Of the options
    in one tuple of `exclusive` only one may be given. A command with `is_silent` writes nothing to stderr when it
    succeeds, unless `--verbose` is given.
    """

    __slots__ = ("examples", "exclusive", "is_silent", "name", "options", "statuses", "summary", "usage", "words")

    def __init__(
        self,
        name: str,
        summary: str,
        words: "tuple[Word, ...]",
        options: "tuple[Option, ...]",
        examples: "tuple[str, ...]",
        *,
        statuses: "dict[int, str]",
        exclusive: "tuple[tuple[str, ...], ...]" = (),
        usage: str = "",
        is_silent: bool = False,
    ) -> None:
        self.name = name
        self.summary = summary
        self.words = words
        self.options = {option.name: option for option in options}
        self.examples = examples
        self.statuses = statuses
        self.exclusive = exclusive
        self.usage = usage
        self.is_silent = is_silent
