"""Files of rows: JSON lines and a binary form, how they are written, read, checked and gone on with, and copies of databases."""
