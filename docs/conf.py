"""The site: Sphinx, because the docstrings are numpydoc; MyST, because the pages are Markdown that also reads on a forge.

Everything comes from the repository; only the typesetting of formulas wants a network, in the reader's browser.
"""

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
suppress_warnings = ["toc.empty_glob"]  # pages of a part that this tree does not have

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say shapes too
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True

html_theme = "furo"
html_title = f"graphemb {version}"
html_static_path: list[str] = []
html_show_sphinx = False
