"""Tables of results as text."""


def markdown(table):
    """A data frame as a Markdown table, without its index; numbers with three decimals."""

    def text(cell):
        return (
            f"{cell:.3f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else str(cell)
        )

    rows = [[text(cell) for cell in row] for row in table.astype(object).itertuples(index=False)]
    lines = [[str(column) for column in table.columns], ["---"] * table.shape[1], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
