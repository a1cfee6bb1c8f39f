"""The site: Sphinx, because the docstrings are numpydoc; MyST, because Markdown pages also read well on a forge.

Everything comes from the repository; only the typesetting of formulas wants a network, in the reader's browser.
"""

from pathlib import Path

import graphemb

project = "graphemb"
author = "the graphemb developers"
copyright = f"2026, {author}"
version = release = graphemb.__version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.viewcode"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3
autosummary_generate = False  # numpydoc brings it in; the pages name what they want

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say shapes too
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True

html_theme = "furo"
html_title = f"graphemb {version}"
html_static_path: list[str] = []
html_show_sphinx = False


def leave_out_absent(app, name, source):
    """Drop entries of the front page whose page this tree does not have."""
    if name == "index":
        optional = ("files", "command-line", "migration", "benchmarks", "reliability")
        absent = {page for page in optional if not (Path(app.srcdir) / f"{page}.md").exists()}
        source[0] = "".join(line for line in source[0].splitlines(True) if line.strip() not in absent)


def setup(app):
    app.connect("source-read", leave_out_absent)
