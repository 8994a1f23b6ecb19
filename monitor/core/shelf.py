"""What makes hearing a portal again cheap. Nothing follows from it that would not follow without: all that lies here is
compared with what it rests on before it is used, so it may be lost, be late, or serve several states of one portal."""

from __future__ import annotations

from monitor.core.gist import Gists
from monitor.core.last_words import LastWords
from monitor.core.reply_facts import PortalRules
from monitor.core.turn_bookmark import Bookmarks


class Shelf:
    """`marks`: where stories may be taken up again; `gists`: what histories came to; `rules`: those that the portal's
    channels were judged by last; `said`: who said what lately."""

    __slots__ = ("gists", "marks", "rules", "said")

    def __init__(self) -> None:
        self.marks = Bookmarks()
        self.gists: Gists = Gists()
        self.rules: PortalRules | None = None
        self.said = LastWords()
