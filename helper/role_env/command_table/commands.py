"""The tables of all commands, with those that obtain a session or put one into a shell.

The parser, the dispatch, the help pages, the shells' completion and the checks of profile names all read them.
"""

from role_env import command_table as model
from role_env.command_table import Command, Option, Word, profiles


def _format(choices: "tuple[str, ...]") -> Option:
    text = "format of the output (default: that of the shell that is the parent process, else sh)"
    return Option("--format", "FORMAT", text, choices=choices)


_SESSIONS = (
    Command(
        "export",
        "print a profile's session for a shell or program",
        (model.A_SESSION_PROFILE,),
        (*model.OBTAINING, _format(model.FORMATS)),
        ("source <(role-env profileB)", "role-env export profileB --format json > session.json"),
        statuses=model.ALL_STATUSES,
        prints=model.SECRETS,
        is_evaluated=True,
    ),
    Command(
        "exec",
        "run a command (default: $SHELL) in a profile's session",
        (
            model.A_SESSION_PROFILE,
            Word("COMMAND", model.COMMAND_LINE, "command_line", is_optional=True, is_repeated=True),
        ),
        (
            *model.OBTAINING,
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
        (model.OPTIONAL_PROFILE,),
        (
            Option("--session", "", "print the session of the environment, without PROFILE"),
            *model.OBTAINING,
        ),
        ("role-env process profileB", "role-env process --session"),
        statuses=model.ALL_STATUSES,
        is_silent=True,
        prints=model.SECRETS,
    ),
    Command(
        "console",
        "open Alibaba Cloud's console in the browser, signed in as a profile's role (default: this session's)",
        (model.A_SESSION_PROFILE,),
        (
            *model.OBTAINING,
            Option("--print", "", "print the address, which works once, for 30 seconds"),
            Option("--isolated", "", "open it in a browser profile of its own, beside other consoles"),
            Option(
                "--destination",
                "WHERE",
                "a product, such as ecs, or an address of the console (default: the console's home page)",
            ),
            Option(
                "--site", "SITE", "site to sign in to (default: the destination's, else china)", choices=model.SITES
            ),
        ),
        ("role-env console profileB --destination ecs", "role-env console profileB --print"),
        statuses=model.ALL_STATUSES,
        exclusive=(("--print", "--isolated"),),
        usage="[PROFILE]",
    ),
    Command(
        "use",
        "switch this shell to a profile's session, or by - to the one before it (a function of the shell integration)",
        (model.A_SESSION_PROFILE,),
        model.OBTAINING,
        ("role-env use profileB --region cn-shanghai", "role-env use -"),
        statuses=model.ALL_STATUSES,
        usage="[PROFILE|-]",
    ),
    Command(
        "off",
        "print code that ends the session in this shell and restores what was set before it",
        (),
        (_format(model.SHELL_FORMATS),),
        ('eval "$(role-env off)"', "role-env off | source"),
        statuses={0: "", 1: ""},
        prints=model.CODE,
        is_evaluated=True,
    ),
    Command(
        "renew",
        "print code that renews the session in this shell in place, or leaves it as it is",
        (),
        (
            _format(model.SHELL_FORMATS),
            Option(
                "--unattended",
                "",
                "as a prompt renews: import no keyring backend that a setting chooses, and report only a failure",
            ),
        ),
        ('eval "$(role-env renew)"', "role-env renew | source"),
        statuses=model.ALL_STATUSES | {4: "it would be another session, or STS refused"},
        prints=model.CODE,
        is_evaluated=True,
        is_new=True,
    ),
    Command(
        "init",
        "print the shell integration, for a line in the rc file of the shell",
        (Word("SHELL", model.CHOICE, "shell", choices=model.INTEGRATED_SHELLS),),
        (
            Option("--no-prompt", "", "leave the prompt alone, and only set ROLE_ENV_PROMPT"),
            Option("--renew", "", "renew the session at a prompt shortly before it expires"),
        ),
        tuple(f"{shell.load:<32}# in {shell.rc_file}" for shell in model.SHELLS.values() if shell.load),
        statuses=dict.fromkeys((0, 1, 2), ""),
        prints=model.CODE,
        is_evaluated=True,
    ),
)

GROUPS = {
    "sessions": _SESSIONS,
    "profiles, keys and the cache": profiles.COMMANDS,
    "reports and help": profiles.REPORTS,
}
"""The commands by purpose, in the order of display."""
COMMANDS = {command.name: command for group in GROUPS.values() for command in group}
"""The commands by name, in the order of display."""


def export_words(profile: str) -> str:
    """Return the words that export `profile`. A profile named like a command requires `export` before it."""
    return f"export {profile}" if profile in COMMANDS else profile
