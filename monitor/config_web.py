"""What the file may say of the pages: where they are served, and who signs in."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from monitor.config_types import Address, HostPort, Slug, checked, unexpected
from monitor.secret import Secret
from monitor.shell.passwords import is_hash


class User(BaseModel):
    """Who signs in with a password. Without `portals` an integrator sees all of them; a head has to be given his."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    name: Annotated[
        str,
        checked(
            lambda text: 0 < len(text) <= 64 and text.isprintable() and text == text.strip(),
            "a name without spaces around it",
        ),
    ]
    password_hash: Secret
    role: Literal["integrator", "head"]
    portals: list[Slug] = []

    @model_validator(mode="after")
    def _usable(self) -> Self:
        hash_ = self.password_hash.reveal()
        if hash_ and not is_hash(hash_):
            raise unexpected("what `messenger-monitor hash-password` printed", "another text", at="password_hash")
        if self.role == "head" and not self.portals:
            raise unexpected("the names of the portals that this head sees", None, at="portals")
        return self


class Web(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    listen: HostPort = "127.0.0.1:9460"
    token: Secret | None = None
    users: list[User] = []
    external_url: Address | None = None
