"""The formats in which a session is printed: shells, each a record of all that is its own, and documents.

What a shell evaluates is made by the module of its dialect, from the programs in `shell/`.
"""


class Shell:
    """A shell that evaluates what role-env prints.

    `evaluate` is the line with which it takes a session that the command in {} prints, `evaluate_code` the one for code
    that ends or renews a session; `nothing` is code that does nothing, successfully. `load` is the line that loads its
    integration, and `startup_files` are those to look for it in, the one to write to first; without an integration both
    are empty. Their folder is named by a variable, the first of `startup_folder`, else it is the second below HOME.
    """

    __slots__ = (
        "dialect",
        "evaluate",
        "evaluate_code",
        "load",
        "name",
        "nothing",
        "startup_files",
        "startup_folder",
    )

    def __init__(
        self,
        name: str,
        *,
        dialect: str = "role_env.shells.posix",
        evaluate: str = 'eval "$({} || echo false)"',
        evaluate_code: str = 'eval "$({})"',
        load: str = "",
        startup_files: "tuple[str, ...]" = (),
        startup_folder: "tuple[str, str]" = ("", ""),
        nothing: str = "{ :; }\n",
    ) -> None:
        self.name = name
        self.dialect = dialect
        self.evaluate = evaluate
        self.evaluate_code = evaluate_code
        self.load = load
        self.startup_files = startup_files
        self.startup_folder = startup_folder
        self.nothing = nothing


SHELLS = {
    shell.name: shell
    for shell in (
        Shell(
            "bash",
            evaluate="source <({})",
            load='eval "$(role-env init bash)"',
            startup_files=(".bashrc", ".bash_profile", ".bash_login", ".profile"),
        ),
        Shell(
            "zsh",
            evaluate="source <({})",
            load='eval "$(role-env init zsh)"',
            startup_files=(".zshrc", ".zprofile", ".zshenv"),
            startup_folder=("ZDOTDIR", ""),
        ),
        Shell("sh"),
        Shell(
            "fish",
            dialect="role_env.shells.fish",
            evaluate="{} | source",
            evaluate_code="{} | source",
            load="role-env init fish | source",
            startup_files=("fish/config.fish", "fish/conf.d/*.fish"),
            startup_folder=("XDG_CONFIG_HOME", ".config"),
            nothing="begin; true; end\n",
        ),
    )
}
"""The shells by their names, which are formats too."""
SHELL_FORMATS = tuple(SHELLS)
DOCUMENT_FORMATS = ("json", "dotenv", "github")
FORMATS = (*SHELL_FORMATS, *DOCUMENT_FORMATS)
INTEGRATED_SHELLS = tuple(name for name, shell in SHELLS.items() if shell.load)
