"""The commands that obtain a session or put one into a shell."""

from role_env.command_table.formats import FORMATS, INTEGRATED_SHELLS, SHELL_FORMATS, SHELLS
from role_env.command_table.model import (
    A_SESSION_PROFILE,
    ALL_STATUSES,
    CHOICE,
    CODE,
    COMMAND_LINE,
    OBTAINING,
    OPTIONAL_PROFILE,
    SECRETS,
    SITES,
    Command,
    Option,
    Word,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from role_env.command_table.formats import Shell


def _format(choices: "tuple[str, ...]") -> Option:
    text = "format of the output (default: that of the shell that is the parent process, else sh)"
    return Option("--format", "FORMAT", text, choices=choices)


def _rc_line(shell: "Shell") -> str:
    """Return the line that loads the integration, with the rc file that it belongs in."""
    return f"{shell.load:<32}# in {shell.rc_file}"


COMMANDS = (
    Command(
        "export",
        "print a profile's session for a shell or program",
        (A_SESSION_PROFILE,),
        (*OBTAINING, _format(FORMATS)),
        ("source <(role-env profileB)", "role-env export profileB --format json > session.json"),
        statuses=ALL_STATUSES,
        prints=SECRETS,
        is_evaluated=True,
    ),
    Command(
        "exec",
        "run a command (default: $SHELL) in a profile's session",
        (A_SESSION_PROFILE, Word("COMMAND", COMMAND_LINE, "command_line", is_optional=True, is_repeated=True)),
        (
            *OBTAINING,
            Option("--renew", "", "stay, and serve live sessions to programs that use an SDK"),
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
        (OPTIONAL_PROFILE,),
        (
            Option("--session", "", "print the session of the environment, without PROFILE"),
            *OBTAINING,
        ),
        ("role-env process profileB", "role-env process --session"),
        statuses=ALL_STATUSES,
        is_silent=True,
        prints=SECRETS,
    ),
    Command(
        "console",
        "open Alibaba Cloud's console in the browser, signed in as a profile's role",
        (A_SESSION_PROFILE,),
        (
            *OBTAINING,
            Option("--print", "", "print the address, which works once, for 30 seconds"),
            Option("--isolated", "", "open it in a browser profile of its own, beside other consoles"),
            Option(
                "--destination",
                "WHERE",
                "a product, such as ecs, or an address of the console (default: the console's home page)",
            ),
            Option("--site", "SITE", "site to sign in to (default: the destination's, else china)", choices=SITES),
        ),
        ("role-env console profileB --destination ecs", "role-env console profileB --print"),
        statuses=ALL_STATUSES,
        exclusive=(("--print", "--isolated"),),
        usage="[PROFILE]",
    ),
    Command(
        "use",
        "switch this shell to a profile's session, or by - to the one before it (a function of the shell integration)",
        (A_SESSION_PROFILE,),
        OBTAINING,
        ("role-env use profileB --region cn-shanghai", "role-env use -"),
        statuses=ALL_STATUSES,
        usage="[PROFILE|-]",
    ),
    Command(
        "off",
        "print code that ends the session in this shell and restores what was set before it",
        (),
        (_format(SHELL_FORMATS),),
        ('eval "$(role-env off)"', "role-env off | source"),
        statuses={0: "", 1: ""},
        prints=CODE,
        is_evaluated=True,
    ),
    Command(
        "renew",
        "print code that renews the session in this shell in place, or leaves it as it is",
        (),
        (
            _format(SHELL_FORMATS),
            Option(
                "--unattended",
                "",
                "as a prompt renews: import no keyring backend that a setting chooses, and report only a failure",
            ),
        ),
        ('eval "$(role-env renew)"', "role-env renew | source"),
        statuses=ALL_STATUSES | {4: "it would be another session, or STS refused"},
        prints=CODE,
        is_evaluated=True,
        is_new=True,
    ),
    Command(
        "init",
        "print the shell integration, for a line in the rc file of the shell",
        (Word("SHELL", CHOICE, "shell", choices=INTEGRATED_SHELLS),),
        (
            Option("--no-prompt", "", "leave the prompt alone, and only set ROLE_ENV_PROMPT"),
            Option("--renew", "", "renew the session at a prompt shortly before it expires"),
        ),
        tuple(_rc_line(SHELLS[name]) for name in INTEGRATED_SHELLS),
        statuses=dict.fromkeys((0, 1, 2), ""),
        prints=CODE,
        is_evaluated=True,
    ),
)
