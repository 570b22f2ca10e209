"""fdb/_dump/forms.py: which form a name asks for, and which one a file has."""

from __future__ import annotations

import pytest

from dump.conftest import HEADER
from fdb._dump.forms import FORMS, decoder_of, encoder_of, form_of_data, form_of_name


@pytest.mark.parametrize(
    ("name", "form", "compressed"),
    [
        ("a.jsonl", "jsonl", False),
        ("a.NDJSON", "jsonl", False),
        ("/b.c/a.jsonl.gz", "jsonl", True),
        ("a.fdbrows", "binary", False),
        ("a.fdbrows.gz", "binary", True),
        ("a.txt", None, False),
        ("a.gz", None, True),
        ("-", None, False),
        ("", None, False),
    ],
)
def test_names(name, form, compressed):
    assert form_of_name(name) == (form, compressed)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_known_by_its_first_byte(form):
    begin = encoder_of(form).header(HEADER)
    assert form_of_data(begin[:1]) == form
    decoder = decoder_of(form)
    assert decoder.take(begin) == ([], len(begin)) and decoder.header == HEADER


def test_an_empty_file_is_one_without_rows():
    assert form_of_data(b"") == "jsonl"
