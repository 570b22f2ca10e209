"""What every benchmark here is made of: results and their JSON form, measuring in rounds, tables, plots, pages.

- `results`: what was measured, its medians and targets, and the one JSON form;
- `measure`: programs that measure, asked in rounds that alternate between them;
- `table`: results as text and as Markdown;
- `plot`: results as bars, and curves, as PNG (needs matplotlib);
- `pages`: writing between the marks of a page;
- `machine`: what the machine is.

`subjects/` says what is compared with what, `work/` and the programs in C do it.
"""
