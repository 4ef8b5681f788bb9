"""The formats of a printed session: shells, each with all its properties in one record, and documents.

The module of a shell's dialect makes the code to evaluate from the programs in `shell/`.
"""


class Shell:
    """A shell that evaluates what role-env prints.

    `evaluate` is the line that evaluates the session printed by the command in {}, `evaluate_code` the line for code
    that ends or renews a session; `nothing` is code that does nothing and succeeds. `readers` says on a help page where
    `evaluate` is typed; it is empty if another shell has the same line. `programs` are the names of the shell's
    processes, by default its own name.

    `integration` lists the files in `shell/` of the shell's integration, none if there is none. `load` is the line that
    loads it, and `startup_files` are the files that may contain that line, the one to write to first. `startup_folder`
    is a variable that names their folder, and the default below HOME.
    """

    def __init__(
        self,
        name: str,
        *,
        programs: "tuple[str, ...]" = (),
        readers: str = "",
        dialect: str = "role_env.shells.posix",
        evaluate: str = 'eval "$({} || echo false)"',
        evaluate_code: str = 'eval "$({})"',
        integration: "tuple[str, ...]" = (),
        load: str = "",
        startup_files: "tuple[str, ...]" = (),
        startup_folder: "tuple[str, str]" = ("", ""),
        nothing: str = "{ :; }\n",
    ) -> None:
        self.name = name
        self.programs = programs or (name,)
        self.readers = readers
        self.dialect = dialect
        self.evaluate = evaluate
        self.evaluate_code = evaluate_code
        self.integration = integration
        self.load = load
        self.startup_files = startup_files
        self.startup_folder = startup_folder
        self.nothing = nothing

    @property
    def rc_file(self) -> str:
        """The file to write `load` to, as a person names it, such as `~/.bashrc`."""
        return "/".join(filter(None, ("~", self.startup_folder[1], self.startup_files[0])))


SHELLS = {
    shell.name: shell
    for shell in (
        Shell(
            "bash",
            readers="bash, zsh, at a prompt",
            evaluate="source <({})",
            integration=("role-env.sh", "prompt.sh", "completion.sh", "role-env.bash"),
            load='eval "$(role-env init bash)"',
            startup_files=(".bashrc", ".bash_profile", ".bash_login", ".profile"),
        ),
        Shell(
            "zsh",
            evaluate="source <({})",
            integration=("role-env.sh", "prompt.sh", "completion.sh", "role-env.zsh"),
            load='eval "$(role-env init zsh)"',
            startup_files=(".zshrc", ".zprofile", ".zshenv"),
            startup_folder=("ZDOTDIR", ""),
        ),
        Shell("sh", readers="scripts, CI, any POSIX shell"),
        Shell(
            "fish",
            readers="fish",
            dialect="role_env.shells.fish",
            evaluate="{} | source",
            evaluate_code="{} | source",
            integration=("role-env.fish", "prompt.fish", "completion.fish"),
            load="role-env init fish | source",
            startup_files=("fish/config.fish", "fish/conf.d/*.fish"),
            startup_folder=("XDG_CONFIG_HOME", ".config"),
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
