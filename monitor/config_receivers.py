"""What the file may say of receivers: whom the daemon brings what is wrong, in which words, when, how often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from monitor.config_types import Slug, checked, shown, unexpected
from monitor.core.incident import Audience, IncidentKind
from monitor.core.receivers import Receiver as ReceiverRule
from monitor.receivers import ReceiverType, receiver_types
from monitor.secret import Secret

COMMON = ("name", "type", "audience", "portals", "language", "kinds", "hours", "via", "digest_at", "per_day")
Kind = Annotated[str, checked(lambda text: text in tuple(IncidentKind), "a kind of incident such as no_reply")]


def _time(value: object) -> time:
    try:
        told = time.fromisoformat(value) if isinstance(value, str) and len(value) == 5 else None
    except ValueError:
        told = None
    if told is None:
        raise unexpected("a time of the day such as 09:00", value, "put it in quotes" if isinstance(value, int) else "")
    return told


class Receiver(BaseModel):
    """The keys that every receiver has; those of its type are checked beside."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    name: Slug
    type: Any = None
    audience: Literal["head", "integrator"] = "head"
    portals: list[Slug] | None = None
    language: Literal["ru", "en"] | None = None
    kinds: list[Kind] = []
    hours: Literal["office", "always"] | None = None
    via: Literal["daemon", "alertmanager"] = "daemon"
    digest_at: Annotated[time, BeforeValidator(_time)] = time(9)
    per_day: Annotated[int, Field(ge=1, le=1000)] = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """A receiver as the daemon uses it. `portals` None = all."""

    rule: ReceiverRule
    portals: frozenset[str] | None
    secrets: Mapping[str, Secret] = field(default_factory=dict)


def secrets_of_type(type_: object) -> tuple[str, ...]:
    """Of an unknown type: the usual name, so that no secret is read as plain text."""
    known = receiver_types().get(type_) if isinstance(type_, str) else None
    return known.secrets if known else ("url",)


def entry_problems(entry: Mapping[str, Any], portals: list[str], path: str) -> Iterator[str]:
    """What the type of an entry makes of its own keys; its secrets were read before."""
    known, type_ = receiver_types(), entry.get("type")
    if entry.get("name") == "alertmanager":
        yield f"{path}.name: expected another name, got alertmanager: the metrics call the Alertmanager so"
    for wanted in entry.get("portals") or () if isinstance(entry.get("portals"), list) else ():
        if isinstance(wanted, str) and wanted not in portals:
            yield f"{path}.portals: expected the name of a portal, got {shown(wanted)}: see `portals`"
    if not isinstance(type_, str) or type_ not in known:
        yield f"{path}.type: expected one of {', '.join(known)}, got {shown(type_)}{_hint(type_, tuple(known))}"
        return
    yield from _own_problems(entry, known[type_], path)


def _own_problems(entry: Mapping[str, Any], type_: ReceiverType, path: str) -> Iterator[str]:
    own = (*type_.required, *type_.optional)
    for key in (*type_.required, *type_.secrets):
        if key not in entry:
            yield (
                f"{path}.{key}_file: expected this key, got nothing"
                if key in type_.secrets
                else (f"{path}.{key}: expected this key, got nothing")
            )
    for key, value in entry.items():
        if key in own and key in type_.choices and value not in type_.choices[key]:
            yield f"{path}.{key}: expected one of {', '.join(type_.choices[key])}, got {shown(value)}"
        elif key in own and key not in type_.choices and (isinstance(value, bool) or not isinstance(value, int)):
            yield f"{path}.{key}: expected a number, got {shown(value)}"
        elif key not in (*own, *COMMON, *type_.secrets):
            spelled = (*COMMON, *own, *(f"{name}_file" for name in type_.secrets))
            yield f"{path}.{key}: unknown key of {type_.type}{_hint(key, spelled)}"


def _hint(word: object, known: tuple[str, ...]) -> str:
    near = get_close_matches(str(word), known, n=1)
    return f": did you mean {near[0]}?" if near else ""


def addressee(receiver: Receiver, entry: Mapping[str, Any], language: str) -> Addressee:
    """`entry` still holds the keys of its type."""
    type_ = receiver_types()[str(receiver.type)]
    audience = Audience(receiver.audience)
    rule = ReceiverRule(
        name=receiver.name,
        type=type_.type,
        audience=audience,
        language=receiver.language or language,
        kinds=frozenset(IncidentKind(kind) for kind in receiver.kinds),
        always=(receiver.hours or ("always" if audience is Audience.INTEGRATOR else "office")) == "always",
        routed=receiver.via == "alertmanager",
        digest_at=receiver.digest_at,
        per_day=receiver.per_day,
        settings={key: str(entry[key]) for key in (*type_.required, *type_.optional) if key in entry},
    )
    return Addressee(
        rule=rule,
        portals=frozenset(receiver.portals) if receiver.portals is not None else None,
        secrets={key: entry[key] for key in type_.secrets if key in entry},
    )
