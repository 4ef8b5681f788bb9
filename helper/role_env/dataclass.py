"""A small `dataclasses`: `@dataclass(frozen=True)` with `field`, `fields` and `replace`.

`list` and `explain` cannot afford `dataclasses`: with `inspect` and `typing`, its import takes longer than to list all
profiles. A type checker sees the real module and checks every use, so this one checks nothing. It adds no repr, since a
value may be a secret. The fast path's modules do not import this one either: their classes have handwritten
constructors.
"""

__all__ = ["dataclass", "field", "fields", "replace"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass, field, fields, replace
else:

    class _Field:
        """A field: its name, its default if it has one, and its metadata."""

        __slots__ = ("default", "metadata", "name")

        def __init__(self, default: object, metadata: "dict[str, object]") -> None:
            self.name = ""
            self.default = default
            self.metadata = metadata

    _REQUIRED = object()

    def field(*, default: object = _REQUIRED, metadata: "dict[str, object] | None" = None) -> object:
        """Return a field's default and metadata, to assign in the class body."""
        return _Field(default, metadata or {})

    def fields(cls: type) -> "tuple[_Field, ...]":
        """Return the fields of a dataclass."""
        return tuple(cls.__dataclass_fields__.values())

    def dataclass(*, frozen: bool) -> object:
        """Return the class decorator. It adds a constructor, and equality by the fields. mypy checks the calls."""
        return _value_class

    def _value_class(cls: type) -> type:
        found = {name: _field_of(cls, name) for name in cls.__annotations__}
        defaults = {name: one.default for name, one in found.items()}
        for name, default in defaults.items():
            if default is not _REQUIRED:
                setattr(cls, name, default)

        def construct(self: object, *values: object, **named: object) -> None:
            """Set the fields, in their order."""
            vars(self).update({**defaults, **dict(zip(found, values, strict=False)), **named})

        cls.__dataclass_fields__ = found
        cls.__init__ = construct
        cls.__eq__, cls.__hash__ = _is_equal, _hash
        cls.__setattr__ = cls.__delattr__ = _refuse_change
        return cls

    def _field_of(cls: type, name: str) -> _Field:
        value = vars(cls).get(name, _REQUIRED)
        found = value if isinstance(value, _Field) else _Field(value, {})
        found.name = name
        return found

    def _is_equal(self: object, other: object) -> bool:
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def _hash(self: object) -> int:
        return hash(tuple(vars(self).values()))

    def _refuse_change(self: object, name: str, *_: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed; make another one with replace()")

    def replace(instance: object, /, **changes: object) -> object:
        """Return a copy of `instance` with other values of some fields."""
        return type(instance)(**vars(instance) | changes)
