"""A scoreboard: how soon labelled failures of channels are found, and how often nothing was wrong."""
