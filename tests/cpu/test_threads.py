"""Parts of a loop: each once, in threads that are kept, errors not lost, also in a forked process."""

import _thread
import multiprocessing
import os
import threading

import pytest
import torch

from amp_sklearn.cpu import threads as threads_module
from amp_sklearn.cpu.threads import in_threads


@pytest.fixture(params=["torch's threads", "threads of a pool"])
def threads(request, monkeypatch):
    if request.param == "threads of a pool":
        monkeypatch.setattr(threads_module, "_threads", threads_module._Threads())
    elif threads_module._threads.team is None:
        pytest.skip("this torch came without GNU's OpenMP library: only the pool is used")
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("n", [1, 5, 6, 100, 101])
@pytest.mark.parametrize(("step", "largest"), [(1, None), (6, None), (6, 24), (4, 4), (200, 200)])
def test_parts_cover_a_range_once(n, step, largest, threads):
    threads(3)
    parts = []
    in_threads(lambda first, last: parts.append((int(first), int(last))), n, step=step, largest=largest)
    parts.sort()
    assert [number for first, last in parts for number in range(first, last)] == list(range(n))
    assert all(first % step == 0 and (largest is None or last - first <= largest) for first, last in parts)
    assert len(parts) >= min(3, -(-n // step))


def test_parts_run_at_the_same_time_and_threads_are_kept(threads):
    threads(2)
    names = set()
    for _ in range(3):
        meeting = threading.Barrier(2, timeout=60)  # would break if one thread took both parts

        def meet(first, last, meeting=meeting):
            names.add(threading.current_thread().name)
            meeting.wait()

        in_threads(meet, 2)
    assert len(names) <= 1 + os.cpu_count()


def test_an_error_in_any_part_is_raised(threads):
    threads(2)
    for broken in (0, 1):
        meeting = threading.Barrier(2, timeout=60)

        def fail(first, last, broken=broken, meeting=meeting):
            meeting.wait()
            if first == broken:
                raise MemoryError("no room")

        with pytest.raises(MemoryError, match="no room"):
            in_threads(fail, 2)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="only a main thread can be interrupted"
)
def test_an_interruption_is_never_lost(threads):
    """Wherever it comes: a loop that lost it would go on forever."""
    threads(2)
    for _ in range(100):
        timer = threading.Timer(0.002, _thread.interrupt_main)
        with pytest.raises(KeyboardInterrupt):
            timer.start()
            while True:
                in_threads(lambda first, last: None, 4, largest=1)
        timer.join()


def _count_in_a_child(queue):
    parts = []
    in_threads(lambda first, last: parts.append(last - first), 10)
    queue.put(sum(parts))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork processes")
def test_a_forked_process_starts_threads_of_its_own(threads):
    threads(2)
    in_threads(lambda first, last: None, 10)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_count_in_a_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == 10
    child.join(timeout=60)
    assert child.exitcode == 0
