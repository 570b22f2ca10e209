"""What is wrong with an installation, and the way out of it: `fdb doctor`.

It has to work where `import fdb` does not. So its modules import the standard library, each other, and those few modules of
the package that need no C; whatever needs more runs in a child process (`probes.py`), which may fail, crash or hang.
"""
