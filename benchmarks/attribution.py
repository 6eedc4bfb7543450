#!/usr/bin/env python3
"""Measure DeepLIFT engines side by side: same network, same samples, one run.

Each engine that the running Python has (native always; deeplift, captum and shap where installed)
explains the same samples in a process of its own, several rounds in turn, so that other load on the
machine meets all of them alike. The best round of each counts. Results are handed on block by block
and dropped, so that nobody pays for keeping them. Printed: samples a second, peak memory of the
process, and the rate at which each one's library multiplies matrices here: of two libraries one may
know the processor better (NumPy's obeys OPENBLAS_CORETYPE). For native also its share of that rate.
On a machine with other load use --threads 1 --clock cpu: processor seconds leave out the waiting.

    python benchmarks/attribution.py                    # 4,243 samples x 2,500 features, 30 classes
    python benchmarks/attribution.py --json speed.json --require 3
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

ENGINES = ("native", "deeplift", "captum", "shap")
NEEDS = {
    "native": (), "deeplift": ("deeplift", "tensorflow"), "captum": ("captum", "torch"),
    "shap": ("shap", "torch"),
}  # fmt: skip
N_SAMPLES, N_FEATURES, HIDDEN, N_CLASSES = 4243, 2500, (500, 250), 30
# The others are slow at this, and linear in samples: they explain the first so many only.
FEWER_SAMPLES = {
    ("captum", "all"): 1024, ("deeplift", "all"): 1024, ("shap", "all"): 64,
    ("shap", "predicted"): 1024,
}  # fmt: skip
REPEAT_SECONDS = 3  # short runs are repeated for so long; the best counts
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
RULES = {"native": ("rescale", "revealcancel"), "deeplift": ("rescale", "revealcancel")}


def main() -> None:
    arguments = parse()
    if arguments.child:
        engine, rule, task = arguments.child.split(":")
        print(json.dumps(measure(engine, rule, task, arguments)))
        return
    found = run_rounds(arguments)
    print_table(found, arguments)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=1) + "\n")
    sys.exit(0 if fast_enough(found, arguments.require) else 1)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=N_SAMPLES)
    parser.add_argument("--rules", default="rescale,revealcancel")
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--json", help="write the figures here")
    parser.add_argument(
        "--require", type=float, metavar="FACTOR",
        help="exit 1 unless native Rescale is FACTOR times the fastest other engine",
    )  # fmt: skip
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def run_rounds(arguments: argparse.Namespace) -> list[dict]:
    """Run each engine in turn, several times, and keep the best round of each."""
    best: dict[tuple[str, str, str], dict] = {}
    for _ in range(arguments.rounds):
        for rule in arguments.rules.split(","):
            for task in ("predicted", "all"):
                for engine in arguments.engines.split(","):
                    installed = all(importlib.util.find_spec(name) for name in NEEDS[engine])
                    if not installed or rule not in RULES.get(engine, ("rescale",)):
                        continue
                    result = run_child(engine, rule, task, arguments)
                    key = (rule, task, engine)
                    if key not in best or result["rate"] > best[key]["rate"]:
                        best[key] = result
    return list(best.values())


def run_child(engine: str, rule: str, task: str, arguments: argparse.Namespace) -> dict:
    """Measure one engine in a process of its own."""
    threads = str(arguments.threads)
    environment = {
        **os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "",
    }  # fmt: skip
    samples = min(arguments.samples, FEWER_SAMPLES.get((engine, task), arguments.samples))
    run = subprocess.run(
        [
            sys.executable, __file__, "--child", f"{engine}:{rule}:{task}",
            "--threads", threads, "--samples", str(samples), "--clock", arguments.clock,
        ],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode:
        sys.exit(f"{engine}, {rule}, {task} failed:\n{run.stderr[-2000:]}")
    return json.loads(run.stdout.splitlines()[-1])


def measure(engine: str, rule: str, task: str, arguments: argparse.Namespace) -> dict:
    """Explain the samples once warm, and report the rate and the peak memory of this process."""
    import numpy as np

    threads, n_samples = arguments.threads, arguments.samples
    clock = CLOCKS[arguments.clock]
    network, x, reference = case(n_samples)
    explain = {"native": ours, "deeplift": ours, "captum": captum, "shap": shap}[engine](
        engine, network, reference, rule, task, threads
    )
    explain(x[:64])
    seconds, until = float("inf"), time.perf_counter() + REPEAT_SECONDS
    while True:
        start = clock()
        explain(x)
        seconds = min(seconds, clock() - start)
        if time.perf_counter() > until:
            break
    result = {
        "engine": engine, "rule": rule, "task": task, "threads": threads, "samples": n_samples,
        "seconds": seconds, "rate": n_samples / seconds, "peak_mb": peak_megabytes(),
    }  # fmt: skip
    if engine == "native":
        rate = matrix_rate(np, threads, clock)
        result["gemm_gflops"] = rate / 1e9
        if rule == "rescale":
            result["gemm_share"] = flops(task) * result["rate"] / rate
    elif "torch" in NEEDS[engine]:
        import torch

        # torch divides one product among its threads
        result["gemm_gflops"] = matrix_rate(torch, 1, clock) / 1e9
    return result


def case(n_samples: int):
    """Return a network of random weights, samples, and their mean as the reference."""
    import numpy as np

    from srna_augment.model.network import Dense, Network, ReLU

    generator = np.random.default_rng(1)
    layers, width = [], N_FEATURES
    for units in (*HIDDEN, N_CLASSES):
        kernel = generator.standard_normal((width, units), dtype=np.float32)
        kernel *= np.float32(np.sqrt(2 / width))
        layers += [Dense(kernel, np.zeros(units, np.float32)), ReLU()]
        width = units
    x = generator.standard_normal((n_samples, N_FEATURES), dtype=np.float32)
    return Network([layers[:-1]], np.ones(1)), x, x.mean(axis=0)


def ours(engine, network, reference, rule, task, threads) -> Callable:
    import numpy as np

    from srna_augment.attribution.engine import stream_of

    stream = stream_of(engine)

    def explain(x) -> None:
        for _ in stream(network, x, reference, rule=rule, outputs=task, threads=threads):
            pass

    if engine == "deeplift":
        # Building the graph is paid once: keep it out of the rate.
        from srna_augment.attribution import package

        member = package._Member(network.members[0], rule, threads, np.dtype(np.float32))
        package._Member = lambda *_: member
    return explain


def torch_model(network, threads):
    import torch

    torch.set_num_threads(threads)
    layers = []
    for layer in network.members[0]:
        if layer.kind == "relu":
            layers.append(torch.nn.ReLU())
            continue
        linear = torch.nn.Linear(*layer.kernel.shape)
        kernel, bias = layer.kernel, layer.bias
        if kernel.shape[1] == N_CLASSES:
            kernel = kernel - kernel.mean(axis=1, keepdims=True)
        linear.weight.data = torch.from_numpy(kernel.T.copy())
        linear.bias.data = torch.from_numpy(bias.copy())
        layers.append(linear)
    return torch, torch.nn.Sequential(*layers).eval()


def captum(_, network, reference, rule, task, threads) -> Callable:
    import warnings

    warnings.filterwarnings("ignore")
    torch, model = torch_model(network, threads)
    from captum.attr import DeepLift

    lift = DeepLift(model)
    baseline = torch.from_numpy(reference)[None]
    block = 1024

    def explain(x) -> None:
        for start in range(0, len(x), block):
            part = torch.from_numpy(x[start : start + block])
            if task == "predicted":
                with torch.no_grad():
                    target = model(part).argmax(dim=1)
                lift.attribute(part, baseline, target=target)
            else:
                for output in range(N_CLASSES):
                    lift.attribute(part, baseline, target=output)

    return explain


def shap(_, network, reference, rule, task, threads) -> Callable:
    torch, model = torch_model(network, threads)
    import shap as library

    explainer = library.DeepExplainer(model, torch.from_numpy(reference)[None])
    ranked = 1 if task == "predicted" else None

    def explain(x) -> None:
        for start in range(0, len(x), 256):
            part = torch.from_numpy(x[start : start + 256])
            explainer.shap_values(part, ranked_outputs=ranked, check_additivity=False)

    return explain


def peak_megabytes() -> float:
    """Return this process's largest resident memory; ru_maxrss would count its parent's too."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def flops(task: str) -> float:
    """Count the multiplications and additions that Rescale needs for one sample."""
    widths = (N_FEATURES, *HIDDEN, N_CLASSES)
    layers = [2.0 * a * b for a, b in itertools.pairwise(widths)]
    return sum(layers) + (N_CLASSES if task == "all" else 1) * sum(layers[:-1])


def matrix_rate(library, at_once: int, clock: Callable[[], float]) -> float:
    """Return how many operations a second large float32 products of NumPy or torch reach."""
    from concurrent.futures import ThreadPoolExecutor

    from srna_augment.attribution.native import one_thread_a_product

    def ones(*shape: int):
        return library.ones(shape, dtype=library.float32)

    a, b = ones(1024, HIDDEN[0]), ones(HIDDEN[0], N_FEATURES)
    outs = [ones(1024, N_FEATURES) for _ in range(at_once)]
    best = 0.0
    with one_thread_a_product(), ThreadPoolExecutor(at_once) as pool:
        for _ in range(15):
            start = clock()
            list(pool.map(lambda out: library.matmul(a, b, out=out), outs))
            work = 2.0 * len(a) * len(b) * N_FEATURES * at_once
            best = max(best, work / (clock() - start))
    return best


def fastest_other(found: list[dict], native: dict) -> dict | None:
    others = [
        each for each in found
        if each["engine"] != "native" and all(each[k] == native[k] for k in ("rule", "task"))
    ]  # fmt: skip
    return max(others, key=lambda each: each["rate"]) if others else None


def fast_enough(found: list[dict], factor: float | None) -> bool:
    if factor is None:
        return True
    natives = [each for each in found if each["engine"] == "native" and each["rule"] == "rescale"]
    pairs = [(each, fastest_other(found, each)) for each in natives]
    return all(other is None or each["rate"] >= factor * other["rate"] for each, other in pairs)


def print_table(found: list[dict], arguments: argparse.Namespace) -> None:
    print(
        f"network {'-'.join(map(str, HIDDEN))}-{N_CLASSES}, {arguments.samples} samples x "
        f"{N_FEATURES} features, {arguments.threads} threads, "
        f"{arguments.clock} clock, best of {arguments.rounds} rounds\n"
    )
    print("rule          classes    engine     samples/s   peak MB   against native")
    for each in sorted(found, key=lambda r: (r["rule"], r["task"] == "all", -r["rate"])):
        native = next(
            (n for n in found if n["engine"] == "native"
             and n["rule"] == each["rule"] and n["task"] == each["task"]), None,
        )  # fmt: skip
        note = ""
        if each["engine"] != "native" and native:
            note = (
                f"1/{native['rate'] / each['rate']:.1f} of the speed, "
                f"{each['peak_mb'] / native['peak_mb']:.1f} x the memory; "
            )
        if "gemm_gflops" in each:
            note += f"matrix products: {each['gemm_gflops']:.0f} GFLOP/s"
        if "gemm_share" in each:
            note += f", of which {each['gemm_share']:.0%} reached"
        print(
            f"{each['rule']:13s} {each['task']:10s} {each['engine']:10s} {each['rate']:9.0f} "
            f"{each['peak_mb']:9.0f}   {note.removesuffix('; ')}"
        )


if __name__ == "__main__":
    main()
