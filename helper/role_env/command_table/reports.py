"""The commands that only report."""

from role_env.command_table import model
from role_env.command_table.model import Command, Option, Word

COMMANDS = (
    Command(
        "list",
        "show the profiles and the time left on their cached sessions",
        (),
        (
            model.CONFIG,
            model.JSON,
            Option("--names", "", "print only the names"),
            Option("--described", "", "with --names, add a tab and the role and account, for the shells' completion"),
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
        (model.JSON,),
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
        (Word("PROFILE", model.PROFILE, "profile", is_optional=True),),
        (*model.OBTAINING, model.JSON),
        ("role-env whoami", "role-env whoami profileB --json"),
        statuses=model.ALL_STATUSES,
    ),
    Command(
        "explain",
        "show where a profile's credentials come from and whether its cached session is used, without network",
        (model.A_PROFILE,),
        (*model.OBTAINING, model.JSON),
        ("role-env explain profileB", "role-env explain profileB --json"),
        statuses=dict.fromkeys((0, 1, 2, 3, 6), "") | {4: "the session would be for another account than expected"},
    ),
    Command(
        "doctor",
        "check everything that can keep role-env from working, and suggest fixes",
        (),
        (model.CONFIG, model.JSON, model.VERBOSE),
        ("role-env doctor", "role-env doctor --json"),
        statuses={0: "no check fails (some may warn)", 1: "a check fails", 2: ""},
    ),
    Command(
        "help",
        "show the page of a command, or a topic of the reference",
        (Word("COMMAND|TOPIC", model.TOPIC, "topic", is_optional=True),),
        (),
        ("role-env help exec", "role-env help exit-statuses"),
        statuses=dict.fromkeys((0, 1, 2), ""),
        is_new=True,
    ),
    Command(
        "version",
        "print the version",
        (),
        (),
        ("role-env version", "role-env --version"),
        statuses=dict.fromkeys((0, 1, 2), ""),
        is_new=True,
    ),
)
