"""messenger-monitor: watches the messengers connected to Bitrix24 open lines."""

__version__ = "0.1.0"
