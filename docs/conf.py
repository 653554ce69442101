"""Configuration of the documentation; builds offline with ``sphinx-build -W docs docs/_build/html``."""

import sys
from pathlib import Path

import amp_sklearn

sys.path.insert(0, str(Path(__file__).parent))  # gallery_pictures

project = "amp_sklearn"
author = "The amp_sklearn developers"
copyright = "2026, The amp_sklearn developers"
version = release = amp_sklearn.__version__

extensions = [
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.mathjax",
    "sphinx_gallery.gen_gallery",
    "myst_parser",  # tables that commands write in Markdown, and the changelog
]
extlinks = {"doi": ("https://doi.org/%s", "doi:%s")}
extlinks_detect_hardcoded_links = False
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
suppress_warnings = ["ref.term"]  # texts inherited from scikit-learn point to its glossary
exclude_patterns = ["_build", "examples"]
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "image_scrapers": ("matplotlib", "gallery_pictures.save_displays"),
    "ignore_repr_types": r"amp_sklearn[.]plotting[.]",  # shown as pictures
    "reset_modules": ("matplotlib",),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "within_subsection_order": "ExampleTitleSortKey",
}

templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = "amp_sklearn"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_js_files = ["tables.js"]
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
}
html_sidebars = {"index": [], "changelog": []}
html_show_sourcelink = False
toc_object_entries_show_parents = "hide"
