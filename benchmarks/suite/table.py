"""Results as a table: lines of text for a terminal, Markdown for a page."""

from __future__ import annotations

from suite.results import C_LOOP, OFFICIAL, OURS, Row, shown

HEADING = f"{'one operation':44} {'ours':>18} {'official':>18} {'ratio':>7}   others, and targets"


def cell(row: Row, name: str) -> str:
    """The median of a column and its spread, or nothing where there is none."""
    column = row.columns.get(name)
    if column is None or not column.amounts:
        return ""
    spread = f" ±{column.spread:.0%}" if column.spread else ""
    return f"{shown(column.median, row.unit)}{spread}"


def ratio(row: Row, name: str) -> str:
    """How many times the amount of a column is ours, "" if one of them is missing."""
    number = row.ratio(name)
    if number is None:
        return ""
    return f"{number:.1f}x" if number >= 9.95 else f"{number:.2f}x"


def outcomes(row: Row) -> list[tuple[str, str, str]]:
    """Of each target its text, the number that it is about, and how it ended."""
    found = []
    for target in row.targets:
        value, reached = target.value(row.columns), target.reached(row.columns)
        if value is None:
            found.append((target.text(row.unit), "-", "not measured"))
            continue
        number = shown(value, row.unit) if target.against is None else f"{value:.2f}"
        found.append((target.text(row.unit), number, "reached" if reached else "missed"))
    return found


def line(row: Row) -> str:
    """A row for a terminal."""
    parts = [
        f"{name} {cell(row, name)}, ours {1 / (row.ratio(name) or 1):.2f}" for name in row.others()
    ]
    parts += [f"[{text}: {value}, {end}]" for text, value, end in outcomes(row)]
    start = (
        f"{row.name:44} {cell(row, OURS):>18} {cell(row, OFFICIAL):>18} {ratio(row, OFFICIAL):>7}"
    )
    return f"{start}   {'; '.join(parts)}".rstrip()


def markdown(rows: list[Row]) -> str:
    """The rows of a subject as a table of Markdown, with what bounds each of them."""
    others = any(row.others() for row in rows)
    official = any(OFFICIAL in row.columns for row in rows)
    heading = ["one operation", "ours"]
    heading += ["official", "official / ours"] if official else []
    heading += ["beside it", "ours / that"] if others else []
    heading += ["target", "what bounds it"]
    lines = [_line(heading), _line(["---"] * len(heading))]
    for row in rows:
        cells = [row.name, cell(row, OURS)]
        cells += [cell(row, OFFICIAL), ratio(row, OFFICIAL)] if official else []
        if others:
            cells.append("<br>".join(f"{name}: {cell(row, name)}" for name in row.others()))
            numbers = [1 / (row.ratio(name) or 1) for name in row.others()]
            cells.append("<br>".join(f"{number:.2f}" for number in numbers))
        cells.append("<br>".join(f"{text}: {end} ({value})" for text, value, end in outcomes(row)))
        cells.append(bound(row))
        lines.append(_line(cells))
    return "\n".join(lines)


def bound(row: Row) -> str:
    """What bounds a row: what its subject says, the share that the engine alone takes, and the processors at work."""
    parts = [row.bound] if row.bound else []
    share = row.ratio(C_LOOP)
    if share is not None:
        parts.append(
            f"the engine and its C API take {min(share, 1):.0%} of it, as the C loop shows"
        )
    ours = row.columns.get(OURS)
    if ours is not None and ours.at_work and row.unit == "s":
        parts.append(f"{ours.at_work:.1f} processors at work")
    if ours is not None and ours.note:
        parts.append(ours.note)
    official = row.columns.get(OFFICIAL)
    if official is not None and official.note:
        parts.append(f"official: {official.note}")
    return "; ".join(parts)


def machine(found: dict[str, str]) -> str:
    """What a run was made on, as a table of Markdown."""
    return "\n".join(
        [_line(["", ""]), _line(["---", "---"]), *(_line([*item]) for item in found.items())]
    )


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
