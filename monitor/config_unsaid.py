"""Keys without a value: `lines:` whose entries are all commented out says as little as no `lines` at all."""

from __future__ import annotations

from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from monitor.config_wording import model_in


def without_unsaid(value: Any, model: type[BaseModel] | None) -> Any:
    """The tree without the keys of the model that have no value and a default. Unknown keys stay to be told of."""
    if isinstance(value, list):
        return [without_unsaid(one, model) for one in value]
    if not isinstance(value, dict) or model is None:
        return value
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    return {
        key: without_unsaid(one, model_in(fields[key].annotation)) if key in fields else one
        for key, one in value.items()
        if one is not None or key not in fields or not _gives_way(fields[key])
    }


def _gives_way(field: FieldInfo) -> bool:
    """What is required is missed, and where null has a meaning of its own it stays."""
    means_something = NoneType in get_args(field.annotation) and field.default is not None
    return not field.is_required() and not means_something
