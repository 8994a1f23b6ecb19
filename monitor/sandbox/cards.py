"""What the emulated portal's CRM holds beside dialogs: cards with their responsible, generated documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TYPES = {"lead": 1, "deal": 2, "contact": 3, "company": 4}


@dataclass
class Card:
    id: int
    responsible: int
    created: datetime


@dataclass
class Document:
    id: int
    number: str
    template: int
    created: datetime
    entity_type: int = 2
    entity: int = 501
    title: str = "Договор"
    public_url: str | None = None
    viewed: datetime | None = None


@dataclass
class Numerator:
    """`template` as the numerator's page shows it; `settings` of its sequence."""

    id: int
    name: str
    template: str = "{NUMBER}"
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Cards:
    """Cards by (type, id), documents by id, templates: id -> (name, numerator)."""

    cards: dict[tuple[int, int], Card] = field(default_factory=dict)
    deals: dict[int, int] = field(default_factory=dict)  # customer -> his deal
    documents: dict[int, Document] = field(default_factory=dict)
    templates: dict[int, tuple[str, int]] = field(default_factory=dict)
    numerators: dict[int, Numerator] = field(default_factory=dict)

    def add(self, kind: str, number: int, responsible: int, created: datetime) -> Card:
        self.cards[TYPES[kind], number] = Card(number, responsible, created)
        return self.cards[TYPES[kind], number]

    def add_numerator(self, number: int, template: str = "{NUMBER}", **settings: Any) -> None:
        usual = {"start": 1, "step": 1, "length": 0, "padString": "0", "periodicBy": None, "timezone": None}
        own = {**usual, "isDirectNumeration": False, **settings}
        self.numerators[number] = Numerator(number, f"Нумератор {number}", template, own)

    def add_document(self, number: str, created: datetime, *, template: int = 39, **more: Any) -> Document:
        ident = max(self.documents, default=60) + 1
        self.documents[ident] = Document(ident, number, template, created, **more)
        return self.documents[ident]

    def responsible_for(self, customer: int) -> int:
        """The responsible of the customer's deal, 0 = the customer is not known."""
        card = self.cards.get((TYPES["deal"], self.deals.get(customer, 0)))
        return card.responsible if card else 0
