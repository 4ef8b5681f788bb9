"""The table of all commands: those that obtain a session, those that change what is stored, and the reports.

The parser, the dispatch, the help pages, the shells' completion and the checks of profile names all read them.
"""

from role_env import command_table as table
from role_env.command_table import Command, Option, Word


def _format(choices: "tuple[str, ...]") -> Option:
    text = "format of the output (default: that of the shell that is the parent process, else sh)"
    return Option("--format", "FORMAT", text, choices=choices, handled_by=(table.FAST_PATH, table.PREVIOUS_SESSION))


_SESSIONS = (
    Command(
        "export",
        "print a profile's session for a shell or program",
        (table.A_SESSION_PROFILE,),
        (*table.OBTAINING, _format(table.FORMATS)),
        ("source <(role-env profileB)", "role-env export profileB --format json > session.json"),
        prints=table.SECRETS,
    ),
    Command(
        "exec",
        "run a command (default: $SHELL) in a profile's session",
        (
            table.A_SESSION_PROFILE,
            Word("COMMAND", table.COMMAND_LINE, "command_line", is_optional=True, is_repeated=True),
        ),
        (
            *table.OBTAINING,
            Option("--renew", "", "serve live sessions to programs that use an SDK, as long as the command runs"),
            Option(
                "--listen",
                "[ADDRESS][:PORT]",
                "with --renew, serve them at this address of the machine, for containers and ssh (default: 127.0.0.1,"
                " any free port)",
            ),
        ),
        ("role-env exec profileB -- terraform plan", "role-env exec --renew profileB -- python work-for-hours.py"),
        statuses={
            0: "the command's own status, whatever it is",
            125: "role-env itself failed",
            126: "the command cannot run",
            127: "the command is not found",
        },
        usage="[PROFILE] [--] [COMMAND ...]",
    ),
    Command(
        "process",
        "print a profile's session as a credential process does",
        (table.OPTIONAL_PROFILE,),
        (
            Option("--session", "", "print the session of the environment, without PROFILE"),
            *table.OBTAINING,
        ),
        ("role-env process profileB", "role-env process --session"),
        prints=table.SECRETS,
    ),
    Command(
        "console",
        "open Alibaba Cloud's console in the browser, signed in as a profile's role (default: this session's)",
        (table.A_SESSION_PROFILE,),
        (
            *table.OBTAINING,
            Option("--print", "", "print the address, which works once, for 30 seconds"),
            Option("--isolated", "", "open it in a browser profile of its own, beside other consoles"),
            Option(
                "--destination",
                "WHERE",
                "a product, such as ecs, or an address of the console (default: the console's home page)",
            ),
            Option(
                "--site",
                "SITE",
                "site to sign in to (default: the destination's, else china)",
                choices=tuple(table.SITES),
            ),
        ),
        ("role-env console profileB --destination ecs", "role-env console profileB --print"),
        exclusive=(("--print", "--isolated"),),
        usage="[PROFILE]",
    ),
    Command(
        "use",
        "switch this shell to a profile's session, or by - to the one before it (a function of the shell integration)",
        (table.A_SESSION_PROFILE,),
        table.OBTAINING,
        ("role-env use profileB --region cn-shanghai", "role-env use -"),
        usage="[PROFILE|-]",
    ),
    Command(
        "off",
        "print code that ends the session in this shell and restores what was set before it",
        (),
        (_format(table.SHELL_FORMATS),),
        ('eval "$(role-env off)"', "role-env off | source"),
        statuses={0: "", 1: ""},
        prints=table.CODE,
        reads_secrets=False,
    ),
    Command(
        "renew",
        "print code that renews the session in this shell in place, or leaves it as it is",
        (),
        (_format(table.SHELL_FORMATS),),
        ('eval "$(role-env renew)"', "role-env renew | source"),
        statuses=table.ALL_STATUSES | {4: "it would be another session, or STS refused"},
        prints=table.CODE,
    ),
    Command(
        "init",
        "print the shell integration, for a line in the rc file of the shell",
        (Word("SHELL", table.CHOICE, "shell", choices=table.INTEGRATED_SHELLS),),
        (
            Option("--no-prompt", "", "leave the prompt alone, and only set ROLE_ENV_PROMPT"),
            Option("--renew", "", "renew the session at a prompt shortly before it expires"),
        ),
        tuple(f"{shell.load:<32}# in {shell.rc_file}" for shell in table.SHELLS.values() if shell.load),
        statuses=dict.fromkeys((0, 1, 2), ""),
        prints=table.CODE,
        reads_secrets=False,
    ),
)

NAMED_SOURCES = ("environment", "ecs_ram_role", "aliyun_cli")
"""The kinds of sources that the key `credential_source` names."""

_STORING = (
    Command(
        "configure",
        "create a profile: ask, show it, verify it by one request, and append it to the profiles file",
        (Word("PROFILE", table.TEXT, "profile", is_optional=True),),
        (
            Option("--role-arn", "ARN", "role to assume (default: asked at a terminal)"),
            Option(
                "--source-profile",
                "NAME",
                "profile whose credentials assume the role (default: asked at a terminal)",
                kind=table.PROFILE,
            ),
            Option(
                "--credential-source",
                "KIND",
                "where the credentials come from (default: asked at a terminal)",
                choices=NAMED_SOURCES,
            ),
            Option("--aliyun-profile", "NAME", "profile of the aliyun CLI (default: its current one)"),
            Option("--role-name", "NAME", "RAM role of this ECS instance (default: the one that it has)"),
            Option("--login", "", "store an access key in the keyring: asked for, or read from two lines of stdin"),
            Option("--region", "ID", "region of the profile", kind=table.REGION),
            Option("--color", "NAME", "color in the prompt"),
            Option("--expected-account-id", "ID", "account that every session must be for", kind=table.ACCOUNT),
            Option(
                "--dry-run", "", "show what would be added or removed, and change nothing", handled_by=(table.REMOVER,)
            ),
            Option("--no-verify", "", "append the profile without the request that verifies it"),
            Option("--aliyun-cli", "", "add a profile for each profile of the aliyun CLI's file"),
            Option("--cloud-sso", "URL", "sign-in URL of the CloudSSO portal to add profiles for"),
            Option(
                "--resource-directory",
                "PROFILE",
                "profile that may list the accounts of your organization, to add a profile for each",
                kind=table.PROFILE,
            ),
            Option(
                "--role",
                "NAME",
                "with --resource-directory: role in each account (default: ResourceDirectoryAccountAccessRole, usually"
                " an administrator's)",
            ),
            Option(
                "--site",
                "SITE",
                "with --resource-directory: site of the organization (default: china)",
                choices=tuple(table.SITES),
            ),
            Option(
                "--edit",
                "",
                "open the profiles file, at PROFILE, in $VISUAL, $EDITOR or vi, and keep only a valid one",
                handled_by=(table.EDITOR,),
            ),
            Option(
                "--remove",
                "",
                "remove PROFILE, with its key or sign-in in the keyring and its cached sessions",
                handled_by=(table.REMOVER,),
            ),
            Option("--all", "", "with --aliyun-cli, --cloud-sso or --resource-directory: add all, without a choice"),
            Option(
                "--yes", "", "with --remove, or what adds several profiles: ask nothing", handled_by=(table.REMOVER,)
            ),
            table.NO_BROWSER,
            table.CONFIG,
        ),
        (
            "role-env configure",
            "role-env configure profileB --role-arn $ROLE_ARN --aliyun-profile me",
            "role-env configure --edit profileB",
            "role-env configure --remove profileB --dry-run",
            "role-env configure --aliyun-cli --dry-run",
            "role-env configure --cloud-sso $SIGN_IN_URL --yes",
            "role-env configure --resource-directory profileA --role $ROLE --dry-run",
        ),
        exclusive=(("--aliyun-cli", "--cloud-sso", "--resource-directory", "--edit", "--remove"),),
        changes_secrets=True,
    ),
    Command(
        "setup",
        "write profiles into the aliyun CLI's own file; without PROFILE, one that follows the session of the shell",
        (Word("aliyun-cli", table.CHOICE, "program", choices=("aliyun-cli",)), table.OPTIONAL_PROFILES),
        (
            Option("--all", "", "write every profile that gives a session"),
            Option("--dry-run", "", "show the change and do not make it"),
            Option("--remove", "", "remove the named profiles, or all that setup wrote"),
            table.CONFIG,
        ),
        ("role-env setup aliyun-cli", "role-env setup aliyun-cli profileB --dry-run"),
        statuses=dict.fromkeys((0, 1, 2, 3), ""),
        exclusive=(("--dry-run", "--remove"),),
    ),
    Command(
        "login",
        "store a profile's access key in the OS keyring, or sign in to CloudSSO or OAuth",
        (table.A_PROFILE,),
        (table.CONFIG, table.NO_BROWSER, table.VERBOSE),
        ("role-env login profileA", 'printf \'%s\\n\' "$ID" "$SECRET" | role-env login profileA'),
        statuses=table.ALL_STATUSES | {4: "STS or the sign-in server refused, or nobody signed in in time"},
        changes_secrets=True,
    ),
    Command(
        "logout",
        "remove a profile's access key or sign-in from the OS keyring",
        (table.A_PROFILE,),
        (table.CONFIG, table.VERBOSE),
        ("role-env logout profileA", "role-env logout profileA --config other.ini"),
        statuses=dict.fromkeys((0, 1, 2, 3, 6), "") | {4: "the key is being rotated, or is in use by another role-env"},
        changes_secrets=True,
    ),
    Command(
        "rotate",
        "replace a profile's access key in the keyring by a new one, in steps that survive a crash",
        (table.A_PROFILE,),
        (
            table.CONFIG,
            Option("--status", "", "show the progress, and other keys of the user"),
            Option("--finish", "", "use the new key, and delete the old one if nothing uses it"),
            Option("--abort", "", "go back to the old key, and delete the new one"),
            Option(
                "--force",
                "",
                "rotate a key that other files also contain, or whose network policy the new key cannot get",
            ),
            Option(
                "--ram-endpoint",
                "HOST",
                "host[:port] of RAM, any host (default: ALIBABA_CLOUD_RAM_ENDPOINT, else ram.aliyuncs.com)",
            ),
        ),
        ("role-env rotate profileA", "role-env rotate profileA --finish"),
        statuses=table.ALL_STATUSES | {4: "STS or RAM refused, or rotate itself did"},
        exclusive=(("--status", "--finish", "--abort"),),
        changes_secrets=True,
    ),
    Command(
        "clear",
        "delete cached sessions",
        (Word("PROFILE", table.PROFILE, "profiles", is_repeated=True),),
        (Option("--all", "", "delete every cached session"), table.CONFIG),
        ("role-env clear profileB", "role-env clear --all"),
        statuses=dict.fromkeys((0, 1, 2, 3, 6), ""),
    ),
)

_REPORTS = (
    Command(
        "list",
        "show the profiles and the time left on their cached sessions",
        (),
        (
            table.CONFIG,
            table.JSON,
            Option("--names", "", "print only the names"),
            Option("--sessions", "", "show only profiles that give a session, as role-env use does"),
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
        (table.JSON, Option("--prompt", "", "print what the prompt shows, a line each")),
        ("role-env status", "role-env status --json"),
        statuses={
            0: "the session is valid, or --prompt",
            1: "there is no session, it has expired, or a variable is not the session's",
            2: "",
        },
        exclusive=(("--json", "--prompt"),),
        reads_secrets=False,
    ),
    Command(
        "whoami",
        "ask STS for the identity of the environment's or a profile's credentials",
        (Word("PROFILE", table.PROFILE, "profile", is_optional=True),),
        (*table.OBTAINING, table.JSON),
        ("role-env whoami", "role-env whoami profileB --json"),
    ),
    Command(
        "explain",
        "show where a profile's credentials come from and whether its cached session is used, without network",
        (table.A_PROFILE,),
        (*table.OBTAINING, table.JSON),
        ("role-env explain profileB", "role-env explain profileB --json"),
        statuses=dict.fromkeys((0, 1, 2, 3, 6), "") | {4: "the session would be for another account than expected"},
    ),
    Command(
        "doctor",
        "check everything that can keep role-env from working, and suggest fixes",
        (),
        (table.CONFIG, table.JSON, table.VERBOSE),
        ("role-env doctor", "role-env doctor --json"),
        statuses={0: "no check fails (some may warn)", 1: "a check fails", 2: ""},
    ),
    Command(
        "help",
        "show the page of a command, or a topic of the reference",
        (Word("COMMAND|TOPIC", table.TOPIC, "topic", is_optional=True),),
        (),
        ("role-env help exec", "role-env help exit-statuses"),
        statuses=dict.fromkeys((0, 1, 2), ""),
        reads_secrets=False,
    ),
    Command(
        "version",
        "print the version",
        (),
        (),
        ("role-env version", "role-env --version"),
        statuses=dict.fromkeys((0, 1, 2), ""),
        reads_secrets=False,
    ),
)

GROUPS = {
    "sessions": _SESSIONS,
    "profiles, keys and the cache": _STORING,
    "reports and help": _REPORTS,
}
"""The commands by purpose, in the order of display."""
COMMANDS = {command.name: command for group in GROUPS.values() for command in group}
"""The commands by name, in the order of display."""


def export_words(profile: str) -> str:
    """Return the words that export `profile`. A profile named like a command requires `export` before it."""
    return f"export {profile}" if profile in COMMANDS else profile
