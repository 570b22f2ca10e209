"""How Sphinx builds the documentation site; `make docs` calls it.

Why Sphinx: every broken link or reference is a warning, and warnings are errors; the search needs neither a server nor a network; it will be kept up
(Material for MkDocs, the other candidate, ends in May 2027). Pages are Markdown (MyST), as they are read in the repository.

Why the reference has directives of its own (`reference.py`) and not autodoc's: that evaluates annotations, so it shows the stand-ins of `fdb._typing` and
unions in place of `KeyArgument`; it has no overloads of what is imported when it is used, and no types of classes in C, which are in stubs.
"""

from __future__ import annotations

import pathlib
import sys

import fdb
import fdb.embedded

sys.path.insert(0, str(pathlib.Path(__file__).parent))

project = "fdb"
author = "The authors of foundationdb-cffi"
project_copyright = "The authors of foundationdb-cffi. FoundationDB is a project of Apple Inc. and its contributors; this package is independent of it"
version = release = fdb.__version__

extensions = ["myst_parser", "sphinx_copybutton", "reference", "accessible"]
root_doc = "index"
source_suffix = {".md": "markdown"}
language = "en"

# The anchors that a repository's own pages have.
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline", "colon_fence"]
# Pages say "$ command"; what is copied is the command.
copybutton_prompt_text = r"\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True

python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
add_module_names = True
toc_object_entries_show_parents = "hide"
# Quotes are code as often as not.
smartquotes = False
# Docstrings have plain backticks: names among them become links.
default_role = "py:obj"

html_theme = "furo"
html_title = f"fdb {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_logo = html_favicon = "static/logo.svg"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": False}
pygments_style = "default"
pygments_dark_style = "monokai"
