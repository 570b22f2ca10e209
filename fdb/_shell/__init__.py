"""The shell: a prompt to look into a database and to change it, with the commands of fdbcli and tuples.

`session.py` is what the commands work on, whether a person types them or a script has them; `prompt.py` is the person's side.
"""
