"""The dashboards by the names of their files."""

from __future__ import annotations

from grafana.boards.fleet import FLEET
from grafana.boards.manager import MANAGER
from grafana.boards.monitor import MONITOR
from grafana.boards.portal import PORTAL

BOARDS = {"fleet": FLEET, "portal": PORTAL, "manager": MANAGER, "monitor": MONITOR}
