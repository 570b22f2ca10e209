"""Results as pictures: bars of a subject's rows, and curves. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402

from suite.results import OFFICIAL, OURS, Row, shown  # noqa: E402

COLORS = {OURS: "#2b6cb0", OFFICIAL: "#c05621", "limit": "#718096"}
BAR = 0.26


def bars(path: Path, title: str, rows: Sequence[Row]) -> None:
    """Draws ours, the official package and the limit side by side, for each row, as a PNG.

    The axis is logarithmic and shows how many times ours each of them is, so that rows of all sizes share it.
    """
    rows = [row for row in rows if OURS in row.columns]
    figure, axes = plt.subplots(figsize=(9, 1.2 + 0.62 * len(rows)), layout="constrained")
    for kind, offset in ((OURS, -BAR), (OFFICIAL, 0.0), ("limit", BAR)):
        found = [(at, row, _column(row, kind)) for at, row in enumerate(rows)]
        shares = [(at, row, name, row.ratio(name) or 1.0) for at, row, name in found if name]
        if not shares:
            continue
        places = [at + offset for at, _, _, _ in shares]
        widths = [ratio for _, _, _, ratio in shares]
        drawn = axes.barh(places, widths, BAR, color=COLORS[kind], label=kind)
        texts = [_label(row, name) for _, row, name, _ in shares]
        axes.bar_label(drawn, texts, padding=3, fontsize=7)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks(range(len(rows)), [row.name for row in rows], fontsize=8)
    axes.invert_yaxis()
    axes.axvline(1, color="black", linewidth=0.6)
    axes.margins(x=0.18)
    axes.set_xlabel("times ours, medians (shorter is better)")
    axes.set_title(title)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    _save(figure, path)


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
    name = row.limit if kind == "limit" else kind
    return name if name in row.columns else None


def _label(row: Row, name: str) -> str:
    amount = shown(row.columns[name].median, row.unit)
    return amount if name in (OURS, OFFICIAL) else f"{amount} ({name})"


def _save(figure: plt.Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the date and version of matplotlib: the same results give the same file.
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
