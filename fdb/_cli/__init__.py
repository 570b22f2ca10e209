"""The command line: `python -m fdb`, or `fdb` (the extra `cli`)."""
