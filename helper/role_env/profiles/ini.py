"""Parse the bytes of a profiles file into sections of keys and values, each with its line.

`[name]` begins a section, and its lines are `key = value`, with the key in any case. A line that is indented more than
its key continues the value, and may not look like a key of its own. Empty lines, and lines that begin with # or ;, are
ignored everywhere; inside a value no character is special. The file is UTF-8, with or without BOM and with any line
ending.

configparser does not fit: it reports no lines, mixes [DEFAULT] into every section, ignores a second one, ends a value
at a comment, and quotes lines in its errors, which may contain a secret.
"""

from role_env import validators
from role_env.command_table import canonical_name
from role_env.errors import ProfileError
from role_env.sources.section import Section, printable_key

# `- key: value` or `key: value` or `key:`, and the separator of documents.
_YAML = r"(- *)?[A-Za-z_][\w.-]*:( .*)?|---"
_BOM = b"\xef\xbb\xbf"


def parse(path: str, content: bytes) -> dict[str, Section]:
    """Return the sections by name, in file order, with [DEFAULT]. Raises ProfileError, with the line."""
    sections: dict[str, Section] = {}
    section: Section | None = None
    include: Section | None = None
    values: list[tuple[Section, str, int, list[str]]] = []
    value_lines: list[str] = []  # of the current key
    key_indent = 0
    lines = _lines(path, content)
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text[0] in "#;":
            continue
        indent = len(line) - len(line.lstrip())
        if value_lines and indent > key_indent:
            _check_continuation(path, number, text, *values[-1][1:3])
            value_lines.append(text)
        elif name := canonical_name(_section_name(text)):
            if name in sections:
                what = f"this section already exists in line {sections[name].line}"
                raise _error(path, number, what, hint="merge the two")
            section = sections[name] = Section(path, name, number, file_lines=lines)
            include = section if name == validators.INCLUDE else include
            value_lines = []
        else:
            key, equals, value = text.partition("=")
            if not key or not equals or key.startswith("["):
                raise _odd_character(path, number, line) or _syntax_error(path, number, text)
            if section is None:
                raise _error(path, number, "a key before the first [profile]", hint="add a line [profile] above it")
            key = key.rstrip().lower()
            if section is include:
                _check_include(path, number, key)
            else:
                _add_key(section, key, number)
            value_lines, key_indent = [value.lstrip()], indent
            values.append((section, key, number, value_lines))
    for section, key, _, value_lines in values:
        section.values[key] = "\n".join(value_lines).strip()
    if include:
        paths = [(number, "\n".join(lines).strip()) for section, _, number, lines in values if section is include]
        include.includes = paths
    return sections


def _check_include(path: str, number: int, key: str) -> None:
    if key != "path":
        shown = printable_key(key) or "this key"
        raise _error(path, number, f"[include] has no key {shown}", hint="write path = FILE, or move it to a profile")


def _check_continuation(path: str, number: int, text: str, key: str, key_line: int) -> None:
    """Raise ProfileError if a line that continues the value of `key` looks like a key.

    Such a line would silently widen or narrow a session, as `read_only = yes` after a command does.
    """
    name, equals, _ = text.partition("=")
    name = name.rstrip().lower()
    if not equals:
        return
    from role_env.profiles.profile import PROFILE_KEYS  # not for a shell that completes words with names

    if name in PROFILE_KEYS:
        continued = f"{printable_key(key) or 'the value'} in line {key_line}"
        raise _error(
            path,
            number,
            f"this indented line reads like the key {name}, and continues {continued}",
            hint=f"write {name} = … without the indentation, or its text at the end of the line above",
        )


def _add_key(section: Section, key: str, number: int) -> None:
    if key in section.lines:
        what = f"{printable_key(key) or 'a key'} already exists in line {section.lines[key]}"
        raise _error(section.path, number, what, hint="keep one of the two")
    section.lines[key] = number


def _section_name(text: str) -> str:
    if not text.startswith("["):
        return ""
    name, end, rest = text[1:].partition("]")
    return name if end and rest.strip()[:1] in ("", "#", ";") else ""


def _odd_character(path: str, number: int, line: str) -> ProfileError | None:
    """Return the error that names a full-width or invisible character, if `line` would be valid without; else None."""
    text = validators.plain(line).strip()
    key, equals, _ = text.partition("=")
    if not (text[:1] in ("#", ";") or _section_name(text) or (key and equals and not key.startswith("["))):
        return None
    odd = validators.odd_character(line, "=[]#;") or validators.odd_character(line)
    what, column = validators.named_character(odd), line.index(odd) + 1
    return _error(path, number, f"{what} in column {column}: {validators.what_to_type(odd)}")


def _syntax_error(path: str, number: int, text: str) -> ProfileError:
    if text.startswith("[") and "]" not in text:
        return _error(path, number, "this section name is not closed", hint="write it as [profile], on its own line")
    import re  # only for errors: with enum, it takes a tenth of the time of `list --names`

    if re.fullmatch(_YAML, text):
        return _error(path, number, "this looks like YAML", hint="write key = value, below a line [profile]")
    hint = "write key = value; a comment is a line of its own that begins with # or ;"
    return _error(path, number, "this is neither [profile] nor key = value", hint=hint)


def _lines(path: str, content: bytes) -> list[str]:
    try:
        text = content.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8")
        raise _error(path, len(_split(before)), "this is not UTF-8", hint="save the file as UTF-8") from None
    before, nul, _ = text.partition("\0")
    if nul:
        raise _error(path, len(_split(before)), "a NUL byte", hint="remove it")
    return _split(text)


def _split(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _error(path: str, line: int, what: str, *, hint: str = "") -> ProfileError:
    return ProfileError(f"{path}, line {line}: {what}", hint=hint)
