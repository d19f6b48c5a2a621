"""The script of the child process: runs `worker.main` without importing the packages above it.

Those packages import what must not exist in a process that runs laws (numpy, files, threads). So
they are replaced by empty ones that only say where their modules lie.
"""

import importlib
import os.path
import sys
import types

PACKAGES = ("worldmodels", "worldmodels.onelife", "worldmodels.onelife.sandbox")


def _start() -> None:
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
    for name in PACKAGES:
        package = types.ModuleType(name)
        package.__path__ = [os.path.join(root, *name.split("."))]
        sys.modules[name] = package
    importlib.import_module("worldmodels.onelife.sandbox.worker").main()


if __name__ == "__main__":
    _start()
