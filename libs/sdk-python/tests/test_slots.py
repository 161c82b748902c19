from meridian_worker.model.slots import Measured, best_batch, slots_at_deadline


def measured(at_batch: dict[int, float], cores: int = 2, on_device: bool = False, encode_ms: float = 0.2) -> Measured:
    return Measured(at_batch, encode_ms, cores, on_device)


LINEAR = {1: 3.0, 2: 6.0, 4: 12.0, 8: 24.0, 16: 48.0}
GPU = {size: 2.0 + 0.02 * size for size in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)}


def test_where_batching_gains_nothing_the_smallest_is_best() -> None:
    assert best_batch(LINEAR) == 1


def test_where_it_gains_the_largest_that_leaves_time_for_others_is_best() -> None:
    assert best_batch(GPU) == 512
    assert best_batch({1: 5.0, 2: 6.0, 4: 9.0, 8: 25.0}) == 4


def test_steps_that_follow_each_other_decide_on_a_cpu() -> None:
    assert slots_at_deadline(measured(LINEAR, cores=8)) == 10


def test_on_one_core_streams_take_their_part() -> None:
    assert slots_at_deadline(measured(LINEAR, cores=1)) == 8


def test_on_a_device_the_event_loop_decides() -> None:
    assert slots_at_deadline(measured(GPU, cores=16, on_device=True)) == 80


def test_a_model_too_slow_for_one_is_still_served() -> None:
    assert slots_at_deadline(measured({1: 60.0})) == 1
