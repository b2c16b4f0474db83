from media_sfu.forwarding.keyframes import MAX_INTERVAL, MIN_INTERVAL, KeyframeRequests, SubscriberBudget


def test_first_request_goes_out_at_once():
    assert KeyframeRequests().request(0.0)


def test_requests_that_follow_become_one():
    requests = KeyframeRequests()
    requests.request(1.0)
    assert not requests.request(1.1)
    assert not requests.request(1.2)
    assert not requests.due(1.4)
    assert requests.due(1.0 + MIN_INTERVAL)
    assert not requests.due(3.0)


def test_keyframe_satisfies_what_was_put_off():
    requests = KeyframeRequests()
    requests.request(1.0)
    requests.request(1.1)
    requests.received()
    assert not requests.due(2.0)


def test_nothing_is_due_without_a_request():
    assert not KeyframeRequests().due(5.0)


def granted(budget: SubscriberBudget, *, start: float, seconds: float, every: float) -> list[float]:
    times = [start + step * every for step in range(int(seconds / every))]
    return [at for at in times if budget.allow(at)]


def test_viewer_that_never_recovers_is_slowed_down():
    times = granted(SubscriberBudget(), start=0.0, seconds=60.0, every=0.1)
    assert len(times) <= 12
    assert max(later - sooner for sooner, later in zip(times, times[1:], strict=False)) <= MAX_INTERVAL + 0.2


def test_seldom_complaints_are_always_heard():
    assert len(granted(SubscriberBudget(), start=0.0, seconds=100.0, every=5.0)) == 20


def test_quiet_time_restores_the_budget():
    budget = SubscriberBudget()
    granted(budget, start=0.0, seconds=20.0, every=0.1)
    assert budget.allow(40.0)
    assert budget.allow(41.1)
