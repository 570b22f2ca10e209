"""The measured work, run by `worker.py` in a process of its own: rows of functions that return what measures once."""
