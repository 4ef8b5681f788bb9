"""`dataclass` and `replace` for what `list` loads: to import `dataclasses` would take longer than to list all profiles.

A type checker sees those of `dataclasses`. Here a class gets a constructor, and no other methods.
"""

__all__ = ["dataclass", "replace"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:

    def dataclass(cls: type) -> type:
        """Give `cls` a constructor for its annotated fields. A value in the class is the field's default."""
        names = tuple(cls.__annotations__)

        def construct(self: object, *values: object, **fields: object) -> None:
            if unknown := fields.keys() - names:
                raise TypeError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
            vars(self).update(zip(names, values, strict=False), **fields)

        cls.__init__ = construct
        return cls

    def replace(instance: object, **changes: object) -> object:
        """Return a copy of `instance` with other values of some fields."""
        return type(instance)(**vars(instance) | changes)
