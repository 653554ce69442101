"""Parts of a loop: each once, in threads that are kept, errors not lost, also in a forked process."""

import multiprocessing
import os
import signal
import threading
import time

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


def test_an_interruption_that_the_library_swallows_is_raised(threads, monkeypatch):
    """It can come before our function runs, where ctypes prints it and goes on."""
    threads(2)

    def swallow(function, data, n_threads, flags):
        others = threading.Thread(target=function, args=(data,))  # they do the work
        others.start()
        others.join()

    monkeypatch.setattr(threads_module, "_threads", threads_module._Threads(swallow))
    done = []
    with pytest.raises(KeyboardInterrupt):
        in_threads(lambda first, last: done.append(first), 4)
    assert sorted(done) == [0, 2]


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="this system has no such signal")
def test_an_error_of_a_signal_handler_ends_the_work(threads):
    threads(2)

    def too_late(*_):
        raise TimeoutError("too late")

    def work(first, last):
        time.sleep(0.01)
        if threading.current_thread() is threading.main_thread():
            signal.raise_signal(signal.SIGALRM)

    before = signal.signal(signal.SIGALRM, too_late)
    try:
        with pytest.raises(TimeoutError, match="too late"):
            in_threads(work, 4, largest=1)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_nothing_goes_on_after_an_error(threads):
    threads(2)
    meeting, ended = threading.Barrier(2, timeout=60), []

    def work(first, last):
        meeting.wait()
        if first == 0:
            raise ValueError("no")
        time.sleep(0.2)
        ended.append(first)

    with pytest.raises(ValueError, match="no"):
        in_threads(work, 2)
    assert ended == [1]


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
