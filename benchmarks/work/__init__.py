"""The measured work, run by `measured.py` in a process of its own: rows of functions that return what measures once."""
