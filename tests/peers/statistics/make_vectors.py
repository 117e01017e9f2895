"""Reference values for the estimators, by scipy, statsmodels and numpy, or by counting every case.

    tests/peers/statistics/run.sh

writes tests/fixtures/statistics/vectors.json, which `tests/it/statistics.rs` reads. No value comes from
evalrun.
"""

import itertools
import json
import sys
from collections import Counter
from fractions import Fraction
from math import comb

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20261122)


def wilson():
    """One sample per item: statsmodels."""
    rows = []
    for n, k in [(10, 0), (10, 10), (30, 1), (30, 15), (164, 120), (198, 40), (1000, 953)]:
        low, high = proportion_confint(k, n, 0.05, method="wilson")
        rows.append({"n": n, "k": k, "low": low, "high": high})
    return rows


def clustered():
    """Several samples per item: the standard error of a regression on a constant with errors
    clustered by item, and Wilson's interval at the effective size for many items off the edge."""
    rows = []
    for n_items, n_samples, p in [(30, 4, 0.5), (60, 16, 0.7), (164, 8, 0.4)]:
        hits = rng.binomial(n_samples, rng.beta(2 * p, 2 * (1 - p), n_items))
        y = np.concatenate([np.r_[np.ones(h), np.zeros(n_samples - h)] for h in hits])
        groups = np.repeat(np.arange(n_items), n_samples)
        fit = sm.OLS(y, np.ones_like(y)).fit(cov_type="cluster", cov_kwds={"groups": groups})
        x = hits / n_samples
        mean, se = x.mean(), float(fit.bse[0])
        design = se**2 / (mean * (1 - mean) / n_items)
        design = min(max(design, 1 / n_samples), 1)
        off_edge = (x > 0).sum() if mean < 0.5 else (x < 1).sum()
        design += (1 - design) * min(1, 1 / off_edge**2)
        t, n = stats.t.ppf(0.975, n_items - 1), n_items / design
        # Wilson's interval for another quantile than the normal one: the same root, by its definition
        # |p - mean| = t * sqrt(p (1 - p) / n).
        low, high = np.sort(np.roots([1 + t * t / n, -(2 * mean + t * t / n), mean * mean]).real)
        rows.append({"hits": hits.tolist(), "n_samples": n_samples, "mean": mean, "stderr": se,
                     "low": low, "high": high})
    return rows


def pass_at_k():
    rows = []
    for n, c in [(1, 1), (4, 0), (4, 1), (5, 2), (10, 3), (64, 5), (200, 17)]:
        for k in sorted({1, 2, n // 2, n - 1, n} - {0}):
            if k <= n:
                rows.append({"n": n, "c": c, "k": k, "value": float(1 - Fraction(comb(n - c, k), comb(n, k)))})
    return rows


def cons_at_k():
    """Every subset of the votes, in fractions. `a` and `A` are correct; `-` votes for nothing."""
    rows = []
    for votes in ["aab", "abbc-", "aabbcc", "a-----", "aAbbb", "abcdefgh", "aaabbbbcc--", "AAaabbbbcdd-"]:
        values = []
        for k in range(1, len(votes) + 1):
            total = Fraction(0)
            for subset in itertools.combinations(votes, k):
                counts = Counter(v for v in subset if v != "-")
                if counts:
                    most = max(counts.values())
                    winners = [v for v, n in counts.items() if n == most]
                    total += Fraction(sum(v in "aA" for v in winners), len(winners))
            values.append(float(total / comb(len(votes), k)))
        rows.append({"votes": votes, "values": values})
    return rows


def mcnemar_rows():
    rows = []
    for up, down, same in [(0, 0, 9), (1, 5, 20), (12, 21, 131), (40, 10, 950), (300, 420, 5000)]:
        p = mcnemar([[same, down], [up, 0]], exact=True).pvalue if up + down else 1.0
        one = stats.binomtest(up, up + down, 0.5, alternative="less").pvalue if up + down else 1.0
        rows.append({"up": up, "down": down, "same": same, "p": float(p), "p_down": float(one)})
    return rows


def sign_rows():
    rows = []
    for n in [5, 12, 60]:
        d = np.round(rng.lognormal(4, 1, n) - rng.lognormal(3.7, 1, n))
        up, down = int((d > 0).sum()), int((d < 0).sum())
        rows.append({"d": d.tolist(), "p": float(stats.binomtest(up, up + down, 0.5).pvalue)})
    return rows


def permutation_rows():
    """scipy with all flips of signs; the statistic is the mean of paired differences."""
    rows = []
    for n_items, n_samples in [(6, 4), (10, 8), (13, 3)]:
        a = rng.binomial(n_samples, 0.6, n_items)
        b = rng.binomial(n_samples, 0.45, n_items)
        if (np.abs(a - b) % n_samples == 0).all():
            continue
        result = {}
        for name, side in [("p_down", "less"), ("p_up", "greater")]:
            test = stats.permutation_test(
                ((b - a) / n_samples,), lambda d, axis: d.mean(axis=axis), permutation_type="samples",
                vectorized=True, n_resamples=np.inf, alternative=side)
            result[name] = float(test.pvalue)
        rows.append({"a": a.tolist(), "b": b.tolist(), "n_samples": n_samples, **result})
    return rows


def agresti_min():
    """The adjusted Wald interval for paired shares, one half added to each cell of the table."""
    rows = []
    for up, down, n in [(0, 0, 30), (3, 9, 30), (12, 21, 164), (100, 130, 1000)]:
        b, c, m = up + 0.5, down + 0.5, n + 2
        value = (b - c) / m
        se = np.sqrt(((b + c) - (b - c) ** 2 / m)) / m
        z = stats.norm.ppf(0.975)
        rows.append({"up": up, "down": down, "n": n, "low": value - z * se, "high": value + z * se,
                     "detectable_by_error": (z + stats.norm.ppf(0.8)) * se})
    return rows


def student():
    return [{"tail": tail, "df": df, "value": float(stats.t.ppf(1 - tail, df))}
            for tail in [0.05, 0.025, 0.005] for df in [1, 2, 5, 29, 163, 999]]


def normal():
    return [{"tail": tail, "value": float(stats.norm.ppf(1 - tail))} for tail in [0.2, 0.05, 0.025, 1e-3, 1e-6]]


def bootstrap():
    """The studentised bootstrap with 200,000 resamples: evalrun's 1,000 come near it."""
    rows = []
    for n, sigma in [(30, 1.0), (100, 0.5)]:
        x = np.round(rng.lognormal(5, sigma, n), 1)
        mean, se = x.mean(), x.std(ddof=1) / np.sqrt(n)
        t = []
        for _ in range(20):
            draws = rng.choice(x, (10_000, n))
            t.append((draws.mean(1) - mean) / (draws.std(1, ddof=1) / np.sqrt(n)))
        low, high = np.quantile(np.concatenate(t), [0.025, 0.975])
        rows.append({"x": x.tolist(), "mean": mean, "stderr": se, "low": mean - high * se, "high": mean - low * se})
    return rows


def aggregate():
    """Zou and Donner's interval for a weighted sum, and the standard error of independent parts."""
    parts = [(0.25, 0.08, 0.12, 0.43, 30), (0.61, 0.038, 0.53, 0.68, 164), (0.83, 0.017, 0.79, 0.86, 500)]
    rows = []
    for name in ["macro", "items"]:
        w = np.array([1.0 if name == "macro" else float(p[4]) for p in parts])
        w /= w.sum()
        v, se, low, high = (np.array([p[i] for p in parts]) for i in range(4))
        value = float(w @ v)
        rows.append({"name": name, "value": value, "stderr": float(np.sqrt(((w * se) ** 2).sum())),
                     "low": value - float(np.sqrt(((w * (v - low)) ** 2).sum())),
                     "high": value + float(np.sqrt(((w * (high - v)) ** 2).sum()))})
    return {"parts": [list(p) for p in parts], "rows": rows}


vectors = {
    "made_with": {"numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__},
    "wilson": wilson(), "clustered": clustered(), "pass_at_k": pass_at_k(), "cons_at_k": cons_at_k(),
    "mcnemar": mcnemar_rows(), "sign": sign_rows(), "permutation": permutation_rows(),
    "agresti_min": agresti_min(), "student": student(), "normal": normal(), "bootstrap": bootstrap(),
    "aggregate": aggregate(),
}
text = ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in vectors.items())
with open(sys.argv[1], "w") as out:
    out.write("{\n" + text + "\n}\n")
