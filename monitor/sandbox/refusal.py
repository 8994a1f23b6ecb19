"""An error as the portal answers it."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """`status` and `code` as documented; `more` stands beside them in the envelope."""

    def __init__(self, status: int, code: str, text: str = "", **more: Any) -> None:
        super().__init__(code)
        self.status, self.code, self.text, self.more = status, code, text, more

    def body(self) -> dict[str, Any]:
        return {"error": self.code, "error_description": self.text, **self.more}
