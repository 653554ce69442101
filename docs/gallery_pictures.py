"""Pictures of the gallery: the displays of the package, which no global state of matplotlib knows."""

from sphinx_gallery.scrapers import figure_rst

from amp_sklearn.plotting.style import Display


def save_displays(block, block_vars, gallery_conf):
    """Save the displays that a block of an example has made, and return the text that shows them."""
    shown = block_vars["example_globals"].setdefault("_displays_shown", [])
    paths = []
    for value in list(block_vars["example_globals"].values()):
        if isinstance(value, Display) and all(value is not other for other in shown):
            shown.append(value)
            path = next(block_vars["image_path_iterator"])
            value.save(path, dpi=100)
            paths.append(path)
    return figure_rst(paths, gallery_conf["src_dir"])
