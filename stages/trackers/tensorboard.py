"""TensorBoard: event files in the run's folder, one TensorBoard over all of them.

A run that is taken up writes its whole history into a further file that hides the earlier ones, and removes them at its
end: what a killed process had not written yet is in there, and nothing is in there twice.
"""

from tensorboard.plugins.hparams.api_pb2 import Status
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

from stages.page.markup import plain
from stages.trackers.contract import Tracker, confusion_matrix

FLUSH = 5  # seconds between two writes to the disk, which is what a killed run keeps
END = ".end"  # a file of its own says how the run ended: TensorBoard believes the first such record for ever

STATUS = {
    "finished": "STATUS_SUCCESS", "pruned": "STATUS_SUCCESS", "failed": "STATUS_FAILURE",
    "interrupted": "STATUS_UNKNOWN",
}  # fmt: skip


class Run(Tracker):
    """The event files of a run."""

    title = "TensorBoard"

    def __init__(self, config, folder):
        self.folder = folder / "tensorboard"
        for earlier_end in self.folder.glob(f"*{END}"):
            earlier_end.unlink()
        self.earlier = list(self.folder.glob("*"))
        self.writer = SummaryWriter(str(self.folder), purge_step=0 if self.earlier else None, flush_secs=FLUSH)
        choices = _flat(config)
        start = hparams(choices, {})[1]  # [0] would fix the scores to show, [2] says that the run went well
        self.writer.file_writer.add_summary(start)
        self.writer.add_text("config", markdown([{"key": k, "value": v} for k, v in choices.items()]))

    def where(self):
        return f"TensorBoard: tensorboard --logdir {self.folder.parent.parent}"

    def log(self, numbers, step, row):
        for name, value in numbers.items():
            self.writer.add_scalar(name, value, step)

    def add_results(self, scores, tables, step, row):
        for name, value in scores.items():
            self.writer.add_scalar(f"scores/{name}", value, step)
        for name, rows in tables.items():
            self.writer.add_text(name, markdown(confusion_matrix(rows) if name == "confusion" else rows), step)

    def add_model(self, folder):
        """Event files hold no models; it lies beside them."""

    def finish(self, outcome):
        self.writer.close()
        with SummaryWriter(str(self.folder), filename_suffix=END) as end:
            end.file_writer.add_summary(_end(STATUS[outcome]))
        for path in self.earlier if outcome == "finished" else ():
            path.unlink(missing_ok=True)


def _end(status):
    """The record that ends a session of TensorBoard's table of runs; torch's helper knows only success."""
    summary = hparams({}, {})[2]
    plugin = summary.value[0].metadata.plugin_data
    content = HParamsPluginData.FromString(plugin.content)
    content.session_end_info.status = Status.Value(status)
    plugin.content = content.SerializeToString()
    return summary


def _flat(config, prefix=""):
    """{"optimizer.learning_rate": 5e-5, ...}; numbers stay numbers, so that TensorBoard can sort by them."""
    flat = {}
    for key, value in config.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        elif value is not None:
            flat[prefix + key] = value if isinstance(value, int | float | str) else str(value)
    return flat


def markdown(rows):
    """A table in Markdown; what stands in a cell is text, never markup or a link."""
    head, *lines = [f"| {' | '.join(map(_cell, line))} |" for line in (rows[0], *(row.values() for row in rows))]
    return "\n".join([head, f"|{' --- |' * len(rows[0])}", *lines])


def _cell(value):
    text = f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
    return plain(text)
