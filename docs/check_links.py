"""Links inside of the built documentation lead somewhere: pages, files and anchors. Nothing is asked of a network.

python docs/check_links.py docs/_build/html
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Anchors and local references of one page."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links = {""}, []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors.update(given[name] for name in ("id", "name") if given.get(name))
        for name in ("href", "src"):
            link = given.get(name)
            if link and not urlsplit(link).scheme and not link.startswith("//"):
                self.links.append(link)


def broken_links(root):
    """Pairs of a page and one of its links that leads nowhere."""
    found = (
        path for path in sorted(root.rglob("*.html")) if "_static" not in path.parts
    )  # a template of the theme
    pages = {path.resolve(): Page(path) for path in found}
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists() or (
                target in pages and unquote(parts.fragment) not in pages[target].anchors
            ):
                yield path, link


def main():
    root = Path(sys.argv[1])
    broken = [f"{path.relative_to(root.resolve())}: {link}" for path, link in broken_links(root)]
    print("\n".join([*broken, f"{len(broken)} links lead nowhere"]))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
