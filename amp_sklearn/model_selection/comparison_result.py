"""Comparison: what models reached on the same folds, and tests of their differences."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

from ..metrics import PAIR_METRICS, pair_metrics, positive_label
from ._text_tables import markdown
from .evaluation_report import FEWEST_PAIRS, few_pairs

SHOWN_METRICS = ("accuracy", "mcc", "roc_auc", "average_precision", "ece")
SIZES = ("n_train", "n_test", "n_positive", "n_dropped")


@dataclass(frozen=True)
class PairedTest:
    """Difference of two models in one metric.

    Parameters
    ----------
    a, b : str
        The models.
    metric : str
    method : str
        ``"corrected_t"`` or ``"bootstrap"``.
    difference : float
        Mean of the metric of ``a`` minus that of ``b``.
    low, high : float
        Confidence interval of the difference.
    p_value : float
        Two-sided.
    n : int
        Folds and seeds, or resamples.
    note : str, default=""
        Why there is no p-value: the better model gives every pair of a fold one score, which is no order of pairs.
    """

    a: str
    b: str
    metric: str
    method: str
    difference: float
    low: float
    high: float
    p_value: float
    n: int
    note: str = ""

    def __str__(self):
        return (
            f"{self.metric}, {self.a} - {self.b}: {self.difference:+.3f} [{self.low:+.3f}, {self.high:+.3f}], "
            f"p = {self.p_value:.3g} ({self.method}, n = {self.n})" + (f"; {self.note}" if self.note else "")
        )


@dataclass(frozen=True, eq=False)
class Comparison:
    """Results of several models on the same folds.

    Parameters
    ----------
    metrics : DataFrame
        One row per model, seed and fold: ``model``, ``seed``, ``fold``, ``n_train``, ``n_test``, ``n_positive``, ``n_dropped``
        and metrics.
    predictions : DataFrame
        One row per model, seed and test pair: ``model``, ``seed``, ``fold``, ``row``, protein ids where the pairs had
        them, ``label``, ``probability``, ``score``, ``prediction``.
    pos_label : object, default=None
        The positive label; see ``compare``.

    Notes
    -----
    Training sets of different folds overlap, so that their results are not independent and an ordinary confidence
    interval is too narrow. Intervals and tests here enlarge the variance ``s²/J`` of a mean over ``J`` folds and seeds
    to ``(1/J + n_test/n_train) s²``. They tell of folds and seeds; of a single published split with several seeds they
    tell of the luck of training only, and ``paired_test(..., method="bootstrap")`` of the finite test set.

    References
    ----------
    Nadeau and Bengio, Machine Learning 2003, :doi:`10.1023/A:1024068626366`.
    """

    metrics: pd.DataFrame
    predictions: pd.DataFrame
    pos_label: object = None

    @property
    def notes(self):
        """Sentences on the sizes of the folds, and on folds with fewer than 50 test pairs of a class."""
        if not set(SIZES) <= set(self.metrics.columns):
            return []
        folds = self.metrics.drop_duplicates(["seed", "fold"])
        n_test, n_positive, n_dropped = (folds[name] for name in SIZES[1:])
        text = (
            f"{len(folds)} folds and seeds; test pairs {_span(n_test)}, positive {_span(n_positive)}, in neither part "
            f"{_span(n_dropped)}"
        )
        few = sum(few_pairs(*sizes) for sizes in zip(n_test, n_positive, strict=True))
        flagged = f"{few} of them have fewer than {FEWEST_PAIRS} test pairs of a class and say little"
        return [text, flagged] if few else [text]

    @property
    def models(self):
        """Names of the models, in order."""
        return self.metrics["model"].unique().tolist()

    def table(self, *names, confidence=0.95):
        """Mean, standard deviation and confidence interval over folds and seeds.

        Parameters
        ----------
        *names : str
            Metrics, columns of ``metrics``; by default accuracy, MCC, ROC AUC, average precision and the
            calibration error.
        confidence : float, default=0.95

        Returns
        -------
        DataFrame
            One row per model and metric: ``model``, ``metric``, ``mean``, ``sd``, ``low``, ``high`` (within the range
            of the metric), ``n`` (folds and seeds that have a value), and where known the means over folds of
            ``n_test``, ``n_positive`` and ``n_dropped``. With one value, spread and interval are NaN.

        Raises
        ------
        ValueError
            If a metric is unknown.
        """
        names = names or SHOWN_METRICS
        rows = []
        for model in self.models:
            for name in names:
                values, share = self._values(model, name)
                low, high, _ = corrected_interval(values, share, confidence)
                low, high = np.clip((low, high), *metric_range(name))
                sd = values.std(ddof=1) if len(values) > 1 else np.nan
                mean = values.mean() if len(values) else np.nan
                rows.append((model, name, mean, sd, low, high, len(values)))
        table = pd.DataFrame(rows, columns=["model", "metric", "mean", "sd", "low", "high", "n"])
        for size in [size for size in SIZES[1:] if size in self.metrics]:
            table[size] = table["model"].map(self.metrics.groupby("model")[size].mean())
        return table

    def paired_test(
        self,
        a,
        b,
        metric="roc_auc",
        *,
        method="corrected_t",
        confidence=0.95,
        n_resamples=1000,
        random_state=0,
    ):
        """Whether two models differ, fold by fold on the same test pairs.

        Parameters
        ----------
        a, b : str
            Names of models.
        metric : str, default="roc_auc"
            Column of ``metrics``; for the bootstrap one of ``PAIR_METRICS``.
        method : {"corrected_t", "bootstrap"}, default="corrected_t"
            ``"corrected_t"``: the corrected resampled t-test over folds and seeds. ``"bootstrap"``: test pairs of
            every fold are drawn with replacement, the same for both models; percentile interval.
        confidence : float, default=0.95
            Of the interval.
        n_resamples : int, default=1000
            Of the bootstrap.
        random_state : int, default=0
            Of the bootstrap.

        Returns
        -------
        PairedTest

        Raises
        ------
        ValueError
            If a model or metric is unknown, or there are fewer than two folds and seeds for the t-test.

        Notes
        -----
        The bootstrap takes pairs as independent; pairs that share a protein are not quite, so that its interval is
        rather too narrow.
        """
        first, share = self._values(a, metric)
        second, _ = self._values(b, metric)
        if method == "bootstrap":
            return self._bootstrap(a, b, metric, confidence, n_resamples, random_state)
        if method != "corrected_t":
            raise ValueError(f"method must be 'corrected_t' or 'bootstrap', got {method!r}")
        if len(first) != len(second):
            raise ValueError(f"{metric} is undefined in folds of one model that are defined for the other")
        if len(first) < 2:
            raise ValueError(
                f"the t-test needs two folds or seeds with a value of {metric}, there is {len(first)}; use "
                "method='bootstrap'"
            )
        difference = first - second
        low, high, p_value = corrected_interval(difference, share, confidence)
        test = PairedTest(a, b, metric, method, float(difference.mean()), low, high, p_value, len(difference))
        return self._checked(test)

    def to_csv(self, path, *names, confidence=0.95):
        """Write ``table(*names)``.

        Parameters
        ----------
        path : str or path-like
        *names : str
        confidence : float, default=0.95
        """
        self.table(*names, confidence=confidence).to_csv(path, index=False)

    def to_markdown(self, *names, confidence=0.95):
        """Markdown table: a row per model, in each cell mean ± standard deviation and interval.

        Parameters
        ----------
        *names : str
        confidence : float, default=0.95

        Returns
        -------
        str
        """
        return markdown(self._wide(*names, confidence=confidence)) + "".join(
            f"\n{note}.\n" for note in self.notes
        )

    def __str__(self):
        return "\n".join([self._wide().to_string(index=False), *self.notes])

    def _repr_html_(self):
        return self._wide().to_html(index=False) + "".join(f"<p>{note}</p>" for note in self.notes)

    def _wide(self, *names, confidence=0.95):
        table = self.table(*names, confidence=confidence)
        text = [
            f"{row.mean:.3f}"
            if row.n < 2
            else f"{row.mean:.3f} ± {row.sd:.3f} [{row.low:.3f}, {row.high:.3f}]"
            for row in table.itertuples(index=False)
        ]
        columns = table["metric"].unique()  # rows of the table: metrics within models
        cells = np.array(text, dtype=object).reshape(len(self.models), len(columns))
        wide = pd.DataFrame(cells, columns=columns)
        wide.insert(0, "model", self.models)
        return wide

    def _values(self, model, metric):
        """Defined values of a metric by seed and fold, and the mean ratio of test to training pairs."""
        if model not in self.models:
            raise ValueError(f"there is no model {model!r}; there are {self.models}")
        known = [name for name in self.metrics.columns if name not in ("model", "seed", "fold", *SIZES)]
        if metric not in known:
            raise ValueError(f"there is no metric {metric!r}; there are {known}")
        rows = self.metrics[self.metrics["model"] == model].sort_values(["seed", "fold"])
        rows = rows[rows[metric].notna()]
        return rows[metric].to_numpy(dtype=float), float((rows["n_test"] / rows["n_train"]).mean())

    def _checked(self, test):
        """The test with its interval in range, and without a p-value where a constant prediction would win."""
        lowest, highest = metric_range(test.metric)
        low, high = np.clip((test.low, test.high), lowest - highest, highest - lowest)
        test = replace(test, low=float(low), high=float(high))
        if test.difference == 0:
            return test
        smaller = test.metric in SMALLER_IS_BETTER
        winner = test.a if (test.difference > 0) != smaller else test.b
        n_constant = self._n_constant(winner)
        if not n_constant:
            return test
        note = f"{winner} gives all test pairs of {n_constant} fold(s) one score: no order of pairs, so nothing is tested"
        return replace(test, p_value=np.nan, note=note)

    def _n_constant(self, model):
        """Folds in which a model gives every test pair the same score."""
        rows = self.predictions[self.predictions["model"] == model]
        column = "score" if "score" in rows else "probability"
        of_fold = rows.groupby(["seed", "fold"])[column]
        return int((of_fold.min() == of_fold.max()).sum())

    def _bootstrap(self, a, b, metric, confidence, n_resamples, random_state):
        if metric not in PAIR_METRICS:
            raise ValueError(f"the bootstrap is for {', '.join(PAIR_METRICS)}, got {metric!r}")
        rng = np.random.default_rng(random_state)
        both = self.predictions[self.predictions["model"].isin([a, b])]
        folds = []
        positive = positive_label(np.unique(both["label"]), self.pos_label)
        for _, of_fold in both.groupby(["seed", "fold"]):
            of_model = [of_fold[of_fold["model"] == name].sort_values("row") for name in (a, b)]
            scores = [
                (
                    rows["probability"].to_numpy(),
                    rows["score" if "score" in rows else "probability"].to_numpy(),
                )
                for rows in of_model
            ]
            folds.append(((of_model[0]["label"] == positive).to_numpy().astype(int), *scores))

        def mean_difference(draw):
            values = []
            for y, first, second in folds:
                rows = rng.integers(len(y), size=len(y)) if draw else np.arange(len(y))
                of_models = [
                    pair_metrics(y[rows], p[rows], names=(metric,), score=s[rows])[metric]
                    for p, s in (first, second)
                ]
                values.append(of_models[0] - of_models[1])
            return np.mean(values)

        drawn = np.array([mean_difference(True) for _ in range(n_resamples)])
        drawn = drawn[~np.isnan(drawn)]  # a draw without one of the classes
        tail = (1 - confidence) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail])
        p_value = min(1.0, 2 * (min((drawn <= 0).sum(), (drawn >= 0).sum()) + 1) / (len(drawn) + 1))
        observed = mean_difference(False)
        test = PairedTest(
            a, b, metric, "bootstrap", float(observed), float(low), float(high), float(p_value), len(drawn)
        )
        return self._checked(test)


SMALLER_IS_BETTER = ("loss", "brier", "ece", "ece_equal_mass")


def metric_range(name):
    """Smallest and largest value that a metric can have.

    Parameters
    ----------
    name : str

    Returns
    -------
    low, high : float
    """
    if name == "loss":
        return 0.0, np.inf
    return (-1.0, 1.0) if name == "mcc" else (0.0, 1.0)


def _span(numbers):
    """A column of counts as text: the number, or the smallest and the largest."""
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def corrected_interval(values, test_share, confidence):
    """Confidence interval of a mean over resampled folds, and the p-value of its being 0.

    Parameters
    ----------
    values : ndarray of shape (n,)
    test_share : float
        Test pairs per training pair.
    confidence : float

    Returns
    -------
    low, high, p_value : float
        NaN with fewer than two values.
    """
    n = len(values)
    if n < 2:
        return np.nan, np.nan, np.nan
    mean, error = values.mean(), np.sqrt((1 / n + test_share) * values.var(ddof=1))
    half = student_t.ppf((1 + confidence) / 2, n - 1) * error
    if error == 0:
        return float(mean), float(mean), float(mean == 0)
    return float(mean - half), float(mean + half), float(2 * student_t.sf(abs(mean) / error, n - 1))
