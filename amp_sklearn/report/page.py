"""What all pages share: templates, pictures and data that go into them, and how a page is saved and shown."""

import html
import json
from pathlib import Path

import jinja2
from markupsafe import Markup

from ..writing import write_atomically
from .pictures import inline_svg


class HtmlPage:
    """One self-contained HTML page, in ``html``."""

    html: str

    def save(self, path):
        """Write the page, whole or not at all.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        Path
        """
        with write_atomically(path) as unfinished:
            unfinished.write_text(self.html, encoding="utf-8")
        return Path(path)

    def _repr_html_(self):
        page = html.escape(self.html, quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:800px;border:1px solid #ccc"></iframe>'


def svg(figure, name):
    """A figure for a page; see `inline_svg`."""
    return Markup(inline_svg(figure, name))


def script_json(rows):
    """JSON that no text in it can end: ids may hold ``</script>``."""
    text = json.dumps(rows, default=lambda value: value.item() if hasattr(value, "item") else str(value))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def page(template, **content):
    """The text of a page.

    Parameters
    ----------
    template : str
        Name of a file in ``templates``.
    **content
        What it shows.

    Returns
    -------
    str
    """
    loader = jinja2.PackageLoader(__package__, "templates")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, loader=loader
    )
    return environment.get_template(template).render(**content)
