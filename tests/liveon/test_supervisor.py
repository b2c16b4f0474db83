"""The parent process: restarts what dies, stops everything, leaves nothing behind."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time

from liveon.supervisor import LONGEST_DELAY_S, RESTART_DELAY_S, Child, Supervisor, next_delay

SLEEP = ["-c", "import time; time.sleep(60)"]


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def until(condition, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "condition not met in time"
        await asyncio.sleep(0.02)


async def test_a_child_that_dies_is_started_again():
    starts: list[int] = []
    child = Child("sleeper", SLEEP)
    supervisor = Supervisor([child], on_start=lambda started: starts.append(started.pid))
    running = asyncio.create_task(supervisor.run())
    await until(lambda: len(starts) == 1)
    os.kill(starts[0], signal.SIGKILL)
    await until(lambda: len(starts) == 2)
    assert is_running(starts[1])
    supervisor.stop()
    await asyncio.wait_for(running, 10)


async def test_stop_ends_every_child():
    children = [Child("one", SLEEP), Child("two", SLEEP)]
    supervisor = Supervisor(children)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: all(child.pid for child in children))
    pids = [child.pid for child in children]
    supervisor.stop()
    await asyncio.wait_for(running, 10)
    assert not any(is_running(pid) for pid in pids)


def test_a_child_that_keeps_dying_is_restarted_ever_more_slowly():
    delays = [RESTART_DELAY_S]
    for _ in range(10):
        delays.append(next_delay(delays[-1], lived=0.5))
    assert delays[1] > delays[0]
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_DELAY_S


def test_a_child_that_lived_long_is_restarted_at_once():
    assert next_delay(LONGEST_DELAY_S, lived=60) == RESTART_DELAY_S


async def test_the_configuration_arrives_on_standard_input_and_the_pipe_stays_open(tmp_path):
    target = tmp_path / "seen"
    program = f"import sys; open({str(target)!r}, 'w').write(sys.stdin.readline()); sys.stdin.read()"
    child = Child("reader", ["-c", program], stdin_line='{"worker": "sfu-0"}')
    supervisor = Supervisor([child])
    running = asyncio.create_task(supervisor.run())
    await until(lambda: target.exists() and target.read_text() == '{"worker": "sfu-0"}\n')
    assert child.pid
    supervisor.stop()
    await asyncio.wait_for(running, 10)


def test_children_die_with_a_killed_parent():
    program = textwrap.dedent(
        """
        import asyncio
        from liveon.supervisor import Child, Supervisor
        children = [Child("sleeper", ["-c", "import time; time.sleep(60)"])]
        def tell(child):
            print("pid", child.pid, flush=True)
        asyncio.run(Supervisor(children, on_start=tell).run())
        """
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with contextlib.closing(parent.stdout):
        pid = next(int(line.split()[1]) for line in parent.stdout if line.startswith("pid "))
    assert is_running(pid)
    parent.kill()
    parent.wait(5)
    end = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < end:
        time.sleep(0.02)
    assert not is_running(pid)
