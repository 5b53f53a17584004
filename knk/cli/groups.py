"""Groups of options: a frozen dataclass that commands share, and that each takes as one parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command with one option for each field of those parameters that are dataclasses.

    Typer sees the fields, in order, in the place of the parameter; the command itself gets one object for each group.
    The type of a field is `Annotated` with a `typer.Option` or a `typer.Argument`, as that of a parameter is.

    >>> from dataclasses import dataclass
    >>> from inspect import signature
    >>> @dataclass(frozen=True)
    ... class Size:
    ...     width: int = 2
    ...     height: int = 3
    >>> def area(unit: str, size: Size, precise: bool = False) -> None:
    ...     print(size.width * size.height, unit, precise)
    >>> list(signature(with_option_groups(area)).parameters)
    ['unit', 'width', 'height', 'precise']
    >>> with_option_groups(area)(unit="m2", width=4, height=3, precise=True)
    12 m2 True
    """
    hints = get_type_hints(command, include_extras=True)
    parameters = signature(command).parameters
    groups = {name: hints[name] for name in parameters if is_dataclass(hints[name])}

    @wraps(command)
    def flattened(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        command(**values)

    flat: list[Parameter] = []
    for name, parameter in parameters.items():
        flat += _options(groups[name]) if name in groups else [parameter.replace(annotation=hints[name])]
    # Keyword-only parameters may have defaults or not in any order; typer takes the order as it is.
    keywords = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in flat]
    vars(flattened)["__signature__"] = Signature(keywords, return_annotation=None)
    flattened.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    return flattened


def _options(group: Any) -> Iterator[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        default = Parameter.empty if field.default is MISSING else field.default
        yield Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[field.name])
