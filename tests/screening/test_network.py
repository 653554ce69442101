"""Networks of a screen: the same pairs in a table, in GraphML and as a graph."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from amp_sklearn import CalibratedPairClassifier, CompositionEncoder, screen

RANDOM = np.random.default_rng(3)
PROTEOME = {
    f"P{n}": "".join(RANDOM.choice(list("ACDEFGHIKLMNPQRSTVWY"), RANDOM.integers(8, 40))) for n in range(14)
}
SEQUENCES = list(PROTEOME.values())
TABLE = pd.DataFrame({"sequence_a": SEQUENCES[:6], "sequence_b": SEQUENCES[6:12]})
MODEL = make_pipeline(CompositionEncoder(), LogisticRegression())


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    model = CalibratedPairClassifier(MODEL, cv=2).fit(TABLE, [0, 1] * 3)
    return screen(model, PROTEOME, out=tmp_path_factory.mktemp("screen"), block_size=4)


def test_a_network_holds_the_kept_pairs(found, tmp_path):
    table = found.pairs()
    graph = found.network()
    assert graph.number_of_edges() == len(table) == 14 * 13 // 2
    for row in table.itertuples():
        edge = graph.edges[row.protein_a, row.protein_b]
        assert edge["score"] == edge["calibrated"] == pytest.approx(row.calibrated, abs=1e-6)
        assert edge["probability"] == pytest.approx(row.probability, abs=1e-6)
    read = nx.read_graphml(found.write_network(tmp_path / "network.graphml"))
    assert nx.to_dict_of_dicts(read) == nx.to_dict_of_dicts(graph)
    written = pd.read_csv(found.write_network(tmp_path / "network.tsv"), sep="\t")
    assert list(written.columns) == ["protein1", "protein2", "combined_score"]
    assert written["protein1"].tolist() == table["protein_a"].tolist()
    np.testing.assert_allclose(written["combined_score"], 1000 * table["calibrated"], atol=0.501)


def test_a_threshold_is_one_of_the_score(found, tmp_path):
    table = found.pairs()
    limit = float(table["calibrated"].median())
    expected = table[table["calibrated"] >= limit]
    graph = found.network(limit)
    assert 0 < len(expected) < len(table) and graph.number_of_edges() == len(expected)
    written = pd.read_csv(found.write_network(tmp_path / "some.tsv", threshold=limit), sep="\t")
    assert len(written) == len(expected)
    with pytest.raises(ValueError, match="threshold is a probability"):
        found.network(7)


def test_what_a_file_cannot_hold_is_refused(found, tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.tsv or \.graphml"):
        found.write_network(tmp_path / "network.xlsx")
    names = {f"a\t{name}": sequence for name, sequence in list(PROTEOME.items())[:3]}
    odd = screen(MODEL.fit(TABLE, [0, 1] * 3), names, out=tmp_path / "odd")
    for ending in ("tsv", "graphml"):
        with pytest.raises(ValueError, match="control character"):
            odd.write_network(tmp_path / f"network.{ending}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["odd"]
