"""The documentation as a site: Sphinx over the Markdown pages of this repository and the docstrings.

The pages read well in a checkout too, so the site adds its navigation here and leaves the pages alone. The source is
the whole repository (``python -m sphinx -c docs . SITE``), so that links to the README and the examples hold on both.
"""

from importlib.metadata import version as version_of

project = "riskset"
author = "the riskset developers"
version = release = version_of("riskset")
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",  # numpydoc's sections
]
source_suffix = {".md": "markdown"}
include_patterns = [
    "docs/**.md",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "examples/**.md",
    "benchmarks/*.md",
]
root_doc = "docs/index"

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4  # as on the page of a repository: links to headings lead somewhere

autodoc_typehints = "none"  # the docstrings say types, shapes and units in words
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"riskset {version}"
html_show_sourcelink = False
html_copy_source = False

NAVIGATION = {
    "Start": ["README", "getting-started", "tutorial", "examples", "coming-from"],
    "How to": [
        "how-to/days",
        "how-to/sources",
        "how-to/units",
        "how-to/lag",
        "how-to/drugs",
        "how-to/states",
        "how-to/outcomes",
        "how-to/competing",
        "how-to/questions",
        "how-to/subgroups",
        "how-to/sensitivity",
        "how-to/absolute",
        "how-to/reri",
        "how-to/trouble",
        "how-to/compare",
        "how-to/other-tools",
        "how-to/journal",
        "how-to/privacy",
        "how-to/commands",
    ],
    "Understand": ["traps"],
    "Reference": [
        "api",
        "plan",
        "plan-keys",
        "formulas",
        "time-and-values",
        "semantics",
        "bad-tables",
        "statistics",
    ],
    "Trust": ["validation", "validation/README", "parity", "hand-algebra", "performance", "reproducibility"],
    "Behind it": [
        "architecture",
        "CONTRIBUTING",
        "CHANGELOG",
        "../examples/icu-magnesium/README",
        "../examples/icu-magnesium/LICENSE_ODbL",
        "../examples/nafld/README",
        "../examples/pbc/README",
    ],
}
_AT_THE_TOP = {"README", "CONTRIBUTING", "CHANGELOG"}


def add_navigation(app: object, page: str, source: list[str]) -> None:
    """Append the contents of the site to its first page."""
    del app
    if page == root_doc:
        for caption, pages in NAVIGATION.items():
            entries = "\n".join(f"/{p}" if p in _AT_THE_TOP else p for p in pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n"


def setup(app: object) -> None:
    """Tell Sphinx of the above."""
    app.connect("source-read", add_navigation)
