"""Results as pictures: bars of a subject's rows, and curves. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from suite.results import OFFICIAL, OURS, Row, shown  # noqa: E402

COLORS = {OURS: "#2b6cb0", OFFICIAL: "#c05621", "limit": "#718096"}
OTHER_COLORS = ("#2f855a", "#b7791f", "#805ad5")
ROW = 0.84  # of the height that a row has, for its bars


def bars(path: Path, title: str, rows: Sequence[Row]) -> None:
    """Draws ours, the official package, the limit, and what else is beside them, for each row, as a PNG.

    The axis is logarithmic and shows how many times ours each of them is, so that rows of all sizes share it.
    """
    rows = [row for row in rows if OURS in row.columns]
    kinds = _kinds(rows)
    bar = ROW / len(kinds)
    height = 1.2 + (0.2 * len(kinds) + 0.06) * len(rows)
    figure, axes = plt.subplots(figsize=(9, height), layout="constrained")
    for number, (kind, color) in enumerate(kinds.items()):
        found = [(at, row, _column(row, kind)) for at, row in enumerate(rows)]
        shares = [(at, row, name, row.ratio(name) or 1.0) for at, row, name in found if name]
        places = [at + bar * (number - (len(kinds) - 1) / 2) for at, _, _, _ in shares]
        widths = [ratio for _, _, _, ratio in shares]
        drawn = axes.barh(places, widths, bar, color=color, label=kind)
        axes.bar_label(
            drawn, [_label(row, name, kind) for _, row, name, _ in shares], padding=3, fontsize=7
        )
    _finish_bars(axes, rows)
    axes.set_title(title)
    figure.legend(loc="outside lower center", ncols=len(kinds), fontsize=8, frameon=False)
    _save(figure, path)


def _finish_bars(axes: plt.Axes, rows: Sequence[Row]) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks(range(len(rows)), [row.name for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    least, most = axes.get_xlim()
    axes.set_xlim(least, most * (most / least) ** 0.22)  # room for the last label
    axes.axvline(1, color="black", linewidth=0.6)
    axes.set_xlabel("times ours, medians (shorter is better)")


def _kinds(rows: Sequence[Row]) -> dict[str, str]:
    """The kinds of bars that at least one row has, with their colors: a column that is a row's limit is its `limit`."""
    kinds = {kind: color for kind, color in COLORS.items() if any(_column(r, kind) for r in rows)}
    more = [name for row in rows for name in row.others() if name != row.limit]
    return {**kinds, **dict(zip(dict.fromkeys(more), OTHER_COLORS, strict=False))}


def curves(
    path: Path,
    title: str,
    axis: tuple[str, str],
    series: Mapping[str, Sequence[tuple[float, float]]],
    logarithmic: tuple[bool, bool] = (True, False),
) -> None:
    """Draws a line with its points for each of `series`, as a PNG; `axis` names x and y.

    The y axis begins at 0 unless it is logarithmic, so that a curve looks as steep as it is.
    """
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for name, points in series.items():
        axes.plot([x for x, _ in points], [y for _, y in points], marker="o", label=name)
    if logarithmic[0]:
        axes.set_xscale("log")
    if logarithmic[1]:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.set_xlabel(axis[0])
    axes.set_ylabel(axis[1])
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    _save(figure, path)


def _column(row: Row, kind: str) -> str | None:
    """The column of a row that is of a kind."""
    name = row.limit if kind == "limit" else kind
    return name if name in row.columns and (kind == "limit" or name != row.limit) else None


def _label(row: Row, name: str, kind: str) -> str:
    amount = shown(row.columns[name].median, row.unit)
    return f"{amount} ({name})" if kind == "limit" else amount


def _save(figure: plt.Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the date and version of matplotlib: the same results give the same file.
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
