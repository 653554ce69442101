"""Late interaction against loops over cells: the logit, its division among cells, and all pairs of two lists."""

import numpy as np
import pytest
import torch

from amp_sklearn.nn import LateInteraction, late_interaction


def make(n_tokens=6, n_outputs=1, n_channels=2):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = LateInteraction(
            n_tokens, 5, hidden=7, d_model=4, n_channels=n_channels, protein_width=3, n_outputs=n_outputs
        )
        return module.eval().double()


def features(n, columns):
    return torch.randn(n, columns, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 3


def by_loops(module, a, b, output):
    """Logit of one pair, written out: cells one after the other, rows and columns by hand."""
    (vectors_a, units_a, own_a), (vectors_b, units_b, own_b) = a, b
    weight, logit = module.matrix_head.weight[output], float(module.matrix_head.bias[output])
    for channel in range(module.n_channels):
        cells = np.array([[float(x @ y) for y in vectors_b[channel]] for x in vectors_a[channel]])
        soft = np.exp(cells) / np.exp(cells).sum()
        largest = np.mean([max(row) for row in cells]) + np.mean([max(column) for column in cells.T])
        for number, read in enumerate((cells.mean(), largest, (soft * cells).sum())):
            logit += float(weight[3 * channel + number]) * read
    logit += float((module.product_head.weight[output] * units_a * units_b).sum())
    return logit + float(own_a[output]) + float(own_b[output])


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_logits_equal_loops_over_cells(n_outputs):
    module, X = make(n_outputs=n_outputs), features(4, 30)
    with torch.inference_mode():
        a, b = (module.protein_part(side) for side in X.chunk(2, dim=1))
        found = module(X).reshape(4, -1)
        for pair in range(4):
            for output in range(n_outputs):
                one, other = (tuple(part[pair] for part in side) for side in (a, b))
                assert found[pair, output] == pytest.approx(by_loops(module, one, other, output), abs=1e-10)


def test_an_odd_number_of_tokens_is_one_protein_with_itself():
    module, X = make(n_tokens=3), features(4, 15)
    with torch.inference_mode():
        part = module.protein_part(X)
        assert torch.equal(module(X), module.pair_part(part, part))


def test_order_of_proteins_and_of_segments_changes_nothing():
    module, X = make(), features(4, 30)
    with torch.inference_mode():
        expected = module(X)
        swapped = module(X.roll(15, dims=1))
        shuffled = module(X.view(4, 2, 3, 5)[:, :, [2, 0, 1]].flatten(1))
    torch.testing.assert_close(swapped, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(shuffled, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_cells_and_rest_add_up_to_the_logit(n_outputs):
    module, X = make(n_outputs=n_outputs), features(4, 30)
    with torch.inference_mode():
        cells, rest = module.cell_contributions(X)
        assert cells.shape == (4, n_outputs, 3, 3)
        torch.testing.assert_close(
            cells.sum(dim=(-1, -2)) + rest, module(X).reshape(4, -1), rtol=0, atol=1e-12
        )
        turned, _ = module.cell_contributions(X.roll(15, dims=1))
    torch.testing.assert_close(turned.transpose(-1, -2), cells, rtol=0, atol=1e-12)


def test_one_cell_by_hand():
    """With nothing but the mean read, a cell is its similarity divided by the number of cells."""
    module, X = make(n_channels=1), features(2, 30)
    with torch.inference_mode():
        module.matrix_head.weight.copy_(torch.tensor([[2.0, 0.0, 0.0]]))
        cells, _ = module.cell_contributions(X)
        expected = 2 * module.similarities(*module.parts(X))[:, 0] / 9
    torch.testing.assert_close(cells[:, 0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("tile", [1, 3, 64])
def test_a_block_is_every_pair(n_outputs, tile, monkeypatch):
    monkeypatch.setattr(late_interaction, "TILE", tile)
    module, X = make(n_outputs=n_outputs), features(12, 15)
    with torch.inference_mode():
        a, b = module.protein_part(X[:7]), module.protein_part(X[7:])
        found = module.score_block(a, b)
        for i in range(7):
            for j in range(5):
                expected = module(torch.cat([X[i], X[7 + j]])[None])[0]
                torch.testing.assert_close(found[i, j], expected, rtol=0, atol=1e-10)


def test_large_similarities_do_not_overflow_in_a_block():
    module, X = make(), features(6, 15) * 1e4
    with torch.inference_mode():
        part = module.protein_part(X)
        found = module.score_block(part, part)
        expected = module(torch.cat([X[:1], X[1:2]], dim=1))
    assert torch.isfinite(found).all()
    torch.testing.assert_close(found[0, 1], expected[0], rtol=1e-10, atol=0)


@pytest.mark.parametrize(
    ("n_tokens", "d_model", "size"), [(20, 16, 1.0), (14, 5, 1.0), (6, 3, 1e3), (2, 1, 30.0)]
)
def test_the_compiled_block_is_that_of_torch(n_tokens, d_model, size, monkeypatch):
    torch.manual_seed(0)
    module = LateInteraction(n_tokens, 6, hidden=8, d_model=d_model, n_channels=3, protein_width=4).eval()
    X = size * torch.randn(23 + 35, n_tokens // 2 * 6)
    blocks = {}
    with torch.inference_mode():
        a, b = module.protein_part(X[:23]), module.protein_part(X[23:])
        expected = module.double().score_block(*(tuple(part.double() for part in parts) for parts in (a, b)))
        module.float()
        for kernels in ("own", "torch"):
            monkeypatch.setenv("AMP_SKLEARN_KERNELS", kernels)
            assert late_interaction.is_compiled_for(a[0], b[0]) is (kernels == "own")
            blocks[kernels] = module.score_block(a, b)
        monkeypatch.setenv("AMP_SKLEARN_KERNELS", "own")
        one_by_one = torch.cat([module.score_block(tuple(p[i : i + 1] for p in a), b) for i in range(23)])
    for found in blocks.values():
        torch.testing.assert_close(
            found, expected.float(), rtol=1e-5, atol=1e-5 * float(expected.abs().max())
        )
    torch.testing.assert_close(blocks["own"], one_by_one, rtol=1e-6, atol=1e-6 * float(expected.abs().max()))
    assert expected.std() > 1e-3


def test_a_batch_is_not_divided():
    module, X = make(), features(4, 30)
    assert module.batch_parts(X) is None
