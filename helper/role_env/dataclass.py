"""A small `dataclasses`: `@dataclass(frozen=True)` and `replace`.

`list` and `explain` cannot afford `dataclasses`: with `inspect` and `typing`, its import takes longer than to list all
profiles. As with the real one, a field that is missing, unknown or given twice is an error, and none can be changed. It
adds no repr, since a value may be a secret. The fast path's modules do not import this one either: their classes have
handwritten constructors.
"""

__all__ = ["dataclass", "replace"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:

    def dataclass(*, frozen: bool) -> object:
        """Return the class decorator. It adds a constructor, and equality by the fields."""
        return _value_class

    def _value_class(cls: type) -> type:
        names = tuple(cls.__annotations__)
        defaults = {name: vars(cls)[name] for name in names if name in vars(cls)}

        def construct(self: object, *values: object, **named: object) -> None:
            given = dict(zip(names, values, strict=False)) | named
            fields = {name: given.get(name, defaults.get(name)) for name in names}
            is_complete = given.keys() | defaults.keys() == fields.keys()
            if not is_complete or len(given) < len(values) + len(named):
                raise TypeError(f"{cls.__name__} has the fields {', '.join(names)}")
            vars(self).update(fields)

        cls.__init__ = construct
        cls.__setattr__ = cls.__delattr__ = _refuse
        cls.__eq__, cls.__hash__ = _is_equal, _hash
        return cls

    def _refuse(self: object, *_: object) -> None:
        raise AttributeError(f"a {type(self).__name__} cannot be changed")

    def _is_equal(self: object, other: object) -> bool:
        return vars(self) == vars(other) if type(self) is type(other) else NotImplemented

    def _hash(self: object) -> int:
        return hash(tuple(vars(self).values()))

    def replace(instance: object, /, **changes: object) -> object:
        """Return a copy of `instance` with other values of some fields."""
        return type(instance)(**vars(instance) | changes)
