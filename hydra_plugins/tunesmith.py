"""What Hydra calls for `-m`: the project's launcher and sweeper. Hydra accepts such classes from this folder only, and
imports it with every command, so all they do stands in sweeps/."""

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper

for kind, name in (("launcher", "LocalLauncher"), ("sweeper", "ProjectSweeper")):
    node = {"_target_": f"hydra_plugins.tunesmith.{name}"}
    ConfigStore.instance().store(group=f"hydra/{kind}", name="tunesmith", node=node, provider="tunesmith")


class _Plugin:
    """Keeps what Hydra hands to both kinds."""

    def setup(self, *, hydra_context, task_function, config):
        self.context, self.function, self.config = hydra_context, task_function, config


class LocalLauncher(_Plugin, Launcher):
    """Trials on this machine, each in a process of its own."""

    def launch(self, job_overrides, initial_job_idx):
        from sweeps.local import launch

        return launch(self, job_overrides, initial_job_idx)


class ProjectSweeper(_Plugin, Sweeper):
    """All trials of a grid, or a search."""

    def sweep(self, arguments):
        from sweeps.sweeper import sweep

        return sweep(self, arguments)
