"""Importing changes nothing that the rest of the process shares, and imports nothing heavy before it is needed."""

import json
import subprocess
import sys

WATCHED = """
import json, sys

def state():
    import csv, decimal, gc, locale, logging, os, random, signal, socket, threading, warnings
    import numpy, torch
    return {
        "random": hash(random.getstate()),
        "numpy random": hash(numpy.random.get_state()[1].tobytes()),
        "numpy errors": sorted(numpy.geterr().items()),
        "numpy printing": repr(sorted(numpy.get_printoptions().items())),
        "torch random": hash(torch.get_rng_state().numpy().tobytes()),
        "torch threads": [torch.get_num_threads(), torch.get_num_interop_threads()],
        "torch dtype": str(torch.get_default_dtype()),
        "torch gradients": torch.is_grad_enabled(),
        "torch algorithms": [torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark],
        "torch precision": torch.get_float32_matmul_precision(),
        "warning filters": [repr(entry) for entry in warnings.filters],
        "environment": sorted(os.environ.items()),
        "csv": csv.field_size_limit(),
        "decimal": repr(decimal.getcontext()),
        "locale": locale.setlocale(locale.LC_ALL),
        "socket": socket.getdefaulttimeout(),
        "recursion": sys.getrecursionlimit(),
        "folder": os.getcwd(),
        "umask": os.umask(os.umask(0o77)) and None,
        "signals": [repr(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)],
        "excepthook": [sys.excepthook is sys.__excepthook__, threading.excepthook is threading.__excepthook__],
        "displayhook": sys.displayhook is sys.__displayhook__,
        "logging": [logging.getLogger().level, len(logging.getLogger().handlers)],
        "garbage": [gc.isenabled(), *gc.get_threshold()],
    }

# what this package depends on is imported first: it is not for this package to answer for
import Bio, captum, joblib, matplotlib, numba, optuna, pandas, platformdirs, safetensors, scipy, shap, sklearn
import skops.io, skorch, sqlalchemy, torch, tqdm.auto, transformers, typer, openpyxl, pyarrow
import shap.explainers, sklearn.ensemble, optuna.integration, matplotlib.pyplot, torch.utils.data
before = state()
import importlib, pkgutil
import amp_sklearn
for module in pkgutil.walk_packages(amp_sklearn.__path__, "amp_sklearn."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
after = state()
print(json.dumps({name: [repr(before[name]), repr(after[name])] for name in before if before[name] != after[name]}))
"""


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_every_module_changes_nothing_global():
    assert run(WATCHED) == {}


def test_the_package_itself_imports_nothing_heavy():
    heavy = [
        "torch",
        "transformers",
        "pandas",
        "numpy",
        "scipy",
        "sklearn",
        "matplotlib",
        "numba",
        "optuna",
        "shap",
    ]
    code = f"import json, sys, amp_sklearn; print(json.dumps([n for n in {heavy} if n in sys.modules]))"
    assert run(code) == []


def test_a_classifier_needs_no_transformers():
    code = "import json, sys; from amp_sklearn import AMPSClassifier; AMPSClassifier()\n"
    code += "print(json.dumps([n for n in ('transformers', 'captum', 'shap', 'optuna') if n in sys.modules]))"
    assert run(code) == []
