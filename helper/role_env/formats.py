"""The formats in which a session is printed."""

SHELL_FORMATS = ("bash", "zsh", "sh", "fish")
DOCUMENT_FORMATS = ("json", "dotenv", "github")
FORMATS = (*SHELL_FORMATS, *DOCUMENT_FORMATS)
INTEGRATED_SHELLS = ("bash", "zsh", "fish")
