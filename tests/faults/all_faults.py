"""Every fault by name, in the order of the page."""

from __future__ import annotations

from fault_list import TOKENS, alertmanager_faults, of_the_portal, of_the_provider, on_the_wire
from installed_faults import blows
from people_faults import people_faults
from portal_faults import portal_faults
from process_faults import process_faults
from store_faults import store_faults

FAULTS = [
    *on_the_wire(),
    *of_the_portal(),
    *TOKENS,
    *portal_faults(),
    *of_the_provider(),
    *alertmanager_faults(),
    *store_faults(),
    *process_faults(),
]
PEOPLE = people_faults()
BLOWS = blows()
ORDER = [
    *((fault.area, fault.name) for fault in FAULTS),
    *(("process", blow.name) for blow in BLOWS),
    *((fault.area, fault.name) for fault in PEOPLE),
]
