"""Make the shell integration from the files of `shell/` and from tables that `init` fills in.

A name between two @, such as `@COMMANDS@`, stands for a table of the command line or of the variables.
"""

from role_env import __version__
from role_env.command_table.formats import SHELLS
from role_env.shells import programs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from role_env.shells.dialect import Dialect, Tables


def integration(shell: str, options: str = "") -> str:
    """Return the text of `role-env init SHELL [OPTIONS]`, which depends only on these and on the version.

    Like everything that a shell reads from role-env, it is one group: cut off anywhere, it does nothing.
    """
    record = SHELLS[shell]
    text = "".join(programs.read(name) for name in record.integration)
    tables: Tables = __import__(record.tables, fromlist=["make"])
    dialect: Dialect = __import__(record.dialect, fromlist=["quote"])
    given = {"SHELL": shell, "OPTIONS": f"{__version__} {options}".rstrip(), **tables.make()}
    for name, table in given.items():
        text = text.replace(f"@{name}@", table)
    (around,) = programs.parts(f"init.{shell}")
    texts = {"TEXT": text.rstrip("\n"), "QUOTED_TEXT": dialect.quote(text)}
    return programs.fill("\n".join((*around, "")), texts)
