"""The command line as data: every command with its words, options, choices, examples and exit statuses.

The parser, the help pages, the completion of the shells and the checks of profile names all read these tables. They are
part of each cached call, so they are built from nothing but tuples and three small classes.
"""

from role_env.command_model import (
    ACCOUNT,
    CHOICE,
    COMMAND_LINE,
    DURATION,
    EXIT_STATUSES,
    FILE,
    PROFILE,
    REGION,
    SESSION_NAME,
    SESSION_PROFILE,
    TEXT,
    TOPIC,
    Command,
    Option,
    Word,
)

SHELL_FORMATS = ("bash", "zsh", "sh", "fish")
DOCUMENT_FORMATS = ("json", "dotenv", "github")
FORMATS = (*SHELL_FORMATS, *DOCUMENT_FORMATS)
INTEGRATED_SHELLS = ("bash", "zsh", "fish")
CONSOLE_SITES = ("china", "international")
_ALL_STATUSES = dict.fromkeys(EXIT_STATUSES, "")
_NO_TERMINAL = {2: "usage error, or stdout is a terminal and --show is not given"}

_CONFIG = Option(
    "--config",
    "FILE",
    "profiles file (default: ROLE_ENV_CONFIG, else role-env/profiles.ini in the user's config folder)",
    kind=FILE,
)
_FORMAT_HELP = "format of the output (default: fish if the parent process is fish, else sh)"
_SHOW = Option("--show", "", "print secrets even if stdout is a terminal (default: refuse)")
_SHOW_CODE = Option("--show", "", "print the code even if stdout is a terminal (default: refuse)")
_JSON = Option("--json", "", "print JSON (default: text for a person)")
_VERBOSE = Option("--verbose", "", "report on stderr what was decided and why (default: warnings and errors only)")
_NO_BROWSER = Option("--no-browser", "", "only print the sign-in address (default: open it in the browser too)")
_OBTAINING = (
    _CONFIG,
    Option(
        "--duration",
        "SECONDS",
        "lifetime of a new session, such as 3600, 30m or 1h (default: the profile's duration_seconds, else 3600)",
        kind=DURATION,
    ),
    Option("--session-name", "NAME", "session name (default: the profile's role_session_name)", kind=SESSION_NAME),
    Option("--region", "ID", "region to export (default: the profile's region_id)", kind=REGION),
    Option(
        "--min-ttl",
        "SECONDS",
        "renew a session that has less time left, such as 600 or 10m (default: a fifth of its lifetime, at most 5m)",
        kind=DURATION,
    ),
    Option("--refresh", "", "ignore the cached session and request a new one (default: use the cached session)"),
    Option("--no-cache", "", "neither read nor write the cache (default: do both)"),
    Option("--expect-account", "ID", "refuse a session for any other account (default: accept any)", kind=ACCOUNT),
    Option("--policy", "FILE", "narrow the session by the policy in FILE, or - for stdin (default: do not)", kind=FILE),
    Option("--read-only", "", "narrow the session to reading (default: only if the profile says read_only = yes)"),
    Option("--full", "", "allow a wider session within a narrowed one (default: refuse)"),
    _VERBOSE,
)
_PROFILE = Word("PROFILE", PROFILE, "profile")
_SESSION_PROFILE = Word("PROFILE", SESSION_PROFILE, "profile")
_OPTIONAL_SESSION_PROFILE = Word("PROFILE", SESSION_PROFILE, "profile", is_optional=True)
_OPTIONAL_SESSION_PROFILES = Word("PROFILE", SESSION_PROFILE, "profiles", is_optional=True, is_repeated=True)

_COMMANDS = (
    Command(
        "export",
        "print a profile's session for a shell or program",
        (_SESSION_PROFILE,),
        (*_OBTAINING, Option("--format", "FORMAT", _FORMAT_HELP, choices=FORMATS), _SHOW),
        ("source <(role-env profileB)", "role-env export profileB --format json > session.json"),
        statuses=_ALL_STATUSES | _NO_TERMINAL,
    ),
    Command(
        "exec",
        "run a command (default: $SHELL) in a profile's session",
        (_SESSION_PROFILE, Word("COMMAND", COMMAND_LINE, "command_line", is_optional=True, is_repeated=True)),
        (
            *_OBTAINING,
            Option(
                "--renew", "", "stay, and serve live sessions to programs that use an SDK (default: become COMMAND)"
            ),
        ),
        ("role-env exec profileB -- terraform plan", "role-env exec --renew profileB -- python work-for-hours.py"),
        statuses={
            0: "the command's own status, whatever it is",
            125: "role-env itself failed",
            126: "the command cannot run",
            127: "the command is not found",
        },
        usage="PROFILE [--] [COMMAND ...]",
    ),
    Command(
        "process",
        "print a profile's session as a credential process does",
        (_OPTIONAL_SESSION_PROFILE,),
        (
            Option("--session", "", "print the session of the environment (default: that of PROFILE)"),
            *_OBTAINING,
            _SHOW,
        ),
        ("role-env process profileB", "role-env process --session"),
        statuses=_ALL_STATUSES | _NO_TERMINAL,
        is_silent=True,
    ),
    Command(
        "off",
        "print code that ends the session in this shell and restores what was set before it",
        (),
        (Option("--format", "FORMAT", _FORMAT_HELP, choices=SHELL_FORMATS), _SHOW_CODE),
        ('eval "$(role-env off)"', "role-env off | source"),
        statuses={0: "", 1: "", **_NO_TERMINAL},
    ),
    Command(
        "renew",
        "print code that renews the session in this shell in place, or leaves it as it is",
        (),
        (Option("--format", "FORMAT", _FORMAT_HELP, choices=SHELL_FORMATS), _SHOW_CODE),
        ('eval "$(role-env renew)"', "role-env renew | source"),
        statuses=_ALL_STATUSES | _NO_TERMINAL | {4: "it would be another session, or STS refused"},
    ),
    Command(
        "init",
        "print the shell integration",
        (Word("SHELL", CHOICE, "shell", choices=INTEGRATED_SHELLS),),
        (
            Option("--no-prompt", "", "only set ROLE_ENV_PROMPT (default: show the session in the prompt)"),
            Option("--renew", "", "renew the session at a prompt shortly before it expires (default: do not)"),
        ),
        ('eval "$(role-env init bash)"', 'eval "$(role-env init zsh --renew)"', "role-env init fish | source"),
        statuses=dict.fromkeys((0, 1, 2), ""),
    ),
    Command(
        "configure",
        "create a profile: ask, show it, verify it by one request, and append it to the profiles file",
        (Word("PROFILE", TEXT, "profile", is_optional=True),),
        (
            Option("--role-arn", "ARN", "role to assume (default: asked at a terminal)"),
            Option(
                "--source-profile",
                "NAME",
                "profile whose credentials assume the role (default: asked at a terminal)",
                kind=PROFILE,
            ),
            Option(
                "--credential-source",
                "KIND",
                "where the credentials come from (default: asked at a terminal)",
                choices=("environment", "ecs_ram_role", "aliyun_cli"),
            ),
            Option("--aliyun-profile", "NAME", "profile of the aliyun CLI (default: its current one)"),
            Option("--role-name", "NAME", "RAM role of this ECS instance (default: the one that it has)"),
            Option(
                "--login",
                "",
                "store an access key in the keyring: asked for, or read from two lines of stdin (default: do not)",
            ),
            Option("--region", "ID", "region of the profile (default: none)", kind=REGION),
            Option("--color", "NAME", "color in the prompt (default: none)"),
            Option(
                "--expected-account-id", "ID", "account that every session must be for (default: any)", kind=ACCOUNT
            ),
            Option("--dry-run", "", "show the profile; neither verify nor append it (default: do both)"),
            Option("--no-verify", "", "append the profile without a request (default: verify it first)"),
            Option("--cloud-sso", "URL", "sign-in URL of the CloudSSO portal to add profiles for (default: none)"),
            Option("--all", "", "with --cloud-sso: add every access configuration (default: asked at a terminal)"),
            Option("--yes", "", "with --cloud-sso: ask nothing, and append (default: ask at a terminal)"),
            _NO_BROWSER,
            _CONFIG,
        ),
        (
            "role-env configure",
            "role-env configure profileB --role-arn $ROLE_ARN --aliyun-profile me",
            "role-env configure --cloud-sso $SIGN_IN_URL --yes",
        ),
        statuses=_ALL_STATUSES,
    ),
    Command(
        "setup",
        "write profiles into the aliyun CLI's own file; without PROFILE, one that follows the session of the shell",
        (Word("aliyun-cli", CHOICE, "program", choices=("aliyun-cli",)), _OPTIONAL_SESSION_PROFILES),
        (
            Option("--all", "", "write every profile that gives a session (default: the named ones)"),
            Option("--dry-run", "", "show the change and do not make it (default: make it)"),
            Option("--remove", "", "remove the named profiles, or all that setup wrote (default: write)"),
            _CONFIG,
        ),
        ("role-env setup aliyun-cli", "role-env setup aliyun-cli profileB --dry-run"),
        statuses=dict.fromkeys((0, 1, 2, 3), ""),
        exclusive=(("--dry-run", "--remove"),),
    ),
    Command(
        "list",
        "show the profiles and the time left on their cached sessions",
        (),
        (
            _CONFIG,
            _JSON,
            Option("--names", "", "print only the names (default: a table)"),
            Option("--sessions", "", "show only profiles that give a session, as role-env use does (default: all)"),
        ),
        ("role-env list", "role-env list --json"),
        statuses={
            0: "success, even if some profiles are invalid",
            1: "",
            2: "",
            3: "an error in the profiles file or an environment setting",
        },
        exclusive=(("--json", "--names"),),
    ),
    Command(
        "status",
        "report the session in this shell, from its variables alone",
        (),
        (_JSON,),
        ("role-env status", "role-env status --json"),
        statuses={
            0: "the session is valid",
            1: "there is no session, it has expired, or a variable is not the session's",
            2: "",
        },
    ),
    Command(
        "whoami",
        "ask STS for the identity of the environment's or a profile's credentials",
        (Word("PROFILE", PROFILE, "profile", is_optional=True),),
        (*_OBTAINING, _JSON),
        ("role-env whoami", "role-env whoami profileB --json"),
        statuses=_ALL_STATUSES,
    ),
    Command(
        "login",
        "store a profile's access key in the OS keyring, or sign in to CloudSSO or OAuth",
        (_PROFILE,),
        (_CONFIG, _NO_BROWSER, _VERBOSE),
        ("role-env login profileA", 'printf \'%s\\n\' "$ID" "$SECRET" | role-env login profileA'),
        statuses=_ALL_STATUSES | {4: "STS or the sign-in server refused, or nobody signed in in time"},
    ),
    Command(
        "logout",
        "remove a profile's access key or sign-in from the OS keyring",
        (_PROFILE,),
        (_CONFIG, _VERBOSE),
        ("role-env logout profileA", "role-env logout profileA --config other.ini"),
        statuses=dict.fromkeys((0, 1, 2, 3, 6), ""),
    ),
    Command(
        "rotate",
        "replace a profile's access key in the keyring by a new one, in steps that survive a crash",
        (_PROFILE,),
        (
            _CONFIG,
            Option("--status", "", "show the progress, and other keys of the user (default: rotate)"),
            Option("--finish", "", "delete the old key once the new one has been used (default: rotate)"),
            Option("--abort", "", "go back to the old key, and delete the new one (default: rotate)"),
            Option("--force", "", "rotate a key that other files also contain (default: refuse)"),
        ),
        ("role-env rotate profileA", "role-env rotate profileA --finish"),
        statuses=_ALL_STATUSES | {4: "STS or RAM refused, or rotate itself did"},
        exclusive=(("--status", "--finish", "--abort"),),
    ),
    Command(
        "clear",
        "delete cached sessions",
        (Word("PROFILE", PROFILE, "profiles", is_repeated=True),),
        (Option("--all", "", "delete every cached session (default: those of the named profiles)"), _CONFIG),
        ("role-env clear profileB", "role-env clear --all"),
        statuses=dict.fromkeys((0, 1, 2, 3, 6), ""),
    ),
    Command(
        "explain",
        "show where a profile's credentials come from and whether its cached session is used, without network",
        (_PROFILE,),
        (*_OBTAINING, _JSON),
        ("role-env explain profileB", "role-env explain profileB --json"),
        statuses=dict.fromkeys((0, 1, 2, 3, 6), "") | {4: "the session would be for another account than expected"},
    ),
    Command(
        "doctor",
        "check everything that can keep role-env from working, and suggest fixes",
        (),
        (_CONFIG, _JSON),
        ("role-env doctor", "role-env doctor --json"),
        statuses={0: "no check fails (some may warn)", 1: "a check fails", 2: ""},
    ),
    Command(
        "console",
        "open Alibaba Cloud's console in the browser, signed in as a profile's role",
        (_SESSION_PROFILE,),
        (
            *_OBTAINING,
            Option("--print", "", "print the address, which works once, for 30 seconds (default: open the browser)"),
            Option(
                "--destination",
                "WHERE",
                "a product, such as ecs, or an address of the console (default: the console's home page)",
            ),
            Option(
                "--site", "SITE", "site to sign in to (default: the destination's, else china)", choices=CONSOLE_SITES
            ),
        ),
        ("role-env console profileB --destination ecs", "role-env console profileB --print"),
        statuses=_ALL_STATUSES | {2: "usage error, or no browser could be opened"},
    ),
    Command(
        "use",
        "switch this shell to a profile's session (a function of the shell integration)",
        (_SESSION_PROFILE,),
        _OBTAINING,
        ("role-env use profileB --region cn-shanghai", "role-env use -     # the session before this one"),
        statuses=_ALL_STATUSES,
        usage="[PROFILE|-]",
    ),
    Command(
        "help",
        "show the page of a command, or a topic of the reference",
        (Word("COMMAND|TOPIC", TOPIC, "topic", is_optional=True),),
        (),
        ("role-env help exec", "role-env help exit-statuses"),
        statuses=dict.fromkeys((0, 1, 2), ""),
    ),
    Command(
        "version",
        "print the version",
        (),
        (),
        ("role-env version", "role-env --version"),
        statuses=dict.fromkeys((0, 1, 2), ""),
    ),
)
COMMANDS = {command.name: command for command in _COMMANDS}
"""The commands by their names, in the order in which they are shown."""

NEW_COMMANDS = ("renew", "configure", "rotate", "help", "version")
"""Commands that a profile could be named like before there were any: alone, such a word may be meant as the profile."""


def export_words(profile: str) -> str:
    """Return the words that export `profile`; one that is named like a command needs the command."""
    return f"export {profile}" if profile in COMMANDS else profile
