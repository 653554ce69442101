"""The number of tokens that the columns of X hold."""


def resolve_tokens(n_features, n_tokens, default, layout):
    """Tokens of a pair, and dimensions of one.

    Parameters
    ----------
    n_features : int
        Columns of X.
    n_tokens : int or "auto"
        ``"auto"``: as the layout says; without a layout the default if it divides the columns, else the largest
        smaller number that does.
    default : int
        Tokens of an ordinary array, such as those of the published model.
    layout : FeatureLayout or None

    Returns
    -------
    n_tokens, width : int

    Raises
    ------
    ValueError
        If an int does not divide the columns, or contradicts the layout.

    Examples
    --------
    >>> from amp_sklearn.classification._tokens import resolve_tokens
    >>> resolve_tokens(25600, "auto", default=20, layout=None)
    (20, 1280)
    >>> resolve_tokens(45, "auto", default=20, layout=None)
    (15, 3)
    """
    if n_tokens == "auto":
        if layout is not None:
            return layout.n_tokens, layout.width
        n_tokens = next(n for n in range(default, 0, -1) if n_features % n == 0)
    elif layout is not None and n_tokens != layout.n_tokens:
        raise ValueError(
            f"n_tokens={n_tokens}, but X has {layout.n_tokens} tokens per pair ({layout.token_labels[0]} to "
            f"{layout.token_labels[-1]}); use n_tokens='auto', or choose other tokens in PairConcatenator"
        )
    if n_features % n_tokens:
        raise ValueError(f"X has n_features={n_features}, which is not a multiple of n_tokens={n_tokens}")
    return n_tokens, n_features // n_tokens
