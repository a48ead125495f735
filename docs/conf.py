"""Sphinx configuration. Nothing of the site is loaded from elsewhere: it reads the same without a network."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import generate

import morl_envs

generate.write()

project = "morl-envs"
author = "morl-envs developers"
version = release = morl_envs.__version__
extensions = ["myst_parser", "sphinx_copybutton"]
exclude_patterns = ["generated/*", "performance/**"]  # parts of pages, included by them
myst_enable_extensions = ["attrs_inline"]
myst_heading_anchors = 3
nitpicky = True
html_theme = "furo"
html_title = "morl-envs"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_show_copyright = False
copybutton_exclude = ".linenos, .gp, .go"
