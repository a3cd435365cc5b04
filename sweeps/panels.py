"""A dashboard as W&B draws it: a workspace and a report, built from the names that the runs themselves logged."""

from dataclasses import dataclass

import wandb_workspaces.reports.v2 as reports
import wandb_workspaces.workspaces as workspaces
from wandb_workspaces import expr

CONFUSION = "confusion_matrix_table"  # the table beside W&B's chart of the name without its end
UNKNOWN = "entity"  # of whoever is not logged in
COST = "train/train_runtime"  # seconds
MATRIX = {"Actual": "Actual", "Predicted": "Predicted", "nPredictions": "nPredictions"}


@dataclass(frozen=True)
class Board:
    """What runs of one task logged. `best`: the score that chooses checkpoints; `curves`, `scores`, `tables`: names;
    `keys`: those of the configuration in which the runs differ, the seed apart; `groups`: their W&B groups."""

    task: str
    best: str
    curves: tuple[str, ...]
    scores: tuple[str, ...]
    tables: tuple[str, ...]
    keys: tuple[str, ...]
    groups: tuple[str, ...]


def workspace(boards: list[Board], entity: str | None, project: str, name: str) -> workspaces.Workspace:
    """One section per task; runs that differ in seed alone are one line with a band."""
    groups = sorted({group for board in boards for group in board.groups})
    keys = dict.fromkeys(key for board in boards for key in _grouping(board))
    return workspaces.Workspace(
        entity=entity or UNKNOWN,
        project=project,
        name=name,
        sections=[workspaces.Section(name=b.task, panels=panels(b), is_open=True, pinned=True) for b in boards],
        runset_settings=workspaces.RunsetSettings(
            filters=[expr.Metric("Group").isin(groups)], groupby=[expr.Config(key) for key in keys]
        ),
    )


def report(boards: list[Board], entity: str | None, project: str, title: str) -> reports.Report:
    """The same panels below one another, to be sent to somebody."""
    blocks = []
    for board in boards:
        runs = reports.Runset(
            entity=entity or "",  # with both W&B looks the project up on its server, without it is the report's own
            project=project if entity else "",
            name=board.task,
            filters=[expr.Metric("Group").isin(list(board.groups))],
            groupby=[f"config.{key}" for key in _grouping(board)],
        )
        blocks += [reports.H1(text=board.task), reports.PanelGrid(runsets=[runs], panels=panels(board))]
    return reports.Report(entity=entity or UNKNOWN, project=project, title=title[:128], blocks=blocks, width="fluid")


def panels(board: Board) -> list:
    """Validation with bands over seeds, test bars, what the choices do, cost, confusion matrix, errors."""
    test = f"test/{board.best}" if f"test/{board.best}" in board.scores else f"validation/{board.best}"
    drawn = [_curve(name) for name in (f"validation/{board.best}", "train/loss") if name in board.curves]
    drawn += [_bars([test, *([b] if (b := f"baseline/{board.best}") in board.scores else [])], test)]
    if board.keys:
        columns = [reports.ParallelCoordinatesPlotColumn(metric=reports.Config(key)) for key in board.keys]
        columns.append(reports.ParallelCoordinatesPlotColumn(metric=reports.SummaryMetric(test)))
        drawn += [
            reports.ParallelCoordinatesPlot(title=f"choices and {test}", columns=columns),
            reports.ParameterImportancePlot(with_respect_to=test),
        ]
    if COST in board.curves:
        cost = (reports.SummaryMetric(COST), reports.SummaryMetric(test))
        drawn.append(reports.ScatterPlot(title="cost: seconds of training", x=cost[0], y=cost[1]))
    return _placed(drawn + _tables(board))


def _grouping(board):
    return board.keys or ("task.name",)


def _curve(name):
    return reports.LinePlot(
        title=f"{name}: mean and standard deviation over seeds", x="step", y=[name], groupby_aggfunc="mean",
        groupby_rangefunc="stddev", aggregate=True,
    )  # fmt: skip


def _bars(names, title):
    return reports.BarPlot(title=title, metrics=names, groupby_aggfunc="mean", groupby_rangefunc="stddev")


def _tables(board):
    drawn = []
    if CONFUSION in board.tables:
        chart = reports.CustomChart.from_table(CONFUSION, MATRIX, {"title": "confusion matrix"})
        chart.chart_name = "wandb/confusion_matrix/v1"
        drawn.append(chart)
    if "predictions" in board.tables:
        drawn.append(reports.WeavePanelSummaryTable(table_name="predictions"))
    return drawn


def _placed(drawn):
    """Two panels in a row; tables over the whole width."""
    x = y = 0
    for panel in drawn:
        wide = isinstance(panel, reports.WeavePanelSummaryTable)
        x, y = (0, y + 8) if wide and x else (x, y)
        panel.layout = reports.Layout(x=x, y=y, w=24 if wide else 12, h=8)
        x, y = (0, y + 8) if wide or x else (12, y)
    return drawn
