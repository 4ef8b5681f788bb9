"""A small `dataclasses`: `@dataclass(frozen=True)` and `replace`.

`list` and `explain` cannot afford `dataclasses`: with `inspect` and `typing`, its import takes longer than to list all
profiles. A type checker sees the real module and checks every use, so this one checks nothing. It adds no repr, since a
value may be a secret. The fast path's modules do not import this one either: their classes have handwritten
constructors.
"""

__all__ = ["dataclass", "replace"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:

    def dataclass(*, frozen: bool) -> object:
        """Return the class decorator. It adds a constructor, and equality by the fields. mypy checks the calls."""
        return _value_class

    def _value_class(cls: type) -> type:
        names = tuple(cls.__annotations__)
        defaults = {name: vars(cls).get(name) for name in names}

        def construct(self: object, *values: object, **named: object) -> None:
            vars(self).update({**defaults, **dict(zip(names, values, strict=False)), **named})

        cls.__init__ = construct
        cls.__eq__, cls.__hash__ = _is_equal, _hash
        return cls

    def _is_equal(self: object, other: object) -> bool:
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def _hash(self: object) -> int:
        return hash(tuple(vars(self).values()))

    def replace(instance: object, /, **changes: object) -> object:
        """Return a copy of `instance` with other values of some fields."""
        return type(instance)(**vars(instance) | changes)
