"""Written by tools/generate.py from vendor/fdb_c_headers/*.tsv."""
