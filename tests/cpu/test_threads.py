"""Parts of a loop: each once, at the same time, errors not lost, also in a forked process."""

import multiprocessing
import os
import threading
import time

import pytest
import torch

from amp_sklearn.cpu.threads import in_threads


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("n", [0, 1, 2, 5, 100])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_parts_cover_a_range_once(n, n_threads, threads):
    threads(n_threads)
    parts = []
    in_threads(lambda first, last: parts.append((first, last)), n)
    assert [number for first, last in sorted(parts) for number in range(first, last)] == list(range(n))
    assert len(parts) == max(1, min(n_threads, n))


def test_parts_run_at_the_same_time(threads):
    threads(2)
    meeting = threading.Barrier(2, timeout=60)  # would break if one thread took both parts
    in_threads(lambda first, last: meeting.wait(), 2)


@pytest.mark.parametrize("broken", [0, 1])
def test_an_error_in_any_part_is_raised_after_all_have_ended(broken, threads):
    threads(2)
    ended = []

    def fail(first, last):
        if first == broken:
            raise MemoryError("no room")
        time.sleep(0.2)
        ended.append(first)

    with pytest.raises(MemoryError, match="no room"):
        in_threads(fail, 2)
    assert ended == [1 - broken]


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
