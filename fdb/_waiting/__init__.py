"""The event models: how a program waits, and who runs its callbacks."""
