"""The parts of the command line as data: words, options, commands, topics, and the formats of a printed session.

A format is a shell, with all its properties in one record, or a document. Every cached call loads these parts and the
tables of commands, so they consist of tuples and four small classes.
"""

# The kinds of words and of option values, for the parser and for completion. A CHOICE has a fixed list of values; a
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
"""The kinds of values that `validators.value_fault` checks."""

_UNITS = {"m": 60, "h": 3600}
_MOST_DIGITS = 9

SITES = {"china": "aliyun.com", "international": "alibabacloud.com"}
"""The two sites of Alibaba Cloud, as `--site` names them, and their domains."""

SECRETS, CODE = "secrets", "the code"
"""The kinds of output that go to a terminal only with `--show`."""

EXIT_STATUSES = {
    0: "success",
    1: "a bug",
    2: "usage error",
    3: "an error in the profile, its file or an environment setting; or no credentials to make the request with",
    4: "STS refused, or the session is not for the requested account, role and session name",
    5: "STS could not be reached, throttled the request or returned an invalid response; retryable",
    6: "the keyring was needed and could not be used",
}

ALL_STATUSES = dict.fromkeys(EXIT_STATUSES, "")
_NO_TERMINAL = {2: "usage error, or stdout is a terminal and --show is not given"}

TOPICS = {
    "profiles": "the profiles file and its keys",
    "sources": "where a chain of roles gets its first credentials",
    "shells": "sessions in bash, zsh, fish and POSIX shells",
    "prompt": "the session in the prompt",
    "programs": "the aliyun CLI, SDKs, Terraform and other programs",
    "agents": "AI agents with no more than they need, and what that does not protect against",
    "ci": "GitHub Actions, GitLab and other CI",
    "recipes": "kubectl, docker compose, Jenkins, cron and others, to copy",
    "headless": "servers, containers and cron: without a keyring, or with a locked one",
    "variables": "the variables that are set, read and unset",
    "cache": "where sessions are cached, and when they are renewed",
    "exit-statuses": "what an exit status means",
    "uninstall": "how to remove everything",
    "security": "what is protected, and from whom",
}
"""The topics of `role-env help`, each with its description; its text is a file in `help/`."""


def canonical_name(name: str) -> str:
    """Return the form of a profile's name in which names are compared: NFKC (Unicode, annex 15).

    Half-width and full-width letters, or two encodings of an accent, look alike and are the same name.
    """
    if name.isascii():
        return name
    import unicodedata  # for the letters of other scripts

    return unicodedata.normalize("NFKC", name)


def parse_duration(text: str) -> "int | None":
    """Return the seconds of a DURATION, `90`, `30m` or `1h`, or None for anything else."""
    unit = _UNITS.get(text[-1:], 0)
    digits = text[:-1] if unit else text
    if not digits.isascii() or not digits.isdigit() or len(digits) > _MOST_DIGITS:
        return None
    return int(digits) * (unit or 1)


FAST_PATH, PREVIOUS_SESSION, EDITOR, REMOVER = "the fast path", "use -", "configure --edit", "configure --remove"
"""What handles a line besides its command. One of them handles it only if it handles every option of the line."""


class Option:
    """An option: the placeholder of its `value` (empty for a switch), its help, its kind, the values of a CHOICE.

    `handled_by` names what handles a line with it besides the command.
    """

    def __init__(
        self,
        name: str,
        value: str,
        help: str,
        *,
        kind: str = TEXT,
        choices: "tuple[str, ...]" = (),
        handled_by: "tuple[str, ...]" = (),
    ) -> None:
        self.name = name
        self.value = value
        self.help = help
        self.kind = CHOICE if choices else kind
        self.choices = choices
        self.handled_by = handled_by

    @property
    def attribute(self) -> str:
        """The name of its field in an Invocation."""
        return self.name[2:].replace("-", "_")

    @property
    def heading(self) -> str:
        """The option and its value, as a help page shows them."""
        value = "{" + ",".join(self.choices) + "}" if self.choices else self.value
        return f"{self.name} {value}".rstrip()


class Word:
    """A positional argument: its placeholder, its kind, and the field of an Invocation that it fills."""

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


_CHANGING = Option(
    "--full", "", "change role-env's own secrets within a narrowed session too", handled_by=(EDITOR, REMOVER)
)


class Command:
    """A command, with everything that the rest of the program knows about it.

    `summary` is its purpose, without a period; `options` has its options by name; `examples` are lines to type;
    `statuses` are its exit statuses, where an empty text stands for the meaning in EXIT_STATUSES. The options in one
    tuple of `exclusive` exclude each other.

    `prints` is SECRETS or CODE if its output goes to a terminal only with `--show`. A command with `changes_secrets`
    changes role-env's own secrets; a narrowed session refuses it without `--full`. One without `reads_secrets` reads no
    file or keyring that may have a long-lived key.
    """

    def __init__(
        self,
        name: str,
        summary: str,
        words: "tuple[Word, ...]",
        options: "tuple[Option, ...]",
        examples: "tuple[str, ...]",
        *,
        statuses: "dict[int, str]" = ALL_STATUSES,
        exclusive: "tuple[tuple[str, ...], ...]" = (),
        usage: str = "",
        prints: str = "",
        changes_secrets: bool = False,
        reads_secrets: bool = True,
    ) -> None:
        if changes_secrets:
            options = (*options, _CHANGING)
        if prints:
            show = Option(
                "--show", "", f"print {prints} even if stdout is a terminal", handled_by=(FAST_PATH, PREVIOUS_SESSION)
            )
            options, statuses = (*options, show), statuses | _NO_TERMINAL
        self.name = name
        self.summary = summary
        self.words = words
        self.options = {option.name: option for option in options}
        self.examples = examples
        self.statuses = statuses
        self.exclusive = exclusive
        self.usage = usage
        self.prints = prints
        self.changes_secrets = changes_secrets
        self.reads_secrets = reads_secrets

    @property
    def is_evaluated(self) -> bool:
        """Whether a shell reads the output, and gets code that fails after a failure."""
        return self.prints == CODE or "--format" in self.options

    @property
    def purpose(self) -> str:
        """The summary as a sentence."""
        return f"{self.summary[0].upper()}{self.summary[1:]}."

    @property
    def own_options(self) -> "list[Option]":
        """The command's own options, without those of every command that obtains a session."""
        shared = OBTAINING if self.obtains else ()
        return [option for option in self.options.values() if option not in shared]

    @property
    def obtains(self) -> bool:
        """Whether the command obtains a session, and so has the options for it."""
        return set(OBTAINING) <= set(self.options.values())


_POSIX = "role_env.shells.posix"


class Shell:
    """A shell that evaluates what role-env prints.

    `dialect` is the module that writes its code, and `nothing` is code that does nothing and succeeds. `evaluate` is
    the line that evaluates the session printed by the command in {}, and, unless the shell is a POSIX shell, code that
    ends or renews a session. `readers` says on a help page where `evaluate` is typed; it is empty if another shell has
    the same line. `programs` are the names of the shell's processes, by default its own name.

    `integration` lists the files in `shell/` of the shell's integration, none if there is none. `load` is the line that
    loads it, and `rc_file` the file to write that line to, as a person names it.
    """

    def __init__(
        self,
        name: str,
        *,
        programs: "tuple[str, ...]" = (),
        readers: str = "",
        dialect: str = _POSIX,
        evaluate: str = 'eval "$({} || echo false)"',
        integration: "tuple[str, ...]" = (),
        load: str = "",
        rc_file: str = "",
        nothing: str = "{ :; }\n",
    ) -> None:
        self.name = name
        self.programs = programs or (name,)
        self.readers = readers
        self.dialect = dialect
        self.evaluate = evaluate
        self.evaluate_code = 'eval "$({})"' if dialect == _POSIX else evaluate
        self.integration = integration
        self.load = load
        self.rc_file = rc_file
        self.nothing = nothing


SHELLS = {
    shell.name: shell
    for shell in (
        Shell(
            "bash",
            readers="bash, zsh, at a prompt",
            evaluate="source <({})",
            integration=("role-env.sh", "role-env.bash"),
            load='eval "$(role-env init bash)"',
            rc_file="~/.bashrc",
        ),
        Shell(
            "zsh",
            evaluate="source <({})",
            integration=("role-env.sh", "role-env.zsh"),
            load='eval "$(role-env init zsh)"',
            rc_file="~/.zshrc",
        ),
        Shell("sh", programs=("sh", "ash", "dash", "ksh", "mksh"), readers="scripts, CI, any POSIX shell"),
        Shell(
            "fish",
            readers="fish",
            dialect="role_env.shells.fish",
            evaluate="{} | source",
            integration=("role-env.fish",),
            load="role-env init fish | source",
            rc_file="~/.config/fish/config.fish",
            nothing="begin; true; end\n",
        ),
    )
}
"""The shells by name; each name is also a format."""
SHELLS_BY_PROGRAM = {program: shell for shell in SHELLS.values() for program in shell.programs}
SHELL_FORMATS = tuple(SHELLS)
DOCUMENT_FORMATS = ("json", "dotenv", "github")
FORMATS = (*SHELL_FORMATS, *DOCUMENT_FORMATS)
INTEGRATED_SHELLS = tuple(name for name, shell in SHELLS.items() if shell.integration)

# --- shared by several commands

CONFIG = Option(
    "--config",
    "FILE",
    "profiles file (default: ROLE_ENV_CONFIG, else role-env/profiles.ini in the user's config folder)",
    kind=FILE,
    handled_by=(FAST_PATH, EDITOR, REMOVER),
)
JSON = Option("--json", "", "print JSON instead of text for a person")
VERBOSE = Option("--verbose", "", "report on stderr what was decided and why", handled_by=(FAST_PATH, PREVIOUS_SESSION))
NO_BROWSER = Option("--no-browser", "", "only print the sign-in address, and open no browser")
OBTAINING = (
    CONFIG,
    Option(
        "--duration",
        "SECONDS",
        "lifetime of a new session, such as 3600, 30m or 1h (default: the profile's duration_seconds, else 3600)",
        kind=DURATION,
    ),
    Option("--session-name", "NAME", "session name (default: the profile's role_session_name)", kind=SESSION_NAME),
    Option(
        "--region", "ID", "region to export (default: the profile's region_id)", kind=REGION, handled_by=(FAST_PATH,)
    ),
    Option(
        "--min-ttl",
        "SECONDS",
        "renew a session that has less time left, such as 600 or 10m (default: a fifth of its lifetime, at most 5m)",
        kind=DURATION,
        handled_by=(FAST_PATH,),
    ),
    Option("--refresh", "", "ignore the cached session and request a new one"),
    Option("--no-cache", "", "neither read nor write the cache"),
    Option("--expect-account", "ID", "refuse a session for any other account", kind=ACCOUNT, handled_by=(FAST_PATH,)),
    Option("--policy", "FILE", "narrow the session by the policy in FILE, or - for stdin", kind=FILE),
    Option("--read-only", "", "narrow the session to reading, as read_only = yes in the profile does"),
    Option("--full", "", "allow a wider session within a narrowed one", handled_by=(PREVIOUS_SESSION,)),
    VERBOSE,
)
A_PROFILE = Word("PROFILE", PROFILE, "profile")
A_SESSION_PROFILE = Word("PROFILE", SESSION_PROFILE, "profile")
OPTIONAL_PROFILE = Word("PROFILE", SESSION_PROFILE, "profile", is_optional=True)
OPTIONAL_PROFILES = Word("PROFILE", SESSION_PROFILE, "profiles", is_optional=True, is_repeated=True)
