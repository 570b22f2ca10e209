"""Telling who wants to know what transactions do: observers, the events that they get, and what collects and exports them."""
